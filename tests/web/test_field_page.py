"""The app as served: small, whole, kept by version, open to install and silent about data."""

from __future__ import annotations

import gzip
import json
import re
import struct
from pathlib import Path

import pytest

from fom.domain.facts_schema import SCHEMAS
from fom.domain.forms import FORMS
from fom.services.carried_assets import NAMED_TYPES
from tests.web.conftest import ROOT, Mission

COMPRESSED_MAX = 300_000
PACKED = (".woff2", ".png")


def shell(mission: Mission) -> tuple[list[str], str]:
    answer = mission.anonymous().get("/field/sw.js")
    assert answer.status_code == 200
    assert answer.mimetype == "text/javascript"
    files = re.search(r"const FILES = (\[.*?\]);", answer.text)
    version = re.search(r'const VERSION = "(\w+)"', answer.text)
    assert files
    assert version
    return json.loads(files[1]), version[1]


def test_the_whole_app_is_under_300_kilobytes_packed(mission: Mission):
    client, sizes = mission.anonymous(), {}
    for path in shell(mission)[0]:
        answer = client.get(path)
        assert answer.status_code == 200, path
        sizes[path] = len(answer.data) if path.endswith(PACKED) else len(gzip.compress(answer.data, 9))
    assert sum(sizes.values()) <= COMPRESSED_MAX, sorted(sizes.items(), key=lambda item: -item[1])[:8]


def test_every_script_that_a_script_imports_is_kept_with_it(mission: Mission):
    files = set(shell(mission)[0])
    for script in (ROOT / "static/field").glob("*.js"):
        for name in re.findall(r'(?:from|import\()\s*"(\.[^"]+)"', script.read_text()):
            wanted = "/static/" + (script.parent / name).resolve().relative_to(ROOT / "static").as_posix()
            assert wanted in files, f"{script.name} imports {name}"


def test_another_file_makes_another_version(mission: Mission, tmp_path: Path):
    before = shell(mission)[1]
    assert shell(mission)[1] == before
    (tmp_path / "field").mkdir()
    (tmp_path / "field/app.js").write_text("other")
    mission.app.static_folder = str(tmp_path)
    assert shell(mission)[1] != before


def test_the_service_worker_may_have_the_page_and_is_never_old(mission: Mission):
    headers = mission.anonymous().get("/field/sw.js").headers
    assert headers["Service-Worker-Allowed"] == "/field"
    assert headers["Cache-Control"] == "no-cache"


def test_the_app_can_be_installed(mission: Mission):
    answer = mission.anonymous().get("/field/manifest.webmanifest")
    assert answer.mimetype == "application/manifest+json"
    assert (answer.json["start_url"], answer.json["display"]) == ("/field", "standalone")
    for icon in answer.json["icons"]:
        data = mission.anonymous().get(icon["src"]).data
        assert data.startswith(b"\x89PNG")
        assert icon["sizes"] == "{}x{}".format(*struct.unpack(">II", data[16:24]))
    assert mission.anonymous().get("/field/icon-77.png").status_code == 404


@pytest.mark.parametrize("path", ["/field", "/field/"])
def test_the_page_holds_no_token_and_no_name_and_runs_nothing_inline(mission: Mission, path: str):
    page = mission.browser("reporter").get(path)
    assert page.status_code == 200
    assert "csrf" not in page.text
    assert "@demo.example" not in page.text
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|<style|\sstyle=", page.text)


def test_who_is_signed_in_is_told_to_him_alone(mission: Mission):
    assert mission.anonymous().get("/field/session").json == {"person": None}
    told = mission.browser("reporter").get("/field/session")
    assert told.headers["Cache-Control"] == "no-store"
    assert told.json["person"] == mission.actors["reporter"].email
    assert told.json["may_send"] is True
    assert told.json["csrf"]
    assert {"P1", "P7"} <= {profile["code"] for profile in told.json["profiles"]}


def test_all_languages_say_the_same_things_with_the_same_figures():
    words = {name: json.loads((ROOT / f"static/field/words/{name}.json").read_text()) for name in ("en", "fr", "ar")}
    for name in ("fr", "ar"):
        assert words[name].keys() == words["en"].keys()
        for key, text in words["en"].items():
            assert set(re.findall(r"\{\w+\}", words[name][key])) == set(re.findall(r"\{\w+\}", text)), (name, key)


def test_every_word_that_a_script_asks_for_is_there():
    words = json.loads((ROOT / "static/field/words/en.json").read_text())
    for script in (ROOT / "static/field").glob("*.js"):
        asked = set(re.findall(r'\bt\(\s*"(\w+)"', script.read_text()))
        asked |= {word for pair in re.findall(r'\bt\([^"(]*\? "(\w+)" : "(\w+)"', script.read_text()) for word in pair}
        assert asked <= words.keys(), (script.name, asked - words.keys())


def test_every_code_that_the_service_sends_to_the_phone_has_words():
    words = json.loads((ROOT / "static/field/words/en.json").read_text())
    names = ("form_records", "key_routes", "route_stretches", "record_checks", "movement_check_ins")
    sources = [(ROOT / f"fom/services/{name}.py").read_text() for name in names]
    reasons = {code for text in sources for code in re.findall(r'reason="([a-z_]+)"', text)}
    assert {"no_road", "road_gone", "movement_ended"} <= reasons
    codes = {f"refused_reason_{code}" for code in reasons}
    codes |= {
        f"refused_kind_{q.kind}" for f in FORMS.values() for q in f.questions if q.kind not in ("number", "integer")
    }
    fields = {field.name: (field.schema or {}).get("enum", ()) for field in SCHEMAS["control"].fields}
    codes |= {f"control_{code}" for code in fields["control"] if code != "order"}
    codes |= {f"order_{code}" for code in fields["effect"]}
    codes |= {f"asset_{kind}" for kind in NAMED_TYPES}
    assert codes <= words.keys(), codes - words.keys()
