"""A mission's history into an empty database: whole, in one step, and only there."""

from __future__ import annotations

import pytest

from fom.domain.access import OPERATOR
from fom.domain.facts_file import FORMAT
from fom.errors import Conflict, InvalidInput, NotPermitted
from fom.services.facts_exchange import export_facts, load_facts
from fom.services.policies import activate_network, active_network
from fom.services.register_loading import load_registers
from fom.services.registers import list_register
from fom.services.reporting import get_report, list_reports, log_report
from tests.services.ground import ON_EAST, ON_WEST, Clock, feature, make_host, make_network
from tests.services.people import ADMIN, AMINA, CHIEF, DAY, PATROL, T0, draft, hazard, new_id, person
from tests.services.test_registers import ROWS

IED = {"class": "ied"}
POINT = {"type": "Point", "coordinates": list(ON_WEST)}


def document(*extra, policy=None):
    records = [
        feature("z retracted first", "retraction", received=T0 - 5, target="i", signed_by=["a"]),
        feature("i", "incident", received=T0 - 10, type="crossfire", geometry=POINT, location={"method": "gps"}),
        feature(
            "e",
            "explosive",
            received=T0 - 9,
            hazard="item",
            **{"class": "ied"},
            meta={"classification": "unclassified"},
        ),
        *extra,
    ]
    return {
        "type": "FeatureCollection",
        "format": FORMAT,
        "features": records,
        **({"policy": policy} if policy else {}),
    }


def load(database, facts, *, actor=ADMIN):
    with database.writing() as session:
        return load_facts(session, facts, network=make_network(), actor=actor, now=T0)


def test_a_history_comes_back_as_it_was_loaded(database):
    facts = document(policy={"corridor_m": 12})
    assert load(database, facts).count == 3
    with database.reading() as session:
        exported = export_facts(session, actor=OPERATOR, known_at=T0)
    assert exported["policy"] == {"corridor_m": 12}
    assert {f["id"]: f for f in exported["features"]} == {f["id"]: f for f in facts["features"]}


def test_a_host_serves_what_was_loaded_under_its_policy(database):
    load(database, document(policy={"corridor_m": 12}))
    host = make_host(database, Clock())
    assert host.policy.corridor_m == host.edition_at(T0 - 900 * DAY).policy.corridor_m == 12
    assert host.access_of("e").classification == "unclassified"
    assert host.access_of("i").classification == "confidential"


def test_a_history_goes_into_an_empty_database_only(database):
    with database.writing() as session:
        log_report(session, draft(hazard()), actor=PATROL, now=T0)
    with pytest.raises(Conflict):
        load(database, document())


@pytest.mark.parametrize(
    ("facts", "error"),
    [
        (document(feature("late", "season", received=T0 + DAY, season="dry")), InvalidInput),
        (document(feature("r", "retraction", received=T0, target="nothing", signed_by=["a"])), InvalidInput),
        ({"type": "FeatureCollection"}, InvalidInput),
    ],
)
def test_a_bad_history_is_refused_whole(database, facts, error):
    with pytest.raises(error):
        load(database, facts)
    with database.reading() as session:
        assert export_facts(session, actor=OPERATOR, known_at=T0)["features"] == []


def test_loading_and_exporting_take_the_right(database):
    with pytest.raises(NotPermitted):
        load(database, document(), actor=CHIEF)
    load(database, document())
    with database.reading() as session:
        for actor in (PATROL, person("x", "duty_officer", clearance="unclassified")):
            with pytest.raises(NotPermitted):
                export_facts(session, actor=actor, known_at=T0)


def test_registers_are_known_from_when_they_could_have_been(database):
    movement = {"id": new_id(), **ROWS["movement"], "planned_start": "2026-03-01T06:00:00Z"}
    rows = {
        "key_route": [{"id": new_id(), "code": "MSR HERON", "name": "Heron", "via": [list(ON_WEST), list(ON_EAST)]}],
        "movement": [movement],
        "site": [{"id": "child", **ROWS["site"], "parent": "head"}, {"id": "head", **ROWS["site"]}],
    }
    network = make_network()
    with database.writing() as session:
        count = load_registers(session, rows, network=network, actor=ADMIN, now=T0)
    assert count == 4
    with database.reading() as session:
        (route,) = list_register(session, "key_route", actor=AMINA)
        assert [s["id"] for s in route["segments"]] == ["west", "middle", "east"]
        for known_at, expected in ((T0 - 20 * DAY, 0), (T0 - 9 * DAY, 1)):
            assert len(list_register(session, "movement", actor=AMINA, known_at=known_at)) == expected
            assert len(list_register(session, "key_route", actor=AMINA, known_at=known_at)) == 1
    with pytest.raises(Conflict), database.writing() as session:
        load_registers(session, rows, network=network, actor=ADMIN, now=T0)


def test_one_network_is_in_use(database):
    for network_id in ("a", "b", "b"):
        with database.writing() as session:
            activate_network(session, network_id, {}, actor=ADMIN, now=T0)
    with database.reading() as session:
        assert active_network(session) == "b"


def test_the_reports_behind_a_history_are_there_to_read_and_to_judge(database):
    one, two = new_id(), new_id()
    told = {"report_id": one, "reported_as": "sighting", "words": "smoke over the road", "unit": "BN1"}
    facts = document(
        feature("a", "incident", received=T0 - 8, type="crossfire", meta=told, by="Ulric"),
        feature("b", "explosive", received=T0 - 7, hazard="item", **IED, meta=told, by="Ulric"),
        feature("c", "incident", received=T0 - 6, type="crossfire", geometry=POINT, location={"method": "gps"},
                meta={"report_id": two}),
        feature("g", "grade", received=T0 - 5, target="c", grade="B2", by="Amina", meta={"report_id": new_id()}),
    )  # fmt: skip
    load(database, facts)
    with database.reading() as session:
        heads = {head["id"]: head for head in list_reports(session, actor=AMINA)}
        report = get_report(session, one, actor=AMINA)
    assert {i: (h["form"], h["triage"]) for i, h in heads.items()} == {
        one: ("sighting", "no_place"),
        two: ("incident", "done"),
    }
    assert [r["id"] for r in report["records"]] == ["a", "b"]
    assert (report["versions"][0]["words"], report["unit"], report["by"]) == ("smoke over the road", "BN1", "Ulric")
