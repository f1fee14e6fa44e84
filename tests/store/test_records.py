"""Records in the database: exactly what the facts format says goes in and comes out, found by place and time."""

from __future__ import annotations

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from fom.domain.facts_file import format_record, parse_record
from fom.domain.instants import format_instant
from fom.store import records, reports
from fom.store.changes import add_change, list_changes, receipt_moment
from fom.store.database import Database

T0 = 1_773_144_000_000_000
HOUR = 3_600_000_000


def feature(record_id: str, kind: str = "incident", *, received: int = T0, geometry=None, **properties):
    """Return a checked feature with safe defaults."""
    if kind == "incident":
        properties = {"type": "crossfire", **properties}
    if geometry is not None:
        properties = {"location": {"method": "gps"}, **properties}
    whole = {
        "type": "Feature",
        "id": record_id,
        "geometry": geometry,
        "properties": {"kind": kind, "received": format_instant(received), **properties},
    }
    return format_record(parse_record(whole))


def point(lon: float, lat: float):
    return {"type": "Point", "coordinates": [lon, lat]}


def store(database: Database, *features, at: int = T0) -> int:
    with database.writing() as session:
        change = add_change(session, "record", at=receipt_moment(session, at), record_ids=[f["id"] for f in features])
        records.insert_records(session, features, records.Provenance(change_number=change))
    return change


def retraction(record_id: str, target: str, *signed: str, received: int = T0):
    return feature(record_id, "retraction", received=received, target=target, signed_by=list(signed or ["a"]))


IED, MINE = {"class": "ied"}, {"class": "mine"}
EXAMPLES = [
    feature("e", "explosive", geometry=point(30.0105, 5.0004), hazard="item", **IED, grade="C3", origin="p"),
    feature("p", "physical", damage="flooded", depth_m=None, segments=[{"id": "s1", "from_m": 10, "to_m": 20.5}]),
    feature("o", "control", control="order", effect="permission", user_classes=["all"], segments=[{"id": "s1"}],
            recurring={"from": "18:00", "to": "06:00", "days": ["mon"], "zone": "+03:00"}),
    feature("m", "explosive", hazard="item", **MINE, location={"method": "mgrs", "mgrs": "35N RF 12345 12345"}),
    feature("v", "verification", strength="own_patrol_traverse", occurred="2026-03-10T11:00:00.000001Z", passed=None,
            segments=[{"id": "s1"}], crossed=["p"], authenticated=True),
    feature("i", occurred="2026-03-09T11:00:00Z", meta={"unit": "x"}, by="someone"),
]  # fmt: skip


def test_every_kind_comes_back_exactly_as_it_went_in(database):
    store(database, *EXAMPLES)
    with database.reading() as session:
        back = {row.id: records.feature_of(row) for row in records.list_known(session)}
    assert back == {f["id"]: f for f in EXAMPLES}
    assert [parse_record(f) for f in back.values()] == [parse_record(f) for f in EXAMPLES]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lon=st.floats(-180, 180).filter(lambda x: x != 0),
    lat=st.floats(-90, 90),
    moment=st.integers(T0 - 10**15, T0),
)
def test_positions_and_moments_keep_every_bit(database, lon, lat, moment):
    record_id = f"{lon!r} {lat!r} {moment}"
    with database.writing() as session:
        if records.find_record(session, record_id) is None:
            change = add_change(session, "record", at=receipt_moment(session, T0))
            whole = feature(record_id, geometry=point(lon, lat), received=moment)
            records.insert_records(session, [whole], records.Provenance(change_number=change))
    with database.reading() as session:
        row = records.find_record(session, record_id)
        assert (row.geometry.x, row.geometry.y, row.received) == (lon, lat, moment)
        assert math.copysign(1, row.geometry.x) == math.copysign(1, lon)


def test_records_are_found_where_they_lie_also_across_the_date_line(database):
    store(
        database,
        feature("west", geometry=point(-179.9, 5)),
        feature("east", geometry=point(179.9, 5)),
        feature("here", geometry=point(30, 5)),
        feature("nowhere"),
    )

    def found(*bbox):
        with database.reading() as session:
            return {row.id for row in records.list_present(session, ["incident"], known_at=T0, bbox=bbox)}

    assert found(29, 4, 31, 6) == {"here"}
    assert found(179, 4, -179, 6) == {"west", "east"}
    assert found(-180, -90, 180, 90) == {"west", "east", "here"}
    assert found(40, 4, 41, 6) == set()


def test_a_retraction_hides_from_its_receipt_on_and_not_before(database):
    store(database, feature("i"))
    store(database, retraction("r", "i", received=T0 + HOUR), at=T0 + HOUR)
    store(database, retraction("rr", "r", received=T0 + 2 * HOUR), at=T0 + 2 * HOUR)

    def present(known_at: int) -> bool:
        with database.reading() as session:
            return bool(records.list_present(session, ["incident"], known_at=known_at))

    assert [present(T0 + h * HOUR) for h in (-1, 0, 1, 2)] == [False, True, False, True]


