"""The command `plan` on the exported facts and `POST /api/v1/plans` give the same answer for the same wish."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from fom.cli import main
from tests.web.conftest import Mission
from tests.web.mission import PLACES, network_document
from tests.web.test_plans import NEAR_A, PLANS, everything_passed
from tests.web.test_reports import log
from tests.web.test_trips import ON_C_F, order

AT = "2026-03-10T12:06:00Z"
WISHES: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "nothing more": ({}, ()),
    "via": ({"via": [list(PLACES["E"])], "alternates": 1}, ("--via", "30.09,5.0", "--alternates", "1")),
    "posture": ({"posture": "safest", "profile": "P5"}, ("--posture", "safest", "--profile", "P5")),
    "arrival": ({"states": "arrival"}, ("--states", "arrival")),
    "trade-offs": ({"trade_offs": True}, ("--trade-offs",)),
    "departures": ({"departures": True}, ("--departures",)),
    "turn-arounds": ({"turn_arounds": True}, ("--turn-arounds",)),
    "halts": ({"rest_every_h": 0.5, "range_km": 12}, ("--rest-every-h", "0.5", "--range-km", "12")),
    "vehicle": (
        {"vehicle": {"mass_t": 8, "mlc": 8, "axle_t": 5, "night": False}},
        ("--vehicle", '{"mass_t": 8, "mlc": 8, "axle_t": 5, "night": false}'),
    ),
    "vehicle in pairs": ({"vehicle": {"width_m": 2.4, "night": False}}, ("--vehicle", "width_m=2.4, night=no")),
    "everything": (
        {"states": "arrival", "departures": True, "trade_offs": True, "turn_arounds": True, "rest_every_h": 1},
        ("--states", "arrival", "--departures", "--trade-offs", "--turn-arounds", "--rest-every-h", "1"),
    ),
}
REFUSED: dict[str, tuple[dict[str, Any], tuple[str, ...], str]] = {
    "states": ({"states": "tomorrow"}, ("--states", "tomorrow"), "states"),
    "wings": ({"vehicle": {"wings": 2}}, ("--vehicle", "wings=2"), "vehicle.wings"),
    "heavy": ({"vehicle": {"mass_t": 9000, "mlc": 4}}, ("--vehicle", "mass_t=9000,mlc=4"), "vehicle.mass_t"),
    "no class": ({"vehicle": {"mass_t": 30}}, ("--vehicle", "mass_t=30"), "vehicle.mlc"),
    "axle": ({"vehicle": {"axle_t": 9}}, ("--vehicle", '{"axle_t": 9}'), "vehicle.axle_t"),
    "a word": ({"vehicle": {"mass_t": "much"}}, ("--vehicle", "mass_t=much"), "vehicle.mass_t"),
    "night": ({"vehicle": {"night": 3}}, ("--vehicle", "night=3"), "vehicle.night"),
    "rest": ({"rest_every_h": 0}, ("--rest-every-h", "0"), "rest_every_h"),
    "range": ({"range_km": 1e9}, ("--range-km", "1e9"), "range_km"),
}


@pytest.fixture
def both(mission: Mission, tmp_path: Path) -> Any:
    """Return a function that asks both doors: the answer of the service, the result of the command."""
    everything_passed(mission)
    log(mission)
    order(mission, "b-c", start="2026-03-10T12:20:00Z", end="2026-03-10T18:00:00Z")
    hub = {"id": "hub-e", "kind": "hub", "name": "Hub E", "lon": PLACES["E"][0], "lat": PLACES["E"][1]}
    camp = {"id": "camp", "kind": "camp", "name": "Camp", "lon": PLACES["D"][0], "lat": PLACES["D"][1]}
    for site in (hub, camp):
        assert mission.program("civil_affairs").post("/api/v1/sites", json=site).status_code == 201
    mission.clock.advance(0.1)
    files = {"network": network_document(), "sites": mission.program("jmac").get("/api/v1/sites").json}
    exported = mission.program("duty_officer").get("/api/v1/facts")
    assert exported.status_code == 200, exported.json
    for name, document in {**files, "facts": exported.json}.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")

    def ask(said: dict[str, Any], options: tuple[str, ...]) -> tuple[Any, Any]:
        body = {"from": NEAR_A, "to": ON_C_F, "user_class": "humanitarian", "depart_at": AT, "known_at": AT, **said}
        served = mission.program("jmac").post(PLANS, json=body)
        command = [
            "plan", "--network", str(tmp_path / "network.json"), "--facts", str(tmp_path / "facts.json"),
            "--sites", str(tmp_path / "sites.json"), "--from", "30.0,5.085", "--to", "30.18,5.045", "--at", AT,
            "--user-class", "humanitarian", *options,
        ]  # fmt: skip
        return served, CliRunner().invoke(main, command)

    return ask


@pytest.mark.parametrize("name", WISHES)
def test_one_wish_has_one_answer(both: Any, name: str) -> None:
    served, written = both(*WISHES[name])
    assert (served.status_code, written.exit_code) == (200, 0), (served.json, written.stderr)
    assert json.loads(written.stdout) == served.json
    assert served.json["outcome"] == "route"


@pytest.mark.parametrize("name", REFUSED)
def test_what_one_refuses_the_other_refuses_by_the_same_field(both: Any, name: str) -> None:
    said, options, field = REFUSED[name]
    served, written = both(said, options)
    assert (served.status_code, written.exit_code) == (422, 2)
    assert field in {error["field"] for error in served.json["errors"]}
    assert f"{field}:" in written.stderr


def test_a_halt_is_proposed_at_a_site_of_the_file(both: Any) -> None:
    _, written = both({}, ("--range-km", "30"))
    stops = json.loads(written.stdout)["stops"]
    assert [stop["id"] for stop in stops["stops"]] == ["hub-e"]


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"rows": 3}, "sites"),
        ([7], "sites[0]"),
        ([{"id": "h", "kind": "hub", "name": "H", "lon": "east", "lat": 5}], "sites[0].lon"),
        ([{"id": "h", "kind": "hub", "lon": 30, "lat": 5}], "sites[0].name"),
    ],
)
def test_sites_that_cannot_be_read_are_named(both: Any, tmp_path: Path, document: Any, field: str) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps(document), encoding="utf-8")
    _, written = both({}, ("--sites", str(bad)))
    assert written.exit_code == 2
    assert f"{field}:" in written.stderr
