"""Benchmarks from stored evidence: each moves when its evidence moves, and the past keeps its answer."""

from __future__ import annotations

from typing import Any

import pytest

from fom.domain.benchmarks import Status
from fom.domain.inspections import CHECKLIST
from fom.domain.instants import MINUTE_US, format_instant
from fom.routing.router import Router
from fom.services.benchmarks import benchmark_board, benchmark_status
from fom.services.closing import log_closing_act
from fom.services.inspecting import InspectionDraft, record_inspection
from fom.services.key_routes import define_key_route
from fom.services.pending import confirm_pending
from fom.services.registers import save_register
from fom.services.reporting import log_report
from tests.services.ground import ON_EAST, ON_WEST, Clock, feature, make_host, settle, write
from tests.services.people import AMINA, CHIEF, DAY, ELENA, EMIL, HOUR, PATROL, T0, draft, hazard, incident, new_id


@pytest.fixture
def ground(database):
    """Return (database, host) on the settled area with one key route over all three roads in a row."""
    settle(database)
    host = make_host(database, Clock())
    values = {
        "id": "heron", "code": "MSR HERON", "name": "Heron", "owner": "sector east",
        "via": [[30.0001, 5.0], [30.0299, 5.0]], "reviewed_at": format_instant(T0 - DAY),
    }  # fmt: skip
    with database.writing() as session:
        define_key_route(
            session, values, version=None, actor=CHIEF, now=T0, network=host.network, router=Router(host.network)
        )
    host.follow()
    return database, host


def computed(ground, *, at: int = T0, known_at: int = T0 + DAY) -> dict[str, Any]:
    database, host = ground
    host.follow()
    with database.reading() as session:
        return {value.code: value for value in benchmark_status(session, host, at=at, known_at=known_at)}


def add(ground, register: str, **values: Any) -> None:
    database, _ = ground
    with database.writing() as session:
        save_register(session, register, {"id": new_id(), **values}, version=None, actor=CHIEF, now=T0)


def passages(database, *hours_ago: int) -> None:
    rows = [
        feature(
            f"{name} {hours}", "verification", received=T0 - hours * HOUR, occurred=format_instant(T0 - hours * HOUR),
            strength="own_patrol_traverse", passed="P7", grade="B2", segments=[{"id": name}],
        )
        for hours in hours_ago
        for name in ("west", "middle", "east")
    ]  # fmt: skip
    write(database, *rows, now=T0)


def test_a_week_of_passages_makes_the_route_secure(ground):
    before = computed(ground)["S1"]
    assert before.status is Status.INSUFFICIENT_DATA
    assert before.coverage < 0.6
    passages(ground[0], *range(11, 240, 24))
    after = computed(ground)["S1"]
    assert after.coverage == 1.0
    assert after.indicators[0].value == pytest.approx(1.0)
    assert after.indicators[0].parts["open"] == pytest.approx(1.0)


def test_a_hazard_on_the_route_lowers_the_secure_share_only_from_its_time(ground):
    database, _ = ground
    passages(database, *range(11, 240, 24))
    with database.writing() as session:
        seen = hazard(at=ON_WEST, occurred=T0 - HOUR)
        log_report(session, draft(seen), actor=PATROL, now=T0 - HOUR)
    values = computed(ground)
    assert values["S1"].indicators[0].value < 0.7
    assert values["S4"].indicators[1].denominator == 1


def test_alternates_need_another_road(ground):
    assert computed(ground)["S1"].indicators[2].value == 0.0


def test_hazards_need_priorities_and_leave_the_count_when_closed(ground):
    database, _ = ground
    with database.writing() as session:
        logged = log_report(session, draft(hazard(at=ON_WEST, origin="patrol 3", occurred=T0)), actor=PATROL, now=T0)
    (hazard_id,) = logged.record_ids
    assert computed(ground)["S4"].indicators[1].value == 0.0
    add(ground, "hazard_priority", hazard_id=hazard_id, rank=1, set_at=format_instant(T0 - DAY))
    assert computed(ground)["S4"].status is Status.MET
    act = {"kind": "closing_act", "act": "destroyed", "closes": [hazard_id], "authority": "eod"}
    with database.writing() as session:
        body = {"type": "Feature", "geometry": None, "properties": act}
        outcome = log_closing_act(session, body, id=new_id(), actor=ELENA, now=T0 + HOUR)
        confirm_pending(session, outcome.pending_id, actor=EMIL, now=T0 + HOUR)
    later = computed(ground, at=T0 + 2 * HOUR)
    assert later["S4"].indicators[0].denominator == 0
    assert later["TASKS"].indicators[0].value == 1.0
    assert computed(ground, at=T0)["S4"].indicators[0].denominator == 1


