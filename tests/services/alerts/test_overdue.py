"""What is overdue is told once for each moment at which it became due."""

from __future__ import annotations

import pytest

from fom.domain.alerts import CHECKS
from fom.domain.instants import format_instant
from fom.services.cases import StepDraft, add_case_step
from fom.services.inspecting import InspectionDraft, record_inspection
from fom.services.registers import get_register, save_register
from fom.services.route_studies import StudyDraft, sign_study
from tests.services.alerts.watch import ROUTE_ID, account, open_watchroom
from tests.services.ground import feature, write
from tests.services.people import AMINA, CHIEF, DAY, HOUR, NGOZI, T0, new_id, passage

NEAR = {"type": "Polygon", "coordinates": [[[30.0, 4.99], [30.03, 4.99], [30.03, 5.01], [30.0, 5.01], [30.0, 4.99]]]}


@pytest.fixture
def room(database, tmp_path):
    return open_watchroom(database, tmp_path)


def change_route(room, **values) -> None:
    with room.database.writing() as session:
        row = get_register(session, "key_route", ROUTE_ID, actor=AMINA)
        kept = {name: value for name, value in row.items() if name not in ("version", "changed_at", "by")}
        save_register(session, "key_route", kept | values, version=row["version"], actor=AMINA, now=room.clock.now)


def titles(room, who) -> list[str]:
    return [alert.title for alert in room.alerts(who, "overdue")]


def go_on(room, hours: float) -> None:
    room.clock.now += round(hours * HOUR)
    room.settled()


def test_a_verification_past_its_life_is_told_once_and_again_after_the_next(room):
    duty = account(room.database, "duty", "duty_officer")
    room.subscribe(duty, moves="none", checks=CHECKS)
    go_on(room, 61)  # passed ten hours before, 72 h hold
    assert titles(room, duty) == []
    for _ in range(3):
        go_on(room, 1)
    assert titles(room, duty) == ["MSR HERON: verification overdue"]
    assert room.alerts(duty, "overdue")[0].at == T0 + 62 * HOUR
    room.report(*(passage(name, occurred=room.clock.now) for name in ("west", "middle", "east")))
    go_on(room, 71)
    assert len(titles(room, duty)) == 1
    go_on(room, 2)
    assert len(titles(room, duty)) == 2


def test_a_route_with_an_interval_of_its_own_is_due_by_that(room):
    duty = account(room.database, "duty", "duty_officer")
    change_route(room, verify_interval_h=24, interval_reason="Convoys go daily.")
    room.subscribe(duty, moves="none", checks=CHECKS)
    go_on(room, 13)
    assert titles(room, duty) == []
    go_on(room, 2)
    assert titles(room, duty) == ["MSR HERON: verification overdue"]
    assert "its interval of 24 h" in room.alerts(duty, "overdue")[0].text


def test_a_review_and_a_task_past_their_dates_are_told_to_those_concerned(room):
    duty = account(room.database, "duty", "duty_officer", unit="sector east")
    other = account(room.database, "other", "duty_officer", unit="sector west")
    change_route(room, reviewed_at=format_instant(T0 - 31 * DAY))
    far = {"type": "Polygon", "coordinates": [[[30.2, 5.2], [30.3, 5.2], [30.3, 5.3], [30.2, 5.2]]]}
    room.subscribe(duty, moves="none", checks=CHECKS)
    room.subscribe(other, moves="none", checks=CHECKS, geometry=far)
    values = {"id": new_id(), "kind": "verify", "target_id": "middle", "assigned_to": "sector east"}
    values |= {"created_at": format_instant(T0 - DAY), "due_at": format_instant(T0 - HOUR)}
    with room.database.writing() as session:
        save_register(session, "task", values, version=None, actor=AMINA, now=room.clock.now)
    go_on(room, 1)
    assert sorted(titles(room, duty)) == ["MSR HERON: review overdue", "Task overdue: verify a road, middle"]
    assert titles(room, other) == []


