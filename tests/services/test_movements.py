"""Movements planned on a real picture: advice once for each change, close-out as a passage, who may do what."""

from __future__ import annotations

from typing import Any

import pytest

from fom.domain.instants import DAY_US, MINUTE_US, format_instant
from fom.domain.patterns import KEPT_US
from fom.errors import Conflict, InvalidInput, NotFound, NotPermitted
from fom.services.movement_advice import acknowledge_advice, list_advice, purge_ways
from fom.services.movement_board import read_board, read_index, read_movement, read_week
from fom.services.movement_clearances import answer_clearance, ask_clearance
from fom.services.movement_closing import close_movement, depart_movement
from fom.services.movement_outlook import affected_movements, affected_words
from fom.services.movement_watch import MovementWatch
from fom.services.movements import get_movement, list_movements, plan_movement
from fom.services.registers import list_register
from fom.services.reporting import get_report, log_report
from fom.store.tables import MovementPlan
from tests.services.ground import ON_EAST, feature, make_host, write
from tests.services.people import AMINA, HOUR, PARTNER, PATROL, T0, draft, hazard, new_id, person

MOVCON = person("mona", "movement_control", unit="LOG")
PLANNER = person("pavel", "movement_control", unit="BN1", clearance="strictly_confidential")
CHIEF = person("cora", "chief_joc", unit="JOC", clearance="strictly_confidential")
DRIVER, STRANGER = person("dino", "reporter", unit="BN1"), person("stan", "reporter", unit="BN2")
WAY = [{"id": name, "direction": "forward"} for name in ("west", "middle", "east")]


def values(host: Any, **changed: Any) -> dict[str, Any]:
    """A convoy over west, middle and east that leaves in an hour."""
    ways = [{"title": "Best", "segments": WAY, "distance_m": 3300.0, "duration_s": 300.0}]
    return {
        "id": new_id(), "code": f"MV-{new_id()[:6]}", "purpose": "convoy", "user_class": "mission_military",
        "planned_start": format_instant(T0 + HOUR), "planned_end": format_instant(T0 + 2 * HOUR), "unit": "BN1",
        "vehicles": [{"class": "truck_le_10t", "count": 4}], "ways": ways,
        "planned_as": {"network": host.network.network_id}, **changed,
    }  # fmt: skip


def plan(database: Any, host: Any, *, actor: Any = MOVCON, now: int = T0, **changed: Any) -> dict[str, Any]:
    with database.writing() as session:
        saved = plan_movement(session, values(host, **changed), version=None, actor=actor, now=now)
    host.follow()
    return saved


def report(database: Any, host: Any, *records: Any, actor: Any = PATROL, now: int = T0) -> None:
    with database.writing() as session:
        log_report(session, draft(*records), actor=actor, now=now, network=host.network)
    host.follow()


def seen(database: Any, host: Any, movement: Any, actor: Any = MOVCON) -> dict[str, Any]:
    with database.reading() as session:
        one = get_movement(session, movement["id"], actor=actor, now=host.now())
        return read_movement(session, host, one, actor=actor)


def receipts(database: Any, movement: Any) -> list[dict[str, Any]]:
    with database.reading() as session:
        return list_advice(session, [movement["id"]]).get(movement["id"], [])


def test_a_movement_is_planned_with_the_profile_of_its_heaviest_vehicle(ground):
    database, host, _ = ground
    saved = plan(database, host)
    assert (saved["profile"], saved["phase"], saved["escort"], saved["version"]) == ("P5", "cleared", "none", 1)
    shown = seen(database, host, saved)
    assert (shown["outlook"]["state"], shown["outlook"]["advice"]) == ("O", [])


def test_every_bad_member_of_a_plan_is_named_at_once(ground):
    database, host, _ = ground
    with pytest.raises(InvalidInput) as refused:
        plan(database, host, purpose="holiday", escort="given", vehicles=[{"class": "tank", "count": 1}], colour="red")
    assert {e.field for e in refused.value.errors} == {"purpose", "escort_by", "vehicles[0].class", "colour"}


# advice


