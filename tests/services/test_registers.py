"""Registers: one shape for all, versions that refuse stale edits, history as known at a moment."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from fom.domain.access import ROLES, may
from fom.domain.instants import format_instant
from fom.domain.registers import REGISTERS, parse_values
from fom.errors import Conflict, InvalidInput, NotFound, NotPermitted
from fom.services.registers import (
    EDIT_ACTIONS,
    get_register,
    list_register,
    register_history,
    save_register,
    write_row,
)
from fom.services.reporting import log_report
from fom.store.tables import REGISTER_TABLES, Inspection
from tests.services.people import (
    AMINA,
    AUDITOR,
    CHIEF,
    DAY,
    ELENA,
    LEAD,
    PARTNER,
    PATROL,
    T0,
    draft,
    hazard,
    new_id,
    person,
)

TIME = format_instant(T0)
AREA = {"type": "Polygon", "coordinates": [[[30, 5], [31, 5], [31, 6], [30, 6], [30, 5]]]}
ROWS = {
    "key_route": {"code": "MSR HERON", "name": "Heron", "segments": [{"id": "s1"}]},
    "air_head": {"code": "AH1", "name": "Strip", "kind": "airstrip", "lon": 30.0, "lat": 5.0},
    "crossing": {"name": "Gate", "lon": 30.0, "lat": 5.0, "hours": "by day"},
    "control_point": {"name": "Post", "kind": "checkpoint", "lon": 30.0, "lat": 5.0, "run_by": "host_police"},
    "site": {"name": "Village", "kind": "settlement", "lon": 30.0, "lat": 5.0, "population": 1200},
    "area": {"name": "Zone", "kind": "buffer", "geometry": AREA},
    "movement": {"code": "M1", "purpose": "convoy", "user_class": "humanitarian", "planned_start": TIME},
    "restriction_case": {"category": "delay", "actor": "community", "opened_at": TIME},
    "commitment": {"actor": "community", "promised": "Open bridge", "promised_by": "elders", "promised_at": TIME},
    "liaison_contact": {"actor": "host_police", "office": "Police post", "channel": "Net 4, call sign Post 7"},
    "political_date": {"name": "Election", "kind": "election", "starts_at": TIME},
    "hazard_priority": {"hazard_id": "HAZARD", "rank": 1, "set_at": TIME},
    "task": {"kind": "eod", "target_id": "HAZARD", "created_at": TIME},
    "assessment": {
        "benchmark": "S1",
        "status": "met",
        "reason": "The two northern routes were driven daily without a single event.",
        "author": LEAD.person,
        "role": "leadership",
        "valid_from": TIME,
        "expires": format_instant(T0 + 20 * DAY),
    },
}
EDITORS = dict.fromkeys(ROWS, CHIEF) | {"assessment": LEAD}


def save(database, register, values, *, version=None, actor=None, now=T0):
    with database.writing() as session:
        return save_register(session, register, values, version=version, actor=actor or EDITORS[register], now=now)


def row_of(database, register: str, **rest) -> dict:
    values = {"id": new_id(), **ROWS[register], **rest}
    if register == "hazard_priority":
        with database.writing() as session:
            values["hazard_id"] = log_report(session, draft(hazard()), actor=PATROL, now=T0).record_ids[0]
    return values


def test_every_register_has_a_table_an_action_and_a_row_here():
    assert set(REGISTERS) == set(REGISTER_TABLES) == set(EDIT_ACTIONS) == set(ROWS)
    for register, members in REGISTERS.items():
        assert set(members) <= set(REGISTER_TABLES[register].__table__.columns.keys())


@pytest.mark.parametrize("register", ROWS)
def test_a_row_comes_back_as_it_was_saved(database, register):
    values = row_of(database, register)
    saved = save(database, register, values)
    assert saved["version"] == 1
    assert {name: saved[name] for name in values} == values
    with database.reading() as session:
        assert get_register(session, register, values["id"], actor=AMINA) == saved
        assert list_register(session, register, actor=AMINA) == [saved]


@pytest.mark.parametrize("register", ROWS)
def test_every_bad_member_is_named_and_nothing_is_written(database, register):
    required = [name for name, member in REGISTERS[register].items() if member.required]
    with pytest.raises(InvalidInput) as refused:
        save(database, register, {"id": new_id(), "colour": "red", "classification": "secret"})
    assert {e.field for e in refused.value.errors} == {*required, "colour", "classification"}
    with database.reading() as session:
        assert list_register(session, register, actor=AMINA) == []


def test_a_new_row_sent_again_is_the_first_and_another_under_its_id_is_refused(database):
    values = row_of(database, "site")
    first = save(database, "site", values)
    assert save(database, "site", values, now=T0 + 5) == first
    with pytest.raises(Conflict) as refused:
        save(database, "site", {**values, "name": "Other"})
    assert refused.value.details["current"]["name"] == "Village"


def test_of_many_editors_one_wins_and_the_others_are_told(database):
    values = row_of(database, "air_head")
    save(database, "air_head", values)

    def edit(n: int) -> int | str:
        try:
            save(database, "air_head", {**values, "notes": f"editor {n}"}, version=1, now=T0 + n)
        except Conflict as refused:
            return refused.details["current"]["version"]
        return "won"

    with ThreadPoolExecutor(10) as pool:
        assert Counter(pool.map(edit, range(50))) == {"won": 1, 2: 49}


def test_a_code_is_taken_once(database):
    save(database, "key_route", row_of(database, "key_route"))
    with pytest.raises(Conflict, match="taken"):
        save(database, "key_route", row_of(database, "key_route"))


def test_a_row_names_only_what_exists(database):
    with pytest.raises(InvalidInput) as refused:
        save(database, "hazard_priority", {"id": new_id(), **ROWS["hazard_priority"]})
    assert refused.value.errors[0].field == "hazard_id"
    with pytest.raises(InvalidInput):
        save(database, "movement", row_of(database, "movement", route="nowhere"))


def test_the_register_reads_as_it_stood_at_a_moment(database):
    values = row_of(database, "crossing")
    save(database, "crossing", values, now=T0)
    save(database, "crossing", {**values, "hours": "never"}, version=1, now=T0 + DAY)
    with database.reading() as session:
        for known_at, expected in (
            (T0 - 1, []),
            (T0, ["by day"]),
            (T0 + DAY - 1, ["by day"]),
            (T0 + DAY, ["never"]),
        ):
            rows = list_register(session, "crossing", actor=AMINA, known_at=known_at)
            assert [row["hours"] for row in rows] == expected
        with pytest.raises(NotFound):
            get_register(session, "crossing", values["id"], actor=AMINA, known_at=T0 - 1)
        history = register_history(session, "crossing", values["id"], actor=AMINA)
    assert [entry["changes"].get("hours") for entry in history] == ["by day", "never"]
    assert history[1]["changes"] == {"hours": "never"}


def test_each_inspection_is_kept_when_the_next_comes(database):
    values, later = row_of(database, "air_head"), format_instant(T0 + DAY)
    for found in (
        {"inspected_at": TIME, "status": "serviceable"}, {"inspected_at": later, "status": "restricted"},
        {"inspected_at": later, "notes": "x"},
    ):  # fmt: skip
        with database.writing() as session:
            row = session.get(REGISTER_TABLES["air_head"], values["id"])
            write_row(session, "air_head", parse_values("air_head", values | found), row, by="wings", at=T0)
    with database.reading() as session:
        assert [(i.inspected_at, i.status) for i in session.query(Inspection).order_by(Inspection.number)] == [
            (T0, "serviceable"),
            (T0 + DAY, "restricted"),
        ]


def test_rows_are_seen_by_those_cleared_for_them(database):
    open_row = row_of(database, "area", classification="unclassified")
    hidden = row_of(database, "area", classification="strictly_confidential")
    southern = row_of(database, "area", area_id="south")
    for values in (open_row, hidden, southern):
        save(database, "area", values, actor=person("jmac", "jmac", clearance="strictly_confidential"))
    with database.reading() as session:

        def ids(actor):
            return {row["id"] for row in list_register(session, "area", actor=actor)}

        assert ids(AMINA) == {open_row["id"], southern["id"]}
        assert ids(PARTNER) == {open_row["id"]}
        assert ids(person("n", "duty_officer", areas=("north",))) == {open_row["id"]}
        assert ids(AUDITOR) == set()
        with pytest.raises(NotFound):
            get_register(session, "area", hidden["id"], actor=AMINA)


@pytest.mark.parametrize("register", ROWS)
def test_only_roles_with_the_right_save(database, register):
    values = row_of(database, register)
    for role in ROLES:
        actor = person("x", role)
        if may(actor, EDIT_ACTIONS[register]):
            continue
        with pytest.raises(NotPermitted):
            save(database, register, values, actor=actor)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"reason": "too short"}, InvalidInput),
        ({"expires": format_instant(T0 + 31 * DAY)}, InvalidInput),
        ({"author": AMINA.person}, NotPermitted),
        ({"role": "chief_joc"}, InvalidInput),
    ],
)
def test_an_assessment_is_signed_by_its_author_with_a_reason_and_an_end(database, change, error):
    with pytest.raises(error):
        save(database, "assessment", row_of(database, "assessment", **change))


def test_eod_sets_priorities_but_no_zones(database):
    assert save(database, "hazard_priority", row_of(database, "hazard_priority"), actor=ELENA)["rank"] == 1
    with pytest.raises(NotPermitted):
        save(database, "area", row_of(database, "area"), actor=ELENA)