def test_two_processes_tell_it_once(room):
    duty = account(room.database, "duty", "duty_officer")
    room.subscribe(duty, moves="none", checks=CHECKS)
    other = room.another()
    room.clock.now += 64 * HOUR
    for each in (room, other):
        each.settled()
    assert titles(room, duty) == ["MSR HERON: verification overdue"]


def saved(room, register: str, **values) -> str:
    row = {"id": new_id(), **values}
    with room.database.writing() as session:
        save_register(session, register, row, version=None, actor=CHIEF, now=room.clock.now)
    return row["id"]


def targets(room, who) -> list[tuple[str, str, str]]:
    """What was told: check, and kind and id of what the reader goes on to."""
    found = [alert.details for alert in room.alerts(who, "overdue")]
    return [(one["check"], one["target"]["kind"], one["target"]["id"]) for one in found]


def test_damage_past_its_review_is_told_on_the_roads_watched_until_it_is_closed(room):
    duty = account(room.database, "duty", "duty_officer")
    room.subscribe(duty, moves="none", checks=("review",))
    limit = {"damage": "limit", "limits": {"mlc": 20}, "review_by": format_instant(T0 + 5 * HOUR)}
    bridge, mended = feature("weak", "physical", received=T0, asset="bridge", **limit), "mended"
    write(room.database, bridge, now=T0)
    room.report({"type": "Feature", "geometry": None, "properties": {"kind": "physical", "damage": "blocked",
                 "segments": [{"id": "east"}], "review_by": format_instant(T0 + 6 * HOUR)}})  # fmt: skip
    go_on(room, 4)
    assert titles(room, duty) == []
    go_on(room, 4)
    assert sorted(targets(room, duty)) == [("review", "asset", "bridge"), ("review", "segment", "east")]
    assert "Review overdue: limit, MSR HERON km 1" in titles(room, duty)
    go_on(room, 4)
    assert len(titles(room, duty)) == 2
    other = account(room.database, "other", "duty_officer")
    act = feature(mended, "closing_act", received=room.clock.now, act="repaired", closes=["weak"],
                  authority="engineer", signed_by=["ngozi", "nils"], limits={"mlc": 60})  # fmt: skip
    write(room.database, act, now=room.clock.now)
    room.subscribe(other, moves="none", checks=("review",))
    go_on(room, 1)
    assert targets(room, other) == [("review", "segment", "east")]


def test_what_ends_soon_is_told_before_in_the_last_quarter_of_its_life(room):
    duty = account(room.database, "duty", "duty_officer")
    room.subscribe(duty, moves="none", checks=("expiry",))
    manual = feature("hand", "manual", received=T0, mode="improve", state="AMBER", role="chief_joc", reason="recce",
                     expires=format_instant(T0 + 8 * HOUR), segments=[{"id": "west"}],
                     signed_by=["chief"])  # fmt: skip
    order = feature("curfew", "control", received=T0, control="order", effect="prohibited", user_classes=["all"],
                    imposed_by="mission", owner="JOC", reason="unrest", public_text="No traffic.",
                    start=format_instant(T0), end=format_instant(T0 + 40 * DAY),
                    segments=[{"id": "east"}])  # fmt: skip
    write(room.database, manual, order, now=T0)
    go_on(room, 5)
    assert titles(room, duty) == []
    go_on(room, 1.5)
    assert titles(room, duty) == ["State set by hand ends 102000Z MAR 26: MSR HERON km 0"]
    go_on(room, 24 * 38)
    assert len(titles(room, duty)) == 1
    go_on(room, 30)
    assert targets(room, duty)[1:] == [("expiry", "order", "curfew")]
    go_on(room, 48)
    assert len(titles(room, duty)) == 2