def test_a_report_on_the_way_makes_advice_appear_once_whoever_saw_it_first(ground):
    database, host, clock = ground
    movement = plan(database, host)
    other_host = make_host(database, clock)
    watches = [MovementWatch(database, lambda: host), MovementWatch(database, lambda: other_host)]
    assert [watch.look() for watch in watches] == [0, 0]
    report(database, host, hazard(at=ON_EAST))
    other_host.follow()
    assert sum(watch.look() for watch in watches) == 1
    assert sum(watch.look() for watch in watches) == 0
    late = MovementWatch(database, lambda: host)
    assert late.look() == 0, "a process that starts later tells nothing again"
    (told,) = receipts(database, movement)
    assert told["state"] == "RED"
    assert told["text"].startswith("an unnamed road, km 2–3 of the way turned restricted 1200Z (was open): 2 km from")
    outlook = seen(database, host, movement)["outlook"]
    assert (outlook["state"], [a["kind"] for a in outlook["advice"]]) == ("R", ["state"])


def test_the_second_of_two_changes_is_told_by_itself_also_when_both_come_at_once(ground):
    database, host, _ = ground
    movement = plan(database, host)
    watch = MovementWatch(database, lambda: host)
    watch.look()
    report(database, host, hazard(at=ON_EAST), now=T0 + 1)
    report(database, host, hazard(at=(30.005, 5.0), grade="A1"), actor=AMINA, now=T0 + 2)
    assert watch.look() == 2
    assert [row["state"] for row in receipts(database, movement)] == ["BLACK", "RED"]


def test_news_beside_the_way_behind_it_or_of_what_is_closed_is_no_advice(ground):
    database, host, clock = ground
    movement = plan(database, host)
    done = plan(database, host)
    with database.writing() as session:
        depart_movement(session, movement["id"], version=1, actor=DRIVER, now=T0)
        said = {"outcome": "cancelled_other"}
        close_movement(session, host, done["id"], said, version=1, actor=MOVCON, now=T0)
    host.follow()
    watch = MovementWatch(database, lambda: host)
    watch.look()
    clock.now = T0 + round(2.4 * MINUTE_US)  # it is on the second road
    report(database, host, hazard(at=(30.105, 5.0)), now=clock.now)
    report(database, host, hazard(at=(30.005, 5.0)), now=clock.now)
    assert watch.look() == 0
    assert receipts(database, movement) == receipts(database, done) == []


def test_nobody_is_taken_to_have_passed_a_road_that_was_known_to_be_shut(ground):
    database, host, clock = ground
    movement = plan(database, host)
    report(database, host, hazard(at=(30.015, 5.0)))
    with database.writing() as session:
        depart_movement(session, movement["id"], version=1, actor=DRIVER, now=T0)
    host.follow()
    clock.now = T0 + 5 * MINUTE_US  # by its plan it is on the third road
    outlook = seen(database, host, movement)["outlook"]
    assert outlook["state"] == "R"
    assert outlook["at_m"] == pytest.approx(float(host.network.length_m[0]), abs=1)


def test_an_underway_movement_is_told_how_far_ahead(ground):
    database, host, clock = ground
    movement = plan(database, host)
    with database.writing() as session:
        depart_movement(session, movement["id"], version=1, actor=DRIVER, now=T0)
    host.follow()
    watch = MovementWatch(database, lambda: host)
    watch.look()
    clock.now = T0 + MINUTE_US // 2
    report(database, host, hazard(at=ON_EAST), now=clock.now)
    assert watch.look() == 1
    assert "km ahead of km" in receipts(database, movement)[0]["text"]


