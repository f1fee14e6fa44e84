"""The queue of the desk: what accepting a report would do to movement, what comes first, what has waited too long."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from fom.domain.instants import MINUTE_US, format_instant
from fom.domain.mgrs_grid import read_square
from fom.domain.states import State
from fom.errors import KeptConflict, NotPermitted
from fom.routing.router import Router
from fom.services import queue as queue_module
from fom.services.desk_item import look_into
from fom.services.effects import GRADES, Bench
from fom.services.judging import grade_record, link_records, unlink_records
from fom.services.key_routes import define_key_route
from fom.services.pending import confirm_pending
from fom.services.queue import list_queue
from fom.services.reporting import log_report
from fom.services.suggesting import compare, suggest_links, supported_among
from fom.store.records import find_record
from fom.store.tables import RecordRow
from tests.services.ground import Clock, make_host, settle
from tests.services.people import (
    AMINA,
    BASIL,
    CHIEF,
    HOUR,
    PARTNER,
    PATROL,
    T0,
    draft,
    hazard,
    incident,
    new_id,
    passage,
)

WEST, MIDDLE, EAST, APART = (30.005, 5.0), (30.015, 5.0), (30.025, 5.0), (30.105, 5.0)


TOLL = {
    "type": "Feature",
    "geometry": None,
    "properties": {"kind": "control", "control": "toll", "delay_min": 20, "segments": [{"id": "east"}]},
}


@pytest.fixture
def ground(database):
    """Return (database, host, clock) on the settled area; MSR HERON runs over west and middle."""
    settle(database)
    clock = Clock()
    host = make_host(database, clock)
    with database.writing() as session:
        values = {"id": new_id(), "code": "MSR HERON", "name": "Heron", "via": [[30.0, 5.0], [30.02, 5.0]]}
        router = Router(host.network)
        define_key_route(session, values, version=None, actor=CHIEF, now=T0 - HOUR, network=host.network, router=router)
    host.follow()
    return database, host, clock


def send(ground, *records, actor=PATROL, at=T0, **rest):
    """Send a report and return its id and those of its records."""
    database, host, _ = ground
    with database.writing() as session:
        logged = log_report(session, draft(*records, **rest), actor=actor, now=at)
    host.follow()
    return logged.report_id, *logged.record_ids


def blocked_road(segment):
    properties = {"kind": "physical", "damage": "blocked", "segments": [{"id": segment}]}
    return {"type": "Feature", "geometry": None, "properties": properties}


def queue(ground, *, actor=AMINA, after=0):
    database, host, clock = ground
    clock.now = T0 + after
    with database.reading() as session:
        return list_queue(session, host, actor=actor, now=clock.now).lines


def letters(waiting):
    first = waiting.effect.first
    return first.before.name, first.now.name, first.after.name


def test_a_suspected_item_shows_the_road_without_it_and_with_it(ground):
    report_id, _ = send(ground, hazard(at=WEST))
    (line,) = queue(ground)
    assert (line.key, letters(line)) == (report_id, ("GREEN", "RED", "RED"))
    first = line.effect.first
    assert (first.route, first.segment_id, first.from_km, first.to_km) == ("MSR HERON", "west", 0.0, 1.1)
    assert line.proposals[line.rows[0].id].grade == "B3"


def test_a_passage_without_a_track_opens_a_road_only_once_accepted(ground):
    _, host, clock = ground
    clock.now = T0 + 200 * HOUR
    host.tick()
    send(ground, passage("east", occurred=T0 + 199 * HOUR, track="stated"), at=T0 + 200 * HOUR)
    (line,) = queue(ground, after=200 * HOUR)
    assert letters(line) == ("GREY", "GREY", "GREEN")
    assert line.effect.first.route is None


def test_what_matters_comes_first_whatever_came_first(ground):
    robbed, _ = send(ground, incident(at=EAST), at=T0)
    off, _ = send(ground, hazard(at=APART), at=T0 + 1)
    lost, _ = send(ground, hazard(at=None), at=T0 + 2)
    blocked, _ = send(ground, blocked_road("middle"), at=T0 + 3)
    old, _ = send(ground, hazard(at=WEST), at=T0 + 4)
    young, _ = send(ground, hazard(at=WEST), at=T0 + 5)
    lines = queue(ground, after=MINUTE_US)
    assert [line.key for line in lines] == [old, young, lost, blocked, off, robbed]


@pytest.mark.parametrize(
    ("record", "minutes", "alarm"),
    [
        (hazard(at=WEST), 14, None),
        (hazard(at=WEST), 15, "explosive_key_route"),
        (hazard(at=APART), 600, None),
        (hazard(at=None), 14, None),
        (hazard(at=None), 15, "explosive_no_place"),
        (incident(), 600, None),
        (None, 239, None),
        (None, 240, "no_place"),
    ],
    ids=lambda value: str(value) if isinstance(value, int | str) else None,
)
def test_what_waits_too_long_raises_its_alarm(ground, record, minutes, alarm):
    send(ground, *([] if record is None else [record]))
    (line,) = queue(ground, after=minutes * MINUTE_US)
    assert line.alarm == alarm


def test_a_judged_item_raises_no_alarm_and_leaves(ground):
    database, host, _ = ground
    _, record_id = send(ground, hazard(at=WEST))
    with database.writing() as session:
        grade_record(session, record_id, "B3", actor=AMINA, now=T0 + 1)
    host.follow()
    assert queue(ground, after=HOUR) == []


@pytest.mark.parametrize(
    ("record", "rest", "badge"),
    [
        (incident(occurred="2026-03-10T09:30:00Z"), {}, "late"),
        (incident(), {"device_offset_s": 660.0}, "skewed"),
        (incident(occurred="2026-03-10T14:00:00Z"), {}, "future"),
        (hazard(at=None), {}, "no_place"),
    ],
    ids=["late", "skewed", "future", "no place"],
)
def test_how_a_report_came_is_said_by_a_badge(ground, record, rest, badge):
    send(ground, record, **rest)
    (line,) = queue(ground)
    assert line.badges == (badge,)


def test_a_clock_ten_minutes_off_a_report_in_time_and_one_two_hours_late_carry_no_badge(ground):
    send(ground, incident(occurred="2026-03-10T10:00:01Z"), device_offset_s=-600.0)
    (line,) = queue(ground)
    assert line.badges == ()


def test_contradicting_records_say_so_both_and_the_worse_counts(ground):
    database, host, _ = ground
    _, one = send(ground, hazard(at=WEST))
    _, other = send(ground, hazard(at=WEST, new_emplacement=True))
    with database.writing() as session:
        link_records(session, "conflict", [one, other], actor=AMINA, now=T0 + 1)
    host.follow()
    lines = queue(ground)
    assert [line.badges for line in lines] == [("contradicted",), ("contradicted",)]
    assert {letters(line)[1] for line in lines} == {"RED"}


def test_another_body_under_the_same_id_waits_with_its_badge(ground):
    report_id, _ = send(ground, incident(at=EAST), words="four men")
    with pytest.raises(KeptConflict):
        send(ground, incident(at=EAST), words="five men", id=report_id)
    (line,) = queue(ground)
    assert line.badges == ("two_bodies",)


def test_who_may_not_read_reports_sees_no_queue_and_what_is_hidden_stays_hidden(ground):
    send(ground, hazard(at=WEST), actor=CHIEF, classification="strictly_confidential")
    assert queue(ground, actor=AMINA) == []
    with pytest.raises(NotPermitted):
        queue(ground, actor=PARTNER)


@pytest.mark.parametrize(
    "record",
    [hazard(at=WEST), incident(at=EAST, type="complex_ambush"), passage("apart", occurred=T0, track="stated"), TOLL],
    ids=["item", "ambush", "passage", "toll"],
)
def test_every_grade_does_what_the_desk_said_it_would(ground, record):
    database, host, _ = ground
    _, record_id = send(ground, record)
    with database.reading() as session:
        row = find_record(session, record_id)
        outlook = Bench(session, host, by=AMINA.person).outlook(row)
    assert set(outlook) == set(GRADES)
    for grade in ("A1", "B2", "C3", "E1", "D4", "F5"):
        with database.writing() as session:
            outcome = grade_record(session, record_id, grade, actor=AMINA, now=T0 + 1)
            if outcome.pending_id:
                confirm_pending(session, outcome.pending_id, actor=CHIEF, now=T0 + 2)
        host.follow()
        said = outlook[grade].first
        number = host.network.find_segment(said.segment_id)
        way = ("forward", "backward").index(said.direction)
        shown = State(int(host.states("P3", "mission_military").states[number, way]))
        assert shown == said.after, grade


def test_an_effect_is_worked_out_once_until_a_change_meets_its_road(ground):
    send(ground, hazard(at=WEST))
    first, again = queue(ground)[0], queue(ground)[0]
    assert again.effect is first.effect
    send(ground, hazard(at=APART))
    assert queue(ground)[0].effect is first.effect
    send(ground, hazard(at=WEST, new_emplacement=True))
    assert letters(queue(ground)[0]) == ("RED", "RED", "RED")
    assert letters(queue(ground, after=6 * MINUTE_US)[0]) == ("RED", "RED", "RED")


def test_items_judged_together_read_as_if_each_were_judged_alone(ground):
    database, host, _ = ground
    for at in (WEST, MIDDLE, EAST, APART, WEST, APART):
        send(ground, hazard(at=at))
    send(ground, blocked_road("middle"))
    send(ground, incident(at=EAST, type="complex_ambush"))
    with database.reading() as session:
        rows = session.scalars(select(RecordRow).where(RecordRow.report_id.is_not(None))).all()
        items = [([row], {row.id: "B3"}) for row in rows]
        together = Bench(session, host, by="one").effects(items)
        alone = [Bench(session, host, by=f"other {n}").effect(*item) for n, item in enumerate(items)]
    assert together == alone
    assert len({effect.first.route for effect in together}) == 2


# links


def suggested(ground, record_id, *, actor=AMINA):
    database, _, clock = ground
    with database.reading() as session:
        return suggest_links(session, record_id, actor=actor, now=clock.now + HOUR)


def test_a_suggestion_tells_how_far_and_how_long_apart(ground):
    _, one = send(ground, hazard(at=WEST, occurred=T0))
    _, other = send(ground, hazard(at=(30.0078, 5.0), occurred=T0 - 13 * MINUTE_US))
    (found,) = suggested(ground, one)
    assert found.record["id"] == other
    assert found.is_likely
    assert found.distance_m == pytest.approx(310, abs=2)
    assert found.apart_us == -13 * MINUTE_US
    assert found.doubt_m == 30


@pytest.mark.parametrize(
    ("away_deg", "u", "minutes", "likely"),
    [
        (0.0047, 15, 0, True),
        (0.0049, 15, 0, False),
        (0.0062, 180, 0, True),
        (0.001, 15, 120, True),
        (0.001, 15, 121, False),
    ],
)
def test_likely_is_within_500_m_beyond_both_doubts_and_two_hours(ground, away_deg, u, minutes, likely):
    _, one = send(ground, hazard(at=WEST, occurred=T0))
    far = hazard(at=(WEST[0] + away_deg, 5.0), occurred=T0 - minutes * MINUTE_US)
    far["properties"]["location"] = {"method": "gps", "accuracy_m": u}
    send(ground, far)
    assert [s.is_likely for s in suggested(ground, one)][:1] == ([True] if likely else [False] if minutes > 120 else [])


def test_a_grid_reference_is_a_place_too(ground):
    _, one = send(ground, hazard(at=WEST))
    there = hazard(at=None, location={"method": "mgrs", "mgrs": "36NTL7855353110"})
    square = read_square("36NTL7855353110")
    assert abs(square.lon - WEST[0]) < 1
    _, two = send(ground, hazard(at=(square.lon, square.lat)))
    _, three = send(ground, there)
    assert [s.record["id"] for s in suggested(ground, two)] == [three]
    assert one not in [s.record["id"] for s in suggested(ground, two)]


def everything(host):
    """Return all that is said of every road at one moment, as known now."""
    return host.assess(host.question(at=T0 + HOUR)).answer()["segments"]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    places=st.lists(
        st.tuples(st.sampled_from([WEST, MIDDLE, EAST]), st.sampled_from([None, "police", "un"])),
        min_size=2, max_size=4,
    ),
    relation=st.sampled_from(["duplicate", "same_incident", "conflict"]),
    kind=st.sampled_from([hazard, incident]),
)  # fmt: skip
def test_unlinking_restores_exactly(ground, places, relation, kind):
    database, host, _ = ground
    ids = [send(ground, kind(at=at, **({"origin": origin} if origin else {})))[1] for at, origin in places]
    before = everything(host)
    with database.writing() as session:
        link = link_records(session, relation, ids, actor=AMINA, now=T0).record_id
    host.follow()
    with database.writing() as session:
        outcome = unlink_records(session, link, actor=AMINA, now=T0)
        if outcome.pending_id:
            confirm_pending(session, outcome.pending_id, actor=BASIL, now=T0)
    host.follow()
    assert everything(host) == before


def test_only_what_waits_is_read(ground):
    database, host, _ = ground
    for _ in range(3):
        send(ground, passage("west", occurred=T0 - HOUR))
    send(ground, hazard(at=WEST))
    with database.reading() as session:
        assert len(session.scalars(select(RecordRow)).all()) > 6
        lines = list_queue(session, host, actor=AMINA, now=T0).lines
    assert len(lines) == 1


def test_of_too_many_the_newest_and_the_oldest_are_judged_and_the_rest_is_counted(ground, monkeypatch):
    database, host, clock = ground
    sent = [send(ground, incident(at=WEST), at=T0 + 1)[0]]
    sent += [send(ground, hazard(at=WEST), at=T0 + second)[0] for second in range(2, 8)]
    monkeypatch.setattr(queue_module, "REPORTS_MAX", 5)
    clock.now = T0 + MINUTE_US
    with database.reading() as session:
        found = list_queue(session, host, actor=AMINA, now=clock.now)
    assert {line.key for line in found.lines} == {*sent[1:3], *sent[4:]}
    assert found.left_out == 2
    monkeypatch.setattr(queue_module, "REPORTS_MAX", 7)
    with database.reading() as session:
        found = list_queue(session, host, actor=AMINA, now=clock.now)
    assert {line.key for line in found.lines} == set(sent)
    assert found.left_out == 0


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    told=st.lists(
        st.tuples(
            st.floats(30.0, 30.03), st.sampled_from([15, 400]), st.integers(0, 200),
            st.sampled_from([None, "police", "un"]), st.sampled_from([hazard, incident]),
        ),
        min_size=2, max_size=9,
    )
)  # fmt: skip
def test_support_among_many_is_what_comparing_each_pair_finds(ground, told):
    database, host, _ = ground
    ids = []
    for lon, doubt, minutes, origin, kind in told:
        record = kind(at=(lon, 5.0), **({"origin": origin} if origin else {}))
        record["properties"]["occurred"] = format_instant(T0 - minutes * MINUTE_US)
        record["properties"]["location"] = {"method": "gps", "accuracy_m": doubt}
        ids.append(send(ground, record)[1])
    with database.reading() as session:
        rows = [find_record(session, record_id) for record_id in ids]
        pairs = [(a, b) for a in rows for b in rows if a.id != b.id and a.origin != b.origin]
        expected = {
            a.id for a, b in pairs if (found := compare(a, b, policy=host.policy)) is not None and found.is_likely
        }
        assert supported_among(rows, host.policy) == expected


@pytest.mark.parametrize("is_judged", [False, True])
def test_the_item_proposes_what_its_line_proposes_when_another_origin_tells_the_same(ground, is_judged):
    database, host, _ = ground
    report_id, record_id = send(ground, hazard(at=WEST, origin="patrol"))
    _, other = send(ground, hazard(at=WEST, origin="police"))
    if is_judged:
        with database.writing() as session:
            grade_record(session, other, "C2", actor=AMINA, now=T0 + 1)
        host.follow()
    line = next(line for line in queue(ground, after=MINUTE_US) if line.key == report_id)
    with database.reading() as session:
        item = look_into(session, host, report_id=report_id, actor=AMINA, now=host.now())
    assert line.proposals[record_id].grade == item.waiting.proposals[record_id].grade == "B2"


@pytest.mark.parametrize(
    ("grade", "proposed"), [("F6", "B2"), ("C2", "B2"), ("E1", "B2"), ("E2", "B3"), ("D4", "B3"), ("A5", "B3")]
)
@pytest.mark.parametrize("is_sent_with_it", [False, True])
def test_a_record_that_is_doubtful_or_improbable_itself_supports_nothing(ground, grade, proposed, is_sent_with_it):
    database, host, _ = ground
    said = {"grade": grade} if is_sent_with_it else {}
    report_id, record_id = send(ground, incident(at=WEST, origin="patrol"))
    _, other = send(ground, incident(at=WEST, origin="police", **said), actor=AMINA)
    if not is_sent_with_it:
        with database.writing() as session:
            grade_record(session, other, grade, actor=AMINA, now=T0 + 1)
        host.follow()
    line = next(line for line in queue(ground, after=MINUTE_US) if line.key == report_id)
    assert line.proposals[record_id].grade == proposed


def test_what_is_doubtful_may_still_be_supported_and_the_same_origin_never_supports(ground):
    database, host, _ = ground
    rows = [send(ground, incident(at=WEST, origin=origin))[1] for origin in ("patrol", "police", "police")]
    with database.reading() as session:
        first, second, third = (find_record(session, record_id) for record_id in rows)
    assert supported_among([first, second], host.policy, silent={first.id}) == {first.id}
    assert supported_among([second, third], host.policy) == set()
    assert supported_among([first, second, third], host.policy, silent={first.id}) == {first.id}


def test_what_was_judged_at_another_time_supports_nothing(ground):
    database, _, _ = ground
    report_id, record_id = send(ground, hazard(at=WEST, origin="patrol", occurred=T0))
    _, other = send(ground, hazard(at=WEST, origin="police", occurred=T0 - 3 * HOUR))
    with database.writing() as session:
        grade_record(session, other, "C2", actor=AMINA, now=T0 + 1)
    line = next(line for line in queue(ground, after=MINUTE_US) if line.key == report_id)
    assert line.proposals[record_id].grade == "B3"
