"""Reports accepted as inspections: entered once, resting on their report, and out of the register with it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from fom.domain.answer_inspections import SUBJECT_OF, find_inspection, worsens
from fom.domain.answers import parse_answers
from fom.domain.forms import FORMS
from fom.domain.inspections import FORMS as INSPECTION_FORMS
from fom.domain.inspections import has_passed, parse_findings
from fom.domain.instants import format_instant
from fom.errors import Conflict, InvalidInput, NotFound, NotPermitted
from fom.services.assets import asset_dict
from fom.services.crossings import stand
from fom.services.drafts import parse_report
from fom.services.form_records import with_records
from fom.services.inspecting import InspectionDraft, latest_inspections, list_inspections, record_inspection
from fom.services.judging import retract_record
from fom.services.pending import confirm_pending
from fom.services.registers import get_register, save_register
from fom.services.report_inspections import accept_inspection, propose_inspection, take_back_report
from fom.services.reporting import amend_report, get_report, log_report
from fom.services.standing_inspections import fallen_entries
from fom.store.tables import Inspection, InspectionForm
from tests.domain.test_forms import answer_to
from tests.services.ground import make_network
from tests.services.people import AMINA, BASIL, DAY, HOUR, NGOZI, PATROL, T0, new_id, person

STRIP = {"code": "AH1", "name": "Strip", "kind": "airstrip", "lon": 30.0, "lat": 5.0, "status": "unknown"}
GATE = {"name": "Gate", "lon": 30.0, "lat": 5.0, "status": "unknown"}
WINGS = person("wings", "aviation")


@pytest.fixture(scope="module")
def network():
    return make_network()


def add(database, register: str, **values) -> dict[str, Any]:
    with database.writing() as session:
        return save_register(session, register, {"id": new_id(), **values}, version=None, actor=AMINA, now=T0)


def send(database, network, form: str, *, actor=PATROL, now=T0, id: str | None = None, **answers) -> str:
    body = {"id": id or new_id(), "form": form, "answers": answers, "words": "as seen"}
    with database.writing() as session:
        draft = with_records(session, parse_report(body), actor=actor, network=network, router=None)
        return log_report(session, draft, actor=actor, now=now, network=network).report_id


def amend(database, network, report_id: str, form: str, *, base: int = 1, actor=PATROL, now=T0, **answers) -> None:
    body = {"id": new_id(), "form": form, "answers": answers}
    with database.writing() as session:
        draft = with_records(session, parse_report(body), actor=actor, network=network, router=None)
        amend_report(session, report_id, draft, base_version=base, actor=actor, now=now, network=network)


def accept(database, network, report_id: str, *, actor=AMINA, now=T0, subject: str | None = None) -> dict[str, Any]:
    with database.writing() as session:
        return accept_inspection(session, report_id, subject_id=subject, actor=actor, now=now, network=network)


def take_back(database, report_id: str, *, actor=BASIL, now=T0, reason="told wrongly"):
    with database.writing() as session:
        return take_back_report(session, report_id, reason=reason, actor=actor, now=now)


def row_of(database, register: str, row: dict[str, Any]) -> dict[str, Any]:
    with database.reading() as session:
        return get_register(session, register, row["id"], actor=AMINA)


def told_of(database, network, kind: str, subject: str) -> list[tuple[str, bool]]:
    with database.reading() as session:
        found = list_inspections(session, kind, subject, actor=AMINA, network=network)
    return [(one["status"], one["has_fallen"]) for one in found]


# what a report says as an inspection


@st.composite
def answered(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    form = draw(st.sampled_from(sorted(SUBJECT_OF)))
    asked = [q for q in FORMS[form].questions if q.is_required or draw(st.booleans())]
    return form, {q.code: draw(answer_to(q)) for q in asked}


@given(answered())
@settings(deadline=None)
def test_whatever_may_be_answered_gives_an_inspection_that_holds(filled: tuple[str, dict[str, Any]]) -> None:
    form, raw = filled
    answers = parse_answers(form, raw)
    found = find_inspection(form, answers)
    if found is None:
        assert (form, answers["status"]) == ("air_head", "unknown")
        return
    asked, errors = INSPECTION_FORMS[found.form], []
    assert asked.subject == SUBJECT_OF[form]
    assert found.status in asked.statuses
    assert parse_findings(found.form, found.findings, errors) == found.findings
    assert errors == []
    assert set(found.noted) <= {q.code for q in FORMS[form].questions}
    if form == "crossing":
        assert has_passed(found.findings) == answers.get("checklist_passed")


def test_the_same_state_again_is_not_worse_and_unknown_is_not_the_best() -> None:
    assert worsens("air_head", "serviceable", "unserviceable")
    assert worsens("air_head", "unknown", "unserviceable")
    assert not worsens("air_head", "serviceable", "serviceable")
    assert not worsens("air_head", "unknown", "restricted")
    assert not worsens("asset", "good", "failed"), "it moves no row"


# entering


def test_what_a_patrol_found_moves_the_register_once_it_is_accepted_and_only_once(database, network):
    row = add(database, "air_head", **STRIP)
    said = {"subject": row["id"], "status": "restricted", "surface": "soft at the north end", "is_secured": True}
    report = send(database, network, "air_head", occurred=format_instant(T0 - HOUR), **said)
    assert row_of(database, "air_head", row)["version"] == 1, "a reporter moves no register"
    assert send(database, network, "air_head", id=report, occurred=format_instant(T0 - HOUR), **said) == report
    entries = [accept(database, network, report, actor=who, now=T0 + n) for n, who in enumerate((AMINA, WINGS, AMINA))]
    assert entries[0] == entries[1] == entries[2]
    assert entries[0]["report_id"] == report
    assert "soft at the north end" in entries[0]["notes"]
    now = row_of(database, "air_head", row)
    assert (now["status"], now["inspected_at"], now["version"]) == ("restricted", format_instant(T0 - HOUR), 2)
    assert now["security_state"] == "secured"
    with database.reading() as session:
        assert len(session.scalars(select(InspectionForm)).all()) == 1
        assert len(session.scalars(select(Inspection)).all()) == 1
        assert get_report(session, report, actor=AMINA)["triage"] == "done"


def test_who_sent_it_cannot_improve_by_himself_but_may_worsen(database, network):
    row = add(database, "air_head", **STRIP)
    good = send(database, network, "air_head", actor=WINGS, subject=row["id"], status="serviceable")
    with database.reading() as session:
        assert propose_inspection(session, good, actor=WINGS, network=network, at=T0).needs_another
        assert not propose_inspection(session, good, actor=AMINA, network=network, at=T0).needs_another
    with pytest.raises(NotPermitted, match="two_persons"):
        accept(database, network, good, actor=WINGS)
    accept(database, network, good, actor=AMINA)
    bad = send(database, network, "air_head", actor=WINGS, now=T0 + 1, subject=row["id"], status="unserviceable")
    accept(database, network, bad, actor=WINGS, now=T0 + 2)
    assert row_of(database, "air_head", row)["status"] == "unserviceable"


def test_who_may_not_inspect_or_see_is_refused(database, network):
    row = add(database, "crossing", **GATE)
    report = send(database, network, "crossing", subject=row["id"], status="operational", people=True)
    with pytest.raises(NotPermitted):
        accept(database, network, report, actor=WINGS)
    with pytest.raises(NotFound):
        accept(database, network, new_id())
    words = send(database, network, "sighting", size="ten", activity="walking")
    with pytest.raises(InvalidInput):
        accept(database, network, words)
    unknown = send(database, network, "air_head", subject=add(database, "air_head", **STRIP)["id"], status="unknown")
    with pytest.raises(InvalidInput, match="state"):
        accept(database, network, unknown)


def test_a_camp_is_inspected_too_and_a_crossing_says_who_may_cross(database, network):
    camp = add(database, "site", name="Camp", kind="camp", lon=30.0, lat=5.0)
    report = send(database, network, "camp", subject=camp["id"], passability="with_difficulty", population=400)
    accept(database, network, report)
    assert told_of(database, network, "site", camp["id"]) == [("restricted", False)]
    gate = add(database, "crossing", **GATE)
    said = {"people": True, "goods": False, "checklist_passed": True, "status": "partly"}
    accept(database, network, send(database, network, "crossing", subject=gate["id"], **said))
    now = row_of(database, "crossing", gate)
    assert (now["status"], now["people"], now["goods"]) == ("partly", True, False)
    assert now["checklist_passed_at"] == now["inspected_at"]
    later, said = T0 + HOUR, {"subject": gate["id"], "status": "partly", "checklist_passed": False}
    again = send(database, network, "crossing", now=later, occurred=format_instant(later), **said)
    accept(database, network, again, now=later)
    row = row_of(database, "crossing", gate)
    with database.reading() as session:
        (now,) = stand(session, [row], at=later + HOUR, known_at=later + HOUR)
    assert now["checklist_passed_at"] is None, "what failed it takes the earlier pass back"


# taking back


def test_a_report_taken_back_takes_its_inspection_along_and_the_row_says_again_what_it_said(database, network):
    row = add(database, "air_head", **STRIP)
    before = row_of(database, "air_head", row)
    report = send(database, network, "air_head", subject=row["id"], status="serviceable", is_secured=False)
    accept(database, network, report)
    with database.reading() as session:
        assert fallen_entries(session, subject_kind="air_head") == []
    taken = T0 + HOUR
    take_back(database, report, now=taken)
    now = row_of(database, "air_head", row)
    changed = {"version", "changed_at", "by"}
    assert {k: v for k, v in now.items() if k not in changed} == {k: v for k, v in before.items() if k not in changed}
    assert told_of(database, network, "air_head", row["id"]) == [("serviceable", True)]
    with database.reading() as session:
        assert latest_inspections(session, "air_head") == {}
        assert fallen_entries(session, subject_kind="air_head", known_at=taken - 1) == [], "as known then, it stood"
        told = get_report(session, report, actor=AMINA)
        assert [len(version["answers"]) for version in told["versions"]] == [3, 0]
        assert told["triage"] == "done"
    with pytest.raises(Conflict):
        take_back(database, report, now=taken + 1)
    with pytest.raises(InvalidInput):
        accept(database, network, report, now=taken + 2)


def test_an_inspection_in_between_stays_whatever_is_taken_back(database, network):
    """Three reports, taken back in any order: the row says what the newest that stands found."""
    states = ("serviceable", "restricted", "unserviceable")
    for first_back in (0, 1, 2):
        row = add(database, "air_head", **STRIP | {"code": f"AH{first_back}"})
        reports = []
        for hours, status in zip((3, 2, 1), states, strict=True):
            when = format_instant(T0 - hours * HOUR)
            reports.append(send(database, network, "air_head", subject=row["id"], status=status, occurred=when))
            accept(database, network, reports[-1])
        standing = list(range(3))
        for back in (first_back, *(n for n in (2, 1, 0) if n != first_back)):
            take_back(database, reports[back])
            standing.remove(back)
            expected = states[max(standing)] if standing else "unknown"
            assert row_of(database, "air_head", row)["status"] == expected, (first_back, back)


def test_what_was_changed_by_hand_since_is_not_undone(database, network):
    row = add(database, "air_head", **STRIP)
    report = send(database, network, "air_head", subject=row["id"], status="restricted")
    accept(database, network, report)
    by_hand = {"id": new_id(), "subject_kind": "air_head", "subject_id": row["id"], "form": "air_head"}
    looked = InspectionDraft(**by_hand, inspected_at=T0 + 2 * HOUR, inspected_by="wings", status="serviceable")
    with database.writing() as session:
        record_inspection(session, looked, actor=WINGS, now=T0 + 2 * HOUR, network=network)
    take_back(database, report, now=T0 + 3 * HOUR)
    assert row_of(database, "air_head", row)["status"] == "serviceable"


def test_the_one_who_accepted_what_worsened_cannot_lift_it_alone(database, network):
    row = add(database, "air_head", **STRIP)
    report = send(database, network, "air_head", subject=row["id"], status="unserviceable")
    accept(database, network, report, actor=AMINA)
    with pytest.raises(NotPermitted, match="two_persons"):
        take_back(database, report, actor=AMINA)
    with pytest.raises(NotPermitted):
        take_back(database, report, actor=PATROL)
    take_back(database, report, actor=BASIL)
    assert row_of(database, "air_head", row)["status"] == "unknown"


def test_a_later_version_of_the_report_takes_the_place_of_the_first_entry(database, network):
    row = add(database, "air_head", **STRIP)
    report = send(database, network, "air_head", subject=row["id"], status="restricted")
    first = accept(database, network, report)
    amend(database, network, report, "air_head", now=T0 + 1, subject=row["id"], status="unserviceable")
    assert row_of(database, "air_head", row)["status"] == "restricted", "until the new version is accepted"
    with database.reading() as session:
        proposed = propose_inspection(session, report, actor=AMINA, network=network, at=T0 + 1)
        assert (proposed.entry_id, proposed.is_newest) == (first["id"], False)
    accept(database, network, report, now=T0 + 2)
    assert row_of(database, "air_head", row)["status"] == "unserviceable"
    assert sorted(told_of(database, network, "air_head", row["id"])) == [("restricted", True), ("unserviceable", False)]
    take_back(database, report, now=T0 + 3)
    assert row_of(database, "air_head", row)["status"] == "unknown"


def test_a_version_about_another_air_head_leaves_the_first_as_it_was(database, network):
    one, other = (add(database, "air_head", **STRIP | {"code": code}) for code in ("AH1", "AH2"))
    report = send(database, network, "air_head", subject=one["id"], status="restricted")
    accept(database, network, report)
    amend(database, network, report, "air_head", now=T0 + 1, subject=other["id"], status="restricted")
    accept(database, network, report, now=T0 + 2)
    assert told_of(database, network, "air_head", one["id"]) == [("restricted", True)]
    assert [row_of(database, "air_head", row)["status"] for row in (one, other)] == ["unknown", "restricted"]


# bridges


def bridge_point(network) -> tuple[float, float]:
    bridge = asset_dict(network, network.find_asset("bridge"))
    return bridge["lon"], bridge["lat"]


def test_damage_at_a_bridge_is_its_inspection_and_falls_only_with_the_second_signature(database, network):
    lon, lat = bridge_point(network)
    place = {"lon": lon, "lat": lat, "source": "gps", "accuracy_m": 5}
    report = send(database, network, "bridge", place=place, damage="destroyed", bypass="ford upstream")
    entry = accept(database, network, report, actor=NGOZI)
    assert (entry["subject_id"], entry["status"], entry["findings"]) == ("bridge", "failed", {"damage": "destroyed"})
    assert entry["report_id"] == report
    assert accept(database, network, report, actor=AMINA, now=T0 + 1) == entry
    with database.reading() as session:
        told = get_report(session, report, actor=AMINA)
        assert len(told["records"]) == 1, "no second report of the same damage"
        assert told["triage"] == "new", "its record still waits for a grade"
    with database.writing() as session:
        record = told["records"][0]["id"]
        waits = retract_record(session, record, reason="wrong bridge", actor=AMINA, now=T0 + 2).pending_id
    assert told_of(database, network, "asset", "bridge") == [("failed", False)]
    with database.writing() as session:
        confirm_pending(session, waits, actor=BASIL, now=T0 + 3)
    assert told_of(database, network, "asset", "bridge") == [("failed", True)]
    with database.reading() as session:
        assert latest_inspections(session, "asset") == {}


def test_damage_far_from_any_asset_is_no_inspection_of_one(database, network):
    lon, lat = bridge_point(network)
    place = {"lon": lon, "lat": lat + 0.02, "source": "gps", "accuracy_m": 5}
    report = send(database, network, "bridge", place=place, damage="blocked")
    with pytest.raises(InvalidInput, match="none is near enough"):
        accept(database, network, report)
    nowhere = send(database, network, "bridge", place={"text": "the old bridge", "source": "name"}, damage="blocked")
    with pytest.raises(InvalidInput):
        accept(database, network, nowhere, now=T0 + DAY)