def test_deliveries_are_counted_in_their_window_and_judged_by_the_lower_bound(ground):
    for day in range(25):
        start = T0 - (day + 1) * DAY
        add(
            ground, "movement", code=f"H{day}", purpose="humanitarian", user_class="humanitarian",
            planned_start=format_instant(start), planned_end=format_instant(start + 4 * HOUR),
            actual_start=format_instant(start), actual_end=format_instant(start + 5 * HOUR), outcome="proceeded",
        )  # fmt: skip
    now = computed(ground)["S2"]
    assert now.status is Status.MET
    assert now.indicators[0].denominator == 25
    assert computed(ground, at=T0 - 10 * DAY)["S2"].status is Status.INSUFFICIENT_DATA


def test_violence_is_counted_once_however_often_it_is_reported(ground):
    database, _ = ground
    passages(database, *range(11, 91 * 24, 5 * 24))
    for _ in range(2):
        with database.writing() as session:
            robbery = incident(at=ON_EAST, occurred=format_instant(T0 - DAY))
            log_report(session, draft(robbery), actor=AMINA, now=T0 - DAY)
    (quiet, rate, seen) = computed(ground)["M1"].indicators
    assert (rate.numerator, quiet.value < 1.0, seen.value) == (2, True, 1.0)
    host = ground[1]
    with host.reading() as picture:
        ids = [record.id for record in picture.survey(T0 + DAY).known("incident")]
    link = feature("same", "link", received=T0, relation="duplicate", members=ids)
    write(database, link, now=T0)
    assert computed(ground)["M1"].indicators[1].numerator == 1


def test_silence_without_presence_is_no_data(ground):
    assert computed(ground)["M1"].status is Status.INSUFFICIENT_DATA


def test_routes_are_updated_on_the_days_they_were_passed(ground):
    passages(ground[0], *range(11, 29 * 24, 24))
    value = computed(ground)["M4"]
    assert value.status is Status.MET
    assert value.indicators[0].parts["verified"] > value.indicators[0].parts["reviewed"]


def test_the_same_question_about_the_past_gets_the_same_answer_after_a_late_report(ground):
    database, _ = ground
    passages(database, *range(11, 240, 24))
    asked = {"at": T0, "known_at": T0 + 1}
    before = computed(ground, **asked)["S1"].indicators[0].value
    with database.writing() as session:
        late = hazard(at=ON_WEST, occurred=T0 - 3 * DAY)
        log_report(session, draft(late), actor=PATROL, now=T0 + 5 * HOUR)
    assert computed(ground, **asked)["S1"].indicators[0].value == before
    assert computed(ground, at=T0, known_at=T0 + DAY)["S1"].indicators[0].value < before


def test_the_board_of_now_is_kept_until_something_changes_or_minutes_pass(ground):
    database, host = ground
    clock = host._clock

    def look() -> tuple[str, float | None]:
        host.follow()
        with database.reading() as session:
            board = benchmark_board(session, host, actor=CHIEF)
        return board["at"], board["benchmarks"][0]["coverage"]

    first = look()
    clock.now += 4 * MINUTE_US
    assert look() == first
    clock.now += 2 * MINUTE_US
    assert look()[0] > first[0]
    passages(database, *range(11, 240, 24))
    assert look()[1] > first[1]


def test_an_official_crossing_counts_while_its_inspection_speaks_for_it(ground):
    database, host = ground
    add(ground, "crossing", id="gate", name="Gate", lon=30.0, lat=5.0, is_official=True)
    look = InspectionDraft(
        id=new_id(), subject_kind="crossing", subject_id="gate", form="crossing", inspected_at=T0,
        inspected_by="civil affairs", status="operational",
        findings=dict.fromkeys((*CHECKLIST, "staffed"), "yes"),
    )  # fmt: skip
    assert computed(ground)["L2"].status is Status.NOT_MET
    with database.writing() as session:
        record_inspection(session, look, actor=CHIEF, now=T0 + HOUR, network=host.network)
    shares = [
        computed(ground, at=T0 + days * DAY, known_at=T0 + 40 * DAY)["L2"].indicators[0].value for days in (1, 31)
    ]
    assert shares == [1.0, 0.0]


def test_what_is_not_stored_is_not_assessed(ground):
    values = computed(ground)
    assert values["M3"].status is Status.NOT_ASSESSED
    assert values["L3"].status is Status.INSUFFICIENT_DATA
    assert all(v.missing for v in values.values() if v.status in (Status.NOT_ASSESSED, Status.INSUFFICIENT_DATA))