def test_records_since_a_moment_neither_happened_nor_came_before_it(database):
    early, late = format_instant(T0 - HOUR), format_instant(T0 + HOUR)
    store(
        database,
        feature("old news", occurred=early, received=T0 + HOUR),
        feature("new", occurred=late, received=T0 + HOUR),
        feature("undated", received=T0 + HOUR),
        feature("came before", received=T0 - HOUR),
    )
    with database.reading() as session:
        found = records.list_present(session, ["incident"], known_at=T0 + HOUR, since=T0)
    assert [row.id for row in found] == ["new", "undated"]


@pytest.mark.parametrize("n_others", [1, 1200], ids=["few", "more than one statement asks for"])
def test_what_is_said_about_records_is_found_once_and_in_order(database, n_others):
    others = [f"x{n}" for n in range(n_others)]
    store(database, *(feature(name) for name in ["a", "b", "c", *others]))
    acts = [
        feature(
            f"act{n}", "closing_act", act="lifted", authority="joc", closes=closes, signed_by=["p"], received=T0 + n
        )
        for n, closes in enumerate([["b", others[0]], ["c"], ["a", "b"]])
    ]
    store(database, *acts, retraction("r", "act2", received=T0 + 2 * HOUR), at=T0 + 2 * HOUR)

    def about(*ids: str, known_at: int) -> list[str]:
        with database.reading() as session:
            return [row.id for row in records.list_present(session, ["closing_act"], known_at=known_at, about=ids)]

    assert about("a", "b", *others, known_at=T0 + HOUR) == ["act0", "act2"]
    assert about("a", "b", *others, known_at=T0 + 2 * HOUR) == ["act0"]
    assert about(known_at=T0 + HOUR) == []


@pytest.mark.parametrize(("signers", "hidden"), [(("a",), False), (("a", "b"), True)])
def test_a_retraction_of_a_hazard_by_one_person_hides_nothing(database, signers, hidden):
    store(database, EXAMPLES[0], retraction("r", "e", *signers))
    with database.reading() as session:
        assert (records.list_present(session, ["explosive"], known_at=T0) == []) is hidden


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "rumour"},
        {"classification": "secret"},
        {"grade": "G7"},
        {"received": None},
        {"max_lon": 181.0},
        {"change_number": 99},
        {"id": "taken"},
        {"report_id": "no such report", "report_version": 1},
    ],
)
def test_the_database_itself_refuses_what_cannot_be(database, change):
    change_number = store(database, feature("taken"))
    row = records.row_of(feature("new", geometry=point(30, 5)), records.Provenance(change_number=change_number))
    for name, value in change.items():
        setattr(row, name, value)
    with pytest.raises((IntegrityError, DBAPIError)), database.writing() as session:
        session.add(row)


def test_a_reference_leads_to_a_record(database):
    with pytest.raises(IntegrityError):
        store(database, retraction("r", "nothing"))


def plan_of(database: Database, run) -> str:
    """Return the query plans of the statements that `run(session)` sends."""
    statements: list[tuple[str, object]] = []

    def note(conn, cursor, statement, parameters, context, many):
        statements.append((statement, parameters))

    with database.reading() as session:
        event.listen(database.engine, "before_cursor_execute", note)
        run(session)
        event.remove(database.engine, "before_cursor_execute", note)
        prefix = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN "
        connection = session.connection()
        if not database.is_sqlite:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        return "\n".join(
            str(row[-1 if database.is_sqlite else 0])
            for statement, parameters in statements
            if statement.lstrip().startswith("SELECT")
            for row in connection.exec_driver_sql(prefix + statement, parameters)
        )


QUESTIONS = {
    "what changed": lambda s: records.list_of_changes(s, after=5, up_to=9),
    "the next changes": lambda s: list_changes(s, after=5),
    "one record": lambda s: records.find_record(s, "i7"),
    "what was said of it": lambda s: records.list_about(s, "i7"),
    "what was said of some": lambda s: records.list_present(s, ["grade"], known_at=T0, about=["i7", "i9"]),
    "in a box": lambda s: list(records.list_present(s, ["incident"], known_at=T0, bbox=(30, 5, 30.01, 5.01))),
    "of a report": lambda s: reports.list_version_records(s, "a version"),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_questions_are_answered_by_an_index_not_by_reading_the_table(database, question):
    features = [feature(f"i{n}", geometry=point(30 + n / 1000, 5 + n / 1000)) for n in range(400)]
    for start in range(0, 400, 40):
        store(database, *features[start : start + 40])
    with database.writing() as session:
        session.execute(text("ANALYZE"))
    plan = plan_of(database, QUESTIONS[question])
    scan = "SCAN {}\n" if database.is_sqlite else "Seq Scan on {} "
    assert plan
    assert not any(scan.format(table) in plan + "\n" for table in ("record", "change")), plan
    if question == "in a box":
        assert ("VIRTUAL TABLE INDEX" if database.is_sqlite else "ix_record_geometry") in plan
