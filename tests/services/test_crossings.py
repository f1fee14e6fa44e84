"""Crossings as they stand: by inspections known at a moment, taken back with their report; typed rows keep a date."""

from __future__ import annotations

import pytest

from fom.domain.instants import format_instant
from fom.domain.registers import FOLLOWING, parse_values
from fom.errors import InvalidInput, NotPermitted
from fom.services.crossings import list_crossings, stand
from fom.services.drafts import parse_report
from fom.services.inspecting import InspectionDraft, record_inspection
from fom.services.map_layers import read_layer
from fom.services.registers import get_register, list_register, save_register, write_row
from fom.services.report_inspections import accept_inspection, take_back_report
from fom.services.reporting import log_report
from fom.store.tables import REGISTER_TABLES
from tests.services.ground import Clock, make_host, make_network, settle
from tests.services.people import AMINA, CHIEF, DAY, HOUR, PATROL, T0, new_id, person
from tests.services.test_report_inspections import send

GATE = {"name": "Gate", "lon": 30.0, "lat": 5.0}


@pytest.fixture(scope="module")
def network():
    return make_network()


def add(database, **values) -> str:
    with database.writing() as session:
        return save_register(
            session, "crossing", {"id": new_id(), **GATE, **values}, version=None, actor=AMINA, now=T0
        )["id"]


def inspect(database, network, crossing: str, status: str, *, at: int = T0, **rest) -> None:
    draft = InspectionDraft(
        id=new_id(), subject_kind="crossing", subject_id=crossing, form="crossing", inspected_at=at,
        inspected_by="civil affairs", status=status, **rest,
    )  # fmt: skip
    with database.writing() as session:
        record_inspection(session, draft, actor=AMINA, now=at, network=network)


def stands(database, crossing: str, *, at: int = T0, known_at: int = T0 + 900 * DAY) -> dict:
    with database.reading() as session:
        rows = [row for row in list_register(session, "crossing", actor=AMINA) if row["id"] == crossing]
        return stand(session, rows, at=at, known_at=known_at)[0]


def typed(database, moment: int, crossing: str | None = None, **values) -> str:
    """Write a row as rows were written while a status was typed."""
    row_id = crossing or new_id()
    with database.writing() as session:
        row = session.get(REGISTER_TABLES["crossing"], row_id)
        whole = parse_values("crossing", {"id": row_id, **GATE, **values})
        write_row(session, "crossing", whole, row, by="typist@unit", at=moment)
    return row_id


def test_nobody_types_what_inspections_say_and_every_such_member_is_named(database):
    said = {
        "status": "operational", "people_status": "partly", "goods_status": "closed", "mission_status": "operational",
        "people": True, "goods": False, "mission": True, "staffed": True, "checklist_passed_at": format_instant(T0),
        "inspected_at": format_instant(T0),
    }  # fmt: skip
    with pytest.raises(InvalidInput) as refused:
        add(database, **said)
    assert {e.field for e in refused.value.errors} == set(FOLLOWING["crossing"]) == set(said)
    assert "/api/v1/inspections" in refused.value.errors[0].expected
    row = stands(database, add(database))
    assert (row["status"], row["why"], row["people"]) == ("unknown", "never", None)


def test_a_crossing_follows_its_inspections_and_their_review(database, network):
    gate = add(database)
    inspect(database, network, gate, "partly", findings={"goods": "closed", "people": "operational", "staffed": "yes"})
    inspect(database, network, gate, "operational", at=T0 + 5 * DAY, next_review=T0 + 9 * DAY)
    first, then, late = (stands(database, gate, at=T0 + days * DAY) for days in (4, 6, 10))
    assert (first["status"], first["people_status"], first["goods_status"]) == ("partly", "operational", "closed")
    assert (first["people"], first["goods"], first["mission"], first["staffed"]) == (True, False, True, True)
    assert (then["status"], then["goods_status"], then["decided_by"]) == ("operational", "operational", "civil affairs")
    assert (late["status"], late["found"], late["why"]) == ("unknown", "operational", "too_old")
    assert (late["is_overdue"], late["until"]) == (True, format_instant(T0 + 9 * DAY))
    assert stands(database, gate, at=T0 + 6 * DAY, known_at=T0 + DAY)["status"] == "partly"


