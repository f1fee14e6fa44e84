"""`assess` writes the whole answer or nothing, and names every bad field on a line of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fom.cli import main
from fom.domain.facts_file import parse_facts
from fom.network.artefact import save_network
from fom.network.drawn import load_network_file

GOLDEN = Path(__file__).resolve().parents[1] / "golden"


@pytest.fixture
def case(tmp_path: Path) -> dict[str, Any]:
    whole: dict[str, Any] = json.loads((GOLDEN / "G12-part-cleared.json").read_text(encoding="utf-8"))
    (tmp_path / "network.geojson").write_text(json.dumps(whole["network"]))
    (tmp_path / "facts.geojson").write_text(json.dumps(whole["facts"]))
    return whole


def assess(folder: Path, **options: str) -> Result:
    given = {
        "network": str(folder / "network.geojson"),
        "facts": str(folder / "facts.geojson"),
        "at": "2027-05-04T06:00:00Z",
        "out": str(folder / "answer.json"),
        **options,
    }
    arguments = [part for name, value in given.items() for part in (f"--{name.replace('_', '-')}", value)]
    return CliRunner().invoke(main, ["assess", *arguments])


def test_the_answer_is_written_and_what_was_known_defaults_to_the_time_of_travel(tmp_path: Path, case: object) -> None:
    done = assess(tmp_path)
    assert done.exit_code == 0, done.output
    answer = json.loads((tmp_path / "answer.json").read_text(encoding="utf-8"))
    assert (answer["format"], answer["known_at"]) == ("fom-assessment/1", answer["at"])
    assert [row["state"] for row in answer["segments"]] == ["BLACK", "BLACK"]


def test_a_built_network_gives_the_same_answer_as_the_drawn_file(tmp_path: Path, case: dict[str, Any]) -> None:
    folder = save_network(load_network_file(case["network"]), tmp_path / "built")
    answers = []
    for network in (str(tmp_path / "network.geojson"), str(folder)):
        assert assess(tmp_path, network=network).exit_code == 0
        answers.append(json.loads((tmp_path / "answer.json").read_text(encoding="utf-8")))
    assert answers[0] == answers[1]


def test_every_bad_field_has_a_line_and_no_file_is_written(tmp_path: Path, case: dict[str, Any]) -> None:
    facts = case["facts"]
    facts["features"][0]["properties"]["colour"] = "red"
    facts["features"][3]["geometry"]["coordinates"][0][0] = [float("nan"), 1]
    (tmp_path / "facts.geojson").write_text(json.dumps(facts))
    done = assess(tmp_path)
    assert done.exit_code == 2
    lines = done.stderr.splitlines()
    assert [line.split(": ")[1:3] for line in lines] == [["watch-area", "colour"], ["field-1", "geometry"]]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["facts.geojson", "network.geojson"]


@pytest.mark.parametrize(
    "options",
    [
        {"at": "2027-05-04T06:00:00"},
        {"at": "now"},
        {"known_at": "2027-13-04T06:00:00Z"},
        {"profile": "P9"},
        {"user_class": "pilots"},
        {"network": "no-such-network"},
        {"facts": "no-such-file"},
        {"out": "no/such/folder/answer.json"},
    ],
    ids=lambda options: "-".join(options),
)
def test_a_bad_option_ends_with_2_and_a_line_that_names_it(
    tmp_path: Path, case: object, options: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOM_DATA", str(tmp_path / "data"))
    done = assess(tmp_path, **options)
    assert done.exit_code == 2
    assert done.stderr.startswith("error: ")
    assert next(iter(options)).split("_")[0] in done.stderr
    assert not (tmp_path / "answer.json").exists()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'{"type": "FeatureCollection"}', b"[" * 100_000])
def test_an_unreadable_facts_file_is_refused(tmp_path: Path, case: object, content: bytes) -> None:
    (tmp_path / "facts.geojson").write_bytes(content)
    done = assess(tmp_path)
    assert done.exit_code == 2
    assert "Traceback" not in done.output
    assert not (tmp_path / "answer.json").exists()


def test_the_answer_repeats_a_facts_file_that_the_service_wrote(tmp_path: Path, case: dict[str, Any]) -> None:
    """Reading and writing a facts file changes no answer."""
    from fom.domain.facts_file import format_facts

    assert assess(tmp_path).exit_code == 0
    first = (tmp_path / "answer.json").read_bytes()
    facts = parse_facts(case["facts"])
    (tmp_path / "facts.geojson").write_text(json.dumps(format_facts(reversed(facts.records), facts.policy)))
    assert assess(tmp_path).exit_code == 0
    assert (tmp_path / "answer.json").read_bytes() == first