def test_a_curfew_on_the_way_says_when_to_leave(ground):
    database, host, _ = ground
    movement = plan(database, host)
    window = {"start": format_instant(T0 + HOUR // 2), "end": format_instant(T0 + 3 * HOUR)}
    curfew = feature(
        "curfew", "control", received=T0, occurred=format_instant(T0), control="order", effect="prohibited",
        user_classes=["all"], segments=[{"id": "middle"}], grade="A1", **window,
    )  # fmt: skip
    write(database, curfew, now=T0)
    host.follow()
    outlook = seen(database, host, movement)["outlook"]
    assert outlook["state"] == "X"
    (leave,) = [a for a in outlook["advice"] if a["kind"] == "leave"]
    assert leave["before"] < T0 + HOUR // 2 < leave["before"] + 5 * MINUTE_US
    assert leave["after"] <= T0 + 3 * HOUR + 1
    assert leave["text"].startswith("leave before 122")


def test_a_way_with_a_road_that_is_no_longer_on_the_map_is_never_open(ground):
    database, host, _ = ground
    ways = [{"title": "Best", "segments": [*WAY, {"id": "gone", "direction": "forward"}], "distance_m": 4400.0}]
    outlook = seen(database, host, plan(database, host, ways=ways))["outlook"]
    assert (outlook["state"], outlook["is_passable"], outlook["advice"][0]["kind"]) == ("?", False, "lost")


def test_a_better_alternate_is_named(ground):
    database, host, _ = ground
    ways = [
        {"title": "Best", "segments": WAY, "distance_m": 3300.0},
        {"title": "Alternate 1", "segments": [*WAY[:2], {"id": "apart", "direction": "forward"}], "distance_m": 3300.0},
    ]
    movement = plan(database, host, ways=ways)
    report(database, host, hazard(at=ON_EAST))
    (advice,) = seen(database, host, movement)["outlook"]["advice"]
    assert "; alternate 1 keeps open, +0 min" in advice["text"]


def test_an_advice_is_acknowledged_once_by_the_unit_or_movement_control(ground):
    database, host, _ = ground
    movement = plan(database, host)
    watch = MovementWatch(database, lambda: host)
    watch.look()
    report(database, host, hazard(at=ON_EAST))
    watch.look()
    number = receipts(database, movement)[0]["number"]
    with database.writing() as session, pytest.raises(NotFound):
        acknowledge_advice(session, number, actor=STRANGER, now=T0)
    for actor in (DRIVER, MOVCON):
        with database.writing() as session:
            acknowledge_advice(session, number, actor=actor, now=T0)
    assert receipts(database, movement)[0]["acknowledged_by"] == DRIVER.person


def test_the_desk_is_told_how_many_are_held(ground):
    database, host, _ = ground
    plan(database, host), plan(database, host), plan(database, host, purpose="patrol")
    east, apart = (host.network.find_segment(name) for name in ("east", "apart"))
    with database.reading() as session:
        touched = affected_movements(session, host, [east], actor=MOVCON)
        assert affected_movements(session, host, [apart], actor=MOVCON) == []
    assert affected_words(touched) == "1 patrol and 2 convoys on it"
    report(database, host, hazard(at=ON_EAST))
    with database.reading() as session:
        assert affected_words(affected_movements(session, host, [east], actor=MOVCON)) == "1 patrol and 2 convoys held"
        assert affected_movements(session, host, [east], actor=STRANGER) == []


# clearances, leaving, closing


def test_clearances_decide_the_phase_and_a_stale_answer_is_refused(ground):
    database, host, _ = ground
    movement = plan(database, host, control_level="dispatch")
    assert movement["phase"] == "planned"
    asked = {"id": new_id(), "asked_of": "Army HQ, sector east", "party": "host_armed_forces"}
    with database.writing() as session:
        first = ask_clearance(session, movement["id"], asked, actor=MOVCON, now=T0)
        assert ask_clearance(session, movement["id"], asked, actor=MOVCON, now=T0) == first
        answer_clearance(session, first["id"], {"answer": "given"}, version=1, actor=MOVCON, now=T0)
        assert get_movement(session, movement["id"], actor=MOVCON, now=T0)["phase"] == "cleared"
    with database.writing() as session, pytest.raises(Conflict):
        answer_clearance(session, first["id"], {"answer": "refused"}, version=1, actor=MOVCON, now=T0)
    with database.writing() as session, pytest.raises(NotPermitted):
        ask_clearance(session, movement["id"], {**asked, "id": new_id()}, actor=DRIVER, now=T0)


def ended(**changed: Any) -> dict[str, Any]:
    times = {"actual_start": format_instant(T0 - HOUR), "actual_end": format_instant(T0 - HOUR // 2)}
    return {"outcome": "proceeded", "travelled": "planned", **times, **changed}


def close(database: Any, host: Any, movement: Any, actor: Any = DRIVER, version: int = 1, **changed: Any) -> Any:
    with database.writing() as session:
        closed = close_movement(
            session, host, movement["id"], ended(**changed), version=version, actor=actor, now=host.now()
        )
    host.follow()
    return closed


def test_travelled_as_planned_is_a_passage_without_track_and_counts_in_the_index(ground):
    database, host, _ = ground
    movement = plan(database, host)
    closed = close(database, host, movement)
    with database.reading() as session:
        (record,) = get_report(session, closed["report_id"], actor=AMINA)["records"]
        index = read_index(session, actor=AMINA, now=host.now() + 3 * HOUR)
    said = record["properties"]
    assert [s["id"] for s in said["segments"]] == ["west", "middle", "east"]
    assert (said["kind"], said["track"], said["passed"], said.get("grade")) == ("verification", "stated", "P5", None)
    assert said["occurred"] == format_instant(T0 - HOUR), "no fresher than the departure"
    assert said["unimpeded"] is True
    assert (index["all"]["value"], index["all"]["attempted"]) == (1.0, 1)


def test_a_long_passage_is_told_in_pieces_as_old_as_their_beginnings(ground):
    database, host, clock = ground
    clock.now = T0 + 20 * HOUR
    slow = [{"title": "Best", "segments": WAY * 40, "distance_m": 132_000.0}]  # to and fro for two hours
    movement = plan(database, host, ways=slow)
    start, end = T0, T0 + 12 * HOUR
    closed = close(database, host, movement, actual_start=format_instant(start), actual_end=format_instant(end))
    with database.reading() as session:
        records = get_report(session, closed["report_id"], actor=AMINA)["records"]
    occurred = [record["properties"]["occurred"] for record in records]
    assert len(occurred) > 1
    assert min(occurred) == format_instant(start)
    assert max(occurred) < format_instant(end)


def test_what_was_turned_back_verifies_up_to_where_it_was_stopped(ground):
    database, host, _ = ground
    movement = plan(database, host)
    closed = close(database, host, movement, outcome="turned_back", stop_km=1.5, party="host_police")
    with database.reading() as session:
        (record,) = get_report(session, closed["report_id"], actor=AMINA)["records"]
    segments = record["properties"]["segments"]
    assert [s["id"] for s in segments] == ["west", "middle"]
    assert segments[1]["to_m"] == pytest.approx(1500 - float(host.network.length_m[0]), abs=1)
    assert not record["properties"].get("unimpeded")
    other = close(database, host, plan(database, host), outcome="turned_back")
    assert other["report_id"] is None, "where it was stopped was not said"


def test_cancelled_without_clearance_is_no_passage_and_counts_as_denied(ground):
    database, host, clock = ground
    for outcome in ("cancelled_no_clearance", "cancelled_other"):
        closed = close(database, host, plan(database, host), outcome=outcome, party="local_authority")
        assert (closed["report_id"], closed["actual_start"]) == (None, None)
    clock.now = T0 + 3 * HOUR
    with database.reading() as session:
        index = read_index(session, actor=AMINA, now=clock.now)
    assert (index["all"]["value"], index["all"]["attempted"], index["all"]["denied"]) == (0.0, 1, 1)
    (party,) = index["party"]
    assert (party["key"], party["attempted"], party["interval"][0]) == ("local_authority", 1, 0.0)


def test_of_two_closers_the_second_learns_what_differs(ground):
    database, host, _ = ground
    movement = plan(database, host)
    first = close(database, host, movement)
    assert close(database, host, movement)["version"] == first["version"], "sent twice it is one close-out"
    with pytest.raises(Conflict) as refused:
        close(database, host, movement, actor=MOVCON, outcome="turned_back", delay_min=30)
    differs = {row["field"]: (row["yours"], row["stored"]) for row in refused.value.details["differs"]}
    assert differs == {"outcome": ("turned_back", "proceeded"), "delay_min": (30.0, None)}
    with database.reading() as session:
        assert get_movement(session, movement["id"], actor=MOVCON, now=T0)["outcome"] == "proceeded"


def test_a_change_made_from_an_older_version_is_refused_and_a_closed_one_is_not_planned_again(ground):
    database, host, _ = ground
    first = values(host)
    with database.writing() as session:
        plan_movement(session, first, version=None, actor=MOVCON, now=T0)
        changed = {**first, "notes": "rest at the ford"}
        assert plan_movement(session, changed, version=1, actor=MOVCON, now=T0)["notes"] == "rest at the ford"
    with database.writing() as session, pytest.raises(Conflict):
        plan_movement(session, first, version=1, actor=PLANNER, now=T0)
    close(database, host, first, version=2)
    with database.writing() as session, pytest.raises(InvalidInput):
        plan_movement(session, first, version=3, actor=MOVCON, now=T0)


# who sees what


def relief(**changed: Any) -> dict[str, Any]:
    return {"purpose": "humanitarian", "user_class": "humanitarian", "unit": "REL", **changed}


def test_a_unit_sees_its_own_a_partner_what_he_notified_and_what_is_shared(ground):
    database, host, _ = ground
    own = plan(database, host, **relief(), actor=PARTNER)
    plan(database, host)
    plan(database, host, classification="strictly_confidential", actor=PLANNER)
    shared = plan(database, host, classification="unclassified", unit="BN2")
    for actor, count in ((MOVCON, 3), (DRIVER, 2), (STRANGER, 1), (PARTNER, 2), (PLANNER, 4)):
        with database.reading() as session:
            rows = list_movements(session, actor=actor, now=T0)
            assert len(rows) == count, actor.name
            assert len(list_register(session, "movement", actor=actor)) == count
    with database.writing() as session:
        again = {**values(host), **relief(), "id": own["id"], "code": own["code"], "notes": "meet at the gate"}
        plan_movement(session, again, version=1, actor=MOVCON, now=T0)
        assert get_movement(session, own["id"], actor=PARTNER, now=T0)["notes"] == "meet at the gate"
    wanted = {**values(host), **relief(), "id": shared["id"], "code": shared["code"]}
    with database.writing() as session, pytest.raises(NotPermitted):
        plan_movement(session, wanted, version=1, actor=PARTNER, now=T0)
    with pytest.raises(InvalidInput):
        plan(database, host, actor=PARTNER)
    with pytest.raises(NotFound):
        close(database, host, plan(database, host), actor=STRANGER)


def test_a_restricted_reason_is_told_as_such(ground):
    database, host, _ = ground
    movement = plan(database, host, classification="unclassified")
    with database.writing() as session:
        log_report(session, draft(hazard(at=ON_EAST), classification="strictly_confidential"), actor=PATROL, now=T0)
    host.follow()
    (run,) = seen(database, host, movement, PARTNER)["outlook"]["runs"]
    assert (run["state"], run["reasons"][0]["text"]) == ("R", "restricted reason, contact JOC")


def test_ways_are_not_kept_longer_than_ninety_days(ground):
    database, host, _ = ground
    movement = plan(database, host)
    close(database, host, movement)
    plan(database, host)
    with database.writing() as session:
        assert purge_ways(session, now=T0 + KEPT_US) == 0
        assert purge_ways(session, now=T0 + 2 * HOUR + KEPT_US + DAY_US) == 2
        kept = session.get_one(MovementPlan, movement["id"])
        assert (kept.ways, kept.origin, kept.planned_as) == (None, None, None)
        assert get_movement(session, movement["id"], actor=MOVCON, now=T0)["outcome"] == "proceeded"
        assert purge_ways(session, now=T0 + 2 * KEPT_US) == 0


# board and week


def test_the_board_has_a_column_for_each_phase_and_the_week_shows_who_meets(ground):
    database, host, _ = ground
    there = plan(database, host)
    back = [{"id": s["id"], "direction": "backward"} for s in reversed(WAY)]
    ways = [{"title": "Best", "segments": back, "distance_m": 3300.0}]
    other = plan(database, host, ways=ways, control_level="dispatch", purpose="patrol")
    close(database, host, plan(database, host))
    with database.reading() as session:
        board = read_board(session, host, actor=MOVCON)
        week = read_week(session, host, T0 // DAY_US * DAY_US, actor=MOVCON)
    assert {c["phase"]: len(c["rows"]) for c in board["columns"]} == {
        "planned": 1, "cleared": 1, "under_way": 0, "due": 0, "closed": 1
    }  # fmt: skip
    (met,) = week["meetings"]
    assert {met["first"]["id"], met["second"]["id"]} == {there["id"], other["id"]}
    assert week["count"] == 3
