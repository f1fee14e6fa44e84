"""The command `plan`: pure, exact in its format, refusing bad input with exit code 2 and no file."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from fom.cli import main
from fom.errors import InvalidInput

CORNERS = {
    "a": (30.0, 5.0),
    "b": (30.09, 5.0),
    "c": (30.18, 5.0),
    "d": (30.0, 4.91),
    "e": (30.09, 4.91),
    "f": (30.18, 4.91),
}
PAIRS = ("ab", "bc", "de", "ef", "ad", "be", "cf")
QUESTION = {"--from": "30.01,5", "--to": "30.18,4.99", "--at": "2026-03-10T12:00:00Z"}


def feature(kind: str, record_id: str, geometry=None, **properties):
    properties = {"kind": kind, "received": "2026-03-10T02:00:00Z", **properties}
    return {"type": "Feature", "id": record_id, "geometry": geometry, "properties": properties}


def point(lon: float, lat: float) -> dict:
    return {"type": "Point", "coordinates": [lon, lat]}


@pytest.fixture
def files(tmp_path):
    lines = [
        {
            "type": "Feature",
            "properties": {"segment_id": pair, "highway": "primary"},
            "geometry": {"type": "LineString", "coordinates": [CORNERS[pair[0]], CORNERS[pair[1]]]},
        }
        for pair in PAIRS
    ]
    network = tmp_path / "network.json"
    network.write_text(json.dumps({"type": "FeatureCollection", "features": lines}))
    passed = feature(
        "verification", "v1", occurred="2026-03-10T02:00:00Z", strength="own_patrol_traverse", passed="P7", grade="B2",
        segments=[{"id": pair} for pair in PAIRS],
    )  # fmt: skip
    hazard = feature(
        "explosive", "e1", point(30.13, 5.0), hazard="item", location={"method": "gps"}, grade="C3", **{"class": "ied"}
    )

    def run(*more: str, facts=(passed, hazard), **changed: str):
        file = tmp_path / "facts.json"
        file.write_text(json.dumps({"type": "FeatureCollection", "format": "fom-facts/1", "features": list(facts)}))
        options = {"--network": str(network), "--facts": str(file), **QUESTION} | {
            f"--{name.replace('_', '-')}": value for name, value in changed.items()
        }
        arguments = [part for option in options.items() for part in option]
        return CliRunner().invoke(main, ["plan", *arguments, *more])

    run.passed, run.hazard, run.folder = passed, hazard, tmp_path
    return run


def answer_of(result) -> dict:
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_the_way_avoids_the_suspected_device_and_says_what_alternates_trade(files):
    answer = answer_of(files())
    assert answer["format"] == "fom-plan/1"
    assert answer["outcome"] == "route"
    ways = [answer["best"], *answer["alternates"]]
    for way in ways:
        assert "bc" not in {stretch["id"] for stretch in way["segments"]}
        assert way["state"] == "GREEN"
        assert way["verified_at"] == "2026-03-10T02:00:00Z"
        assert way["geometry"]["coordinates"][0] == [30.01, 5.0]
        assert way["geometry"]["coordinates"][-1] == [30.18, 4.99]
    assert answer["alternates"][0]["comparison"]["label"] == "near"
    assert answer["alternates"][0]["comparison"]["trade_off"].startswith("+")


def test_the_roll_up_is_that_of_a_route_record_over_the_same_segments(files):
    ambush = feature(
        "incident", "i1", point(30.05, 5.004), type="complex_ambush", grade="C3", location={"method": "gps"}
    )
    best = answer_of(files(facts=(files.passed, files.hazard, ambush)))["best"]
    segments = [{"id": s["id"], "direction": s["direction"]} for s in best["segments"]]
    route = {"type": "Feature", "id": "k1", "geometry": None, "properties": {"kind": "route", "segments": segments}}
    files(facts=(files.passed, files.hazard, ambush, route))
    answer = files.folder / "answer.json"
    done = CliRunner().invoke(
        main,
        ["assess", "--network", str(files.folder / "network.json"), "--facts", str(files.folder / "facts.json"),
         "--at", QUESTION["--at"], "--out", str(answer)],
    )  # fmt: skip
    assert done.exit_code == 0
    (judged,) = json.loads(answer.read_text())["routes"]
    assert judged["risk"] > 0
    for member in ("state", "risk", "confidence", "verified_at"):
        assert best[member] == judged[member]


def test_what_stands_in_the_way_is_an_answer_with_its_reasons(files):
    on_the_bridge = feature(
        "physical", "p1", damage="destroyed", grade="A1", segments=[{"id": "cf"}], location={"method": "gps"}
    )
    closed = answer_of(files(facts=(files.passed, on_the_bridge)))
    assert closed["outcome"] == "blocked_end"
    (end,) = [end for end in closed["ends"] if end["is_blocked"]]
    assert (end["end"], end["state"], end["segment_id"]) == ("to", "BLACK", "cf")
    assert end["reasons"][0]["fact_ids"] == ["p1"]
    nothing_known = answer_of(files(facts=()))
    assert nothing_known["outcome"] == "unverified"
    assert nothing_known["best"] is None
    assert nothing_known["unverified"]["state"] == "GREY"
    assert nothing_known["obstacle"]["opening"][0]["reasons"][0]["component"] == "verification"


def test_the_answer_is_written_whole_or_not_at_all(files):
    out = files.folder / "plan.json"
    assert files("--out", str(out)).exit_code == 0
    written = out.read_text()
    assert json.loads(written)["outcome"] == "route"
    assert files("--out", str(out), posture="reckless").exit_code == 2
    assert out.read_text() == written


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"from": "30.01"}, "from"),
        ({"from": "nan,5"}, "from"),
        ({"to": "5.0,130.0"}, "to"),
        ({"to": "0,0"}, "to"),
        ({"via": "east"}, "via[0]"),
        ({"profile": "P9"}, "profile"),
        ({"user_class": "tourists"}, "user_class"),
        ({"at": "2026-03-10T12:00"}, "at"),
        ({"alternates": "7"}, "alternates"),
        ({"network": "nowhere"}, "network"),
    ],
)
def test_bad_input_is_refused_by_the_name_of_its_field(files, changed, field):
    result = files("--out", str(files.folder / "none.json"), **changed)
    assert result.exit_code == 2
    assert field.split("[")[0] in result.stderr
    assert not (files.folder / "none.json").exists()
    assert not isinstance(result.exception, InvalidInput)


def test_a_facts_file_that_is_not_there_is_refused(files):
    result = files("--facts", "nowhere.json")
    assert (result.exit_code, "facts: nowhere.json" in result.stderr) == (2, True)