def test_an_inspection_taken_back_with_its_report_no_longer_speaks_whatever_was_edited_since(database, network):
    gate = typed(database, T0 - 2 * DAY, status="closed")
    report = send(database, network, "crossing", subject=gate, status="operational", people=True)
    with database.writing() as session:
        accept_inspection(session, report, actor=AMINA, now=T0 + HOUR, network=network)
    with database.writing() as session:
        row = get_register(session, "crossing", gate, actor=AMINA)
        values = {name: row[name] for name in parse_values("crossing", {"id": gate, **GATE})}
        save_register(
            session, "crossing", values | {"hours": "by day"}, version=row["version"], actor=AMINA, now=T0 + 2 * HOUR
        )
    assert stands(database, gate, at=T0 + DAY)["status"] == "operational"
    with database.writing() as session:
        take_back_report(session, report, reason="another gate", actor=CHIEF, now=T0 + 3 * HOUR)
    back = stands(database, gate, at=T0 + DAY)
    assert (back["status"], back["decided_at"], back["why"]) == ("closed", format_instant(T0 - 2 * DAY), "stated")
    assert stands(database, gate, at=T0 + DAY, known_at=T0 + 2 * HOUR)["status"] == "operational"


def test_a_status_typed_long_ago_is_a_statement_dated_by_its_version_or_by_the_inspection_it_named(database):
    gate = typed(database, T0, status="operational", goods_status="closed")
    typed(database, T0 + 20 * DAY, gate, status="operational", goods_status="closed", hours="by day")
    said = stands(database, gate, at=T0 + 30 * DAY)
    assert (said["status"], said["goods_status"], said["why"]) == ("partly", "closed", "stated")
    assert (said["decided_at"], said["decided_by"], said["inspected_at"]) == (format_instant(T0), "typist@unit", None)
    assert stands(database, gate, at=T0 + 31 * DAY)["status"] == "unknown"
    named = typed(database, T0, status="partly", inspected_at=format_instant(T0 - 25 * DAY))
    assert stands(database, named, at=T0 + 5 * DAY)["status"] == "partly"
    assert stands(database, named, at=T0 + 6 * DAY)["status"] == "unknown"


def test_who_sent_a_report_cannot_renew_alone_what_ran_out(database, network):
    gate, civil = add(database), person("civil", "civil_affairs")
    inspect(database, network, gate, "operational", at=T0 - 40 * DAY)
    report = send(database, network, "crossing", actor=civil, subject=gate, status="partly")
    with database.writing() as session, pytest.raises(NotPermitted, match="two_persons"):
        accept_inspection(session, report, actor=civil, now=T0 + HOUR, network=network)


def test_the_map_shows_it_and_by_whom_is_told_to_those_who_may_see_the_report(database, network):
    settle(database)
    gate, clock = add(database), Clock()
    cleared, other = (person(name, "chief_joc", clearance="strictly_confidential") for name in ("cleared", "other"))
    secret = {"classification": "strictly_confidential", "answers": {"subject": gate, "status": "partly"}}
    with database.writing() as session:
        draft = parse_report({"id": new_id(), "form": "crossing", "words": "as seen", **secret})
        report = log_report(session, draft, actor=cleared, now=T0, network=network).report_id
        accept_inspection(session, report, actor=other, now=T0 + 1, network=network)
    host = make_host(database, clock)
    with database.reading() as session:
        (known,), (hidden,) = (
            list_crossings(session, host, actor=actor, at=T0 + DAY, known_at=T0 + DAY) for actor in (cleared, PATROL)
        )
        question = host.question(T0 + DAY, T0 + DAY, "P3", "mission_military")
        (mark,) = read_layer(session, host, "crossings", question, actor=PATROL)["features"]
    assert (known["status"], hidden["status"]) == ("partly", "partly")
    assert known["ref"] is not None
    assert (hidden["ref"], hidden["decided_by"]) == (None, None)
    assert (mark["properties"]["state"], mark["properties"]["text"]) == (
        "C", "People partly, goods partly, mission partly.",
    )  # fmt: skip