def test_inspections_of_air_heads_and_assets_are_due_by_rule_and_by_their_next_review(room):
    air = account(room.database, "air", "duty_officer")
    near, far = (
        saved(room, "air_head", code=code, name="strip", kind="airstrip", lon=lon, lat=lat)
        for code, lon, lat in (("AH1", 30.005, 5.001), ("AH2", 40.0, 8.0))
    )  # fmt: skip
    room.subscribe(air, moves="none", checks=("inspection",), geometry=NEAR)
    everywhere = account(room.database, "chief", "chief_joc")
    room.subscribe(everywhere, moves="none", checks=("inspection",))
    looked = InspectionDraft(id=new_id(), subject_kind="asset", subject_id="bridge", form="asset", inspected_at=T0,
                             inspected_by="engineers", status="worn", next_review=T0 + 2 * DAY)  # fmt: skip
    with room.database.writing() as session:
        record_inspection(session, looked, actor=NGOZI, now=T0, network=room.host.network)
        for strip in (near, far):
            seen = InspectionDraft(id=new_id(), subject_kind="air_head", subject_id=strip, form="air_head",
                                   inspected_at=T0, inspected_by="aviation", status="serviceable")  # fmt: skip
            record_inspection(session, seen, actor=CHIEF, now=T0, network=room.host.network)
    go_on(room, 24)
    assert titles(room, air) == titles(room, everywhere) == []
    go_on(room, 26)
    assert targets(room, air) == targets(room, everywhere) == [("inspection", "asset", "bridge")]
    go_on(room, 24 * 11)
    assert len(titles(room, everywhere)) == 1
    go_on(room, 24 * 2)
    assert targets(room, air)[-1] == ("inspection", "air_head", near)
    assert {target for _, _, target in targets(room, everywhere)} == {"bridge", near, far}


def test_a_study_and_a_follow_up_are_told_to_those_who_may_read_them(room):
    duty = account(room.database, "duty", "duty_officer")
    patrol = account(room.database, "patrol", "reporter")
    for who in (duty, patrol):
        room.subscribe(who, moves="none", checks=("review", "follow_up"))
    study = StudyDraft(id=new_id(), route_id=ROUTE_ID, author="engineers", studied_at=T0 - DAY, summary="Fords.",
                       review_by=T0 + DAY, classification="confidential", points=())  # fmt: skip
    with room.database.writing() as session:
        sign_study(session, study, actor=NGOZI, now=T0, network=room.host.network)
    case = saved(room, "restriction_case", category="denial_of_movement", actor="host_police", route=ROUTE_ID,
                 opened_at=format_instant(T0))  # fmt: skip
    due = StepDraft(id=new_id(), kind="follow_up_due", at=T0, due_at=T0 + 2 * DAY, words="ask again")
    with room.database.writing() as session:
        add_case_step(session, case, due, actor=AMINA, now=T0 + HOUR)
    go_on(room, 47)
    assert targets(room, duty) == targets(room, patrol) == [("review", "study", ROUTE_ID)]
    go_on(room, 3)
    assert targets(room, duty)[1:] == [("follow_up", "case", case)]
    assert len(targets(room, patrol)) == 1
    go_on(room, 3)
    assert len(targets(room, duty)) == 2


def test_only_the_checks_that_were_asked_for_are_told(room):
    duty = account(room.database, "duty", "duty_officer")
    change_route(room, reviewed_at=format_instant(T0 - 31 * DAY))
    room.subscribe(duty, moves="none", checks=("verification",))
    go_on(room, 64)
    assert titles(room, duty) == ["MSR HERON: verification overdue"]


def test_what_is_strictly_confidential_is_told_in_the_page_only(room):
    chief = account(room.database, "chief", "chief_joc", clearance="strictly_confidential")
    room.subscribe(chief, moves="none", checks=("review",))
    secret = feature("secret", "physical", received=T0, damage="limit", limits={"mlc": 20}, asset="bridge",
                     review_by=format_instant(T0 + HOUR))  # fmt: skip
    write(room.database, secret, now=T0, classification="strictly_confidential")
    go_on(room, 2)
    (alert,) = room.alerts(chief, "overdue")
    assert "limit" in alert.text
    assert "limit" not in alert.outside_text
