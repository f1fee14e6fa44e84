"""Imports: staged, looked at, published in one transaction, taken back as one; what they show is what then counts."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fom.domain.instants import SECOND_US, format_instant
from fom.domain.track_points import TrackPoint
from fom.errors import Conflict, InvalidInput, NotFound, NotPermitted
from fom.exchange.gpx import GpxTrack
from fom.exchange.tables import read_csv
from fom.services.imports import staging
from fom.services.imports.mappings import fitting_mapping, list_mappings, save_mapping
from fom.services.imports.publishing import confirm_reversal, publish_batch, reverse_batch, waiting_reversals
from fom.services.imports.staging import FileDraft, get_batch, ground_of, list_rows, stage_table, stage_tracks
from fom.services.reporting import get_report, list_reports
from fom.store.audit import verify_chain
from fom.store.imports import batch_records
from tests.services.ground import Clock, make_host, settle
from tests.services.people import AMINA, BASIL, CHIEF, HOUR, PATROL, T0, new_id, person

LONG_MORNING = "2026-03-10 09:00"
INCIDENTS = f"""When,Type,Lat,Long,Remarks
{LONG_MORNING},Armed robbery,5.0001,30.0051,two men
{LONG_MORNING},vol à main armée,5.0001,30.0151,
{LONG_MORNING},picnic,5.0001,30.0251,
not a day,armed_robbery,30.0251,5.0001,
"""


@pytest.fixture
def host(database):
    settle(database)
    clock = Clock()
    made = make_host(database, clock)
    yield made
    made.close()


def file(text: str, form: str, **more: Any) -> FileDraft:
    sha = hashlib.sha256(text.encode()).hexdigest()
    return FileDraft(**{"id": new_id(), "kind": "csv", "form": form, "file_name": "list.csv", "sha256": sha} | more)


def stage(database, host, text: str, form: str, *, mapping: Any = None, actor=AMINA, now=T0, **more: Any) -> dict:
    with database.writing() as session:
        table = read_csv(text.encode())
        draft = file(text, form, **more)
        if mapping is None:
            mapping = staging.suggest(form, table.headers).plain | {"zone": "Z"}
        return stage_table(session, draft, table, mapping=mapping, actor=actor, now=now, ground=ground_of(host))


def publish(database, host, batch: dict, *, actor=AMINA, now=T0 + HOUR, **more: Any) -> dict:
    with database.writing() as session:
        done = publish_batch(
            session, batch["id"], version=more.pop("version", batch["version"]), actor=actor, now=now,
            network=host.network, router=host.router, names=host.names, **more,
        )  # fmt: skip
    host.follow()
    return done


def reverse(database, host, batch: dict, *, actor=AMINA, now=T0 + 2 * HOUR) -> dict:
    with database.writing() as session:
        version = get_batch(session, batch["id"], actor=actor)["version"]
        done = reverse_batch(session, batch["id"], version=version, reason="wrong file", actor=actor, now=now)
    host.follow()
    return done


def rows_of(database, batch: dict, *, actor=AMINA) -> list[dict]:
    with database.reading() as session:
        return list_rows(session, batch["id"], actor=actor)


def test_rows_are_read_in_any_language_and_bad_cells_are_told_in_plain_words(database, host):
    batch = stage(database, host, INCIDENTS, "incident")
    assert batch["counts"] == {"rows": 4, "ready": 2, "errors": 2, "same": 0, "unplaced": 0}
    rows = rows_of(database, batch)
    assert [row["answers"]["type"] for row in rows[:2]] == ["armed_robbery", "armed_robbery"]
    assert rows[0]["words"] == "Remarks: two men"
    (column, came, expected) = rows[2]["errors"][0]
    assert (column, came) == ("Type", "picnic")
    assert "Armed robbery" in expected
    told = {error[0]: error for error in rows[3]["errors"]}
    assert "the other way round: 5°00.006'N 30°01.506'E" in told["Long"][2]
    assert "a date and time" in told["When"][2]


def test_nothing_counts_before_it_is_published_and_then_every_row_is_a_report(database, host):
    batch = stage(database, host, INCIDENTS, "incident")
    host.follow()
    before = host.n_records
    with database.reading() as session:
        assert list_reports(session, actor=AMINA) == []
    publish(database, host, batch)
    assert host.n_records == before + 2
    rows = rows_of(database, batch)
    assert [row["fate"] for row in rows] == ["published", "published", "error", "error"]
    with database.reading() as session:
        report = get_report(session, rows[0]["report_id"], actor=AMINA)
        assert verify_chain(session).is_intact
    (version,) = report["versions"]
    assert report["form"] == "incident"
    assert version["time_text"] == f"{LONG_MORNING} (Z)"
    assert version["place_text"] == "30.0051 5.0001"
    assert report["records"][0]["properties"]["occurred"] == "2026-03-10T09:00:00Z"


def test_a_file_staged_twice_is_one_batch_and_its_rows_are_known_when_they_come_again(database, host):
    draft_id = new_id()
    first = stage(database, host, INCIDENTS, "incident", id=draft_id)
    assert stage(database, host, INCIDENTS, "incident", id=draft_id) == first
    with pytest.raises(Conflict):
        stage(database, host, INCIDENTS + "x", "incident", id=draft_id)
    publish(database, host, first)
    again = stage(database, host, INCIDENTS, "incident")
    assert again["counts"] == {"rows": 4, "ready": 0, "errors": 2, "same": 2, "unplaced": 0}
    assert rows_of(database, again)[0]["same_as"] == "row 2 of the import list.csv"
    with database.reading() as session:
        assert [b["id"] for b in get_batch(session, again["id"], actor=AMINA)["same_file"]] == [first["id"]]
    with pytest.raises(Conflict, match="no row"):
        publish(database, host, again)
    reverse(database, host, first)
    renewed = stage(database, host, INCIDENTS, "incident")
    assert renewed["counts"]["same"] == 0, "what was taken back may come again"


def test_what_was_reported_otherwise_is_known_by_place_and_time(database, host):
    publish(database, host, stage(database, host, INCIDENTS, "incident"))
    other = 'Type,Date,Position\narmed_robbery,10.03.2026 11:00 +02:00,"30.0051, 5.0001"\n'
    batch = stage(database, host, other, "incident")
    assert rows_of(database, batch)[0]["same_as"].startswith("the report ")
    done = publish(database, host, batch, with_same=True)
    assert done["counts"]["published"] == 1


def test_two_editors_notice_each_other_and_a_batch_is_published_once(database, host):
    batch = stage(database, host, INCIDENTS, "incident")
    mapping = {
        "columns": {"When": "occurred", "Type": "type", "Lat": "place.lat", "Long": "place.lon"},
        "zone": "+02:00",
    }
    with database.writing() as session:
        remapped = staging.remap_batch(
            session, batch["id"], mapping, version=1, actor=BASIL, now=T0, ground=ground_of(host)
        )
    assert rows_of(database, batch)[0]["answers"]["occurred"] == "2026-03-10T07:00:00Z"
    with pytest.raises(Conflict, match="meanwhile"):
        publish(database, host, batch)
    publish(database, host, remapped)
    with pytest.raises(Conflict):
        publish(database, host, remapped, version=3)


def test_only_those_who_may_publish_do_and_nobody_sees_a_batch_above_his_clearance(database, host):
    batch = stage(database, host, INCIDENTS, "incident", classification="strictly_confidential", actor=CHIEF)
    with pytest.raises(NotFound):
        rows_of(database, batch)
    mover = person("mover", "movement_control")
    own = stage(database, host, INCIDENTS, "incident", actor=mover)
    with pytest.raises(NotPermitted):
        publish(database, host, own, actor=mover)
    with pytest.raises(NotPermitted):
        stage(database, host, INCIDENTS, "incident", actor=PATROL)


EXPLOSIVE = (
    'When,Hazard,Class,Place\n2026-03-10 08:00,item,mine,"30.005, 5.0"\n2026-03-10 08:00,item,ied,"30.025, 5.0"\n'
)


def test_taking_an_import_of_hazards_back_waits_for_a_second_person(database, host):
    before = states(host)
    batch = stage(database, host, EXPLOSIVE, "explosive")
    publish(database, host, batch)
    with_hazards = states(host)
    assert not np.array_equal(before, with_hazards)
    done = reverse(database, host, batch)
    assert (done["counts"]["retracted"], done["counts"]["proposed"]) == (0, 2)
    assert np.array_equal(states(host), with_hazards), "one signature improves nothing"
    with database.reading() as session:
        assert waiting_reversals(session, batch["id"], actor=AMINA) == {"waiting": 2, "may_confirm": False}
        assert waiting_reversals(session, batch["id"], actor=BASIL) == {"waiting": 2, "may_confirm": True}
    with pytest.raises(NotPermitted), database.writing() as session:
        confirm_reversal(session, batch["id"], actor=AMINA, now=T0 + 3 * HOUR)
    with database.writing() as session:
        assert confirm_reversal(session, batch["id"], actor=BASIL, now=T0 + 3 * HOUR) == 2
    host.follow()
    assert np.array_equal(states(host), before)
    with database.reading() as session:
        assert verify_chain(session).is_intact
        assert {head["triage"] for head in list_reports(session, actor=AMINA)} == {"done"}


def states(host, hours: int = 6) -> np.ndarray:
    question = host.question(T0 + hours * HOUR, T0 + 5 * HOUR, "P3", "mission_military")
    return host.assess(question).states.copy()


PLACES = st.tuples(st.floats(29.99, 30.12), st.floats(4.999, 5.001))
LINES = st.one_of(
    st.tuples(st.just("incident"), st.sampled_from(["armed_robbery", "complex_ambush"]), PLACES),
    st.tuples(st.just("explosive"), st.sampled_from(["mine", "ied"]), PLACES),
    st.tuples(st.just("bridge"), st.sampled_from(["blocked", "washed_out"]), PLACES),
)


@given(st.lists(LINES, min_size=1, max_size=5))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_taking_an_import_back_restores_every_state(database, host, lines):
    before = [states(host, hours) for hours in (6, 100)]
    batches = []
    for form in sorted({line[0] for line in lines}):
        mine = [line for line in lines if line[0] == form]
        header = {"incident": "type", "explosive": "class", "bridge": "damage"}[form]
        text = f"occurred,{header},lon,lat\n" + "".join(
            f"2026-03-10 08:00,{code},{lon:.6f},{lat:.6f}\n" for _, code, (lon, lat) in mine
        )
        mapping = {
            "form": form,
            "columns": {"occurred": "occurred", header: header, "lon": "place.lon", "lat": "place.lat"},
        }
        fixed = {"hazard": "item"} if form == "explosive" else {}
        batch = stage(database, host, text, form, mapping=mapping | {"zone": "Z", "fixed": fixed})
        assert batch["counts"]["errors"] == 0, rows_of(database, batch)
        batches.append(publish(database, host, batch, now=T0 + HOUR, with_same=True))
    for batch in batches:
        done = reverse(database, host, batch)
        if done["counts"]["proposed"]:
            with database.writing() as session:
                confirm_reversal(session, batch["id"], actor=BASIL, now=T0 + 3 * HOUR)
    host.follow()
    for hours, was in zip((6, 100), before, strict=True):
        assert np.array_equal(states(host, hours), was)


# tracks


def track(*lonlat: tuple[float, float], start: int | None = T0 - 2 * HOUR, step_s: int = 30) -> list[TrackPoint]:
    moments = [None if start is None else start + n * step_s * SECOND_US for n in range(len(lonlat))]
    return [TrackPoint(lon, lat, at) for (lon, lat), at in zip(lonlat, moments, strict=True)]


def along(first: float, last: float, lat: float = 5.0, step: float = 0.001) -> list[tuple[float, float]]:
    return [(round(first + n * step, 6), lat) for n in range(round((last - first) / step) + 1)]


ANSWERS = {"strength": "own_patrol_traverse", "user_class": "mission_military", "passed": "P6", "unimpeded": True}


def stage_gpx(database, host, *pieces: list[TrackPoint], **answers: Any) -> dict:
    tracks = [GpxTrack("Morning", tuple(tuple(piece) for piece in pieces))]
    with database.writing() as session:
        return stage_tracks(
            session, file(new_id(), "passage", kind="gpx"), tracks, answers={**ANSWERS, **answers}, actor=AMINA,
            now=T0, ground=ground_of(host),
        )  # fmt: skip


def counted(database, host, batch: dict) -> dict[str, list[tuple[float, float]]]:
    """Return what the picture counts for the records of a batch, by segment."""
    with database.reading() as session:
        ids = [row.id for row in batch_records(session, batch["id"])]
    found: dict[str, list[tuple[float, float]]] = {}
    with host.reading() as picture:
        bindings = picture.moving_basis().bindings
        column = bindings.passages.by_placement()
        rows = zip(*(column(name).tolist() for name in ("placement", "segment", "low", "high")), strict=True)
        for placement, number, low, high in rows:
            if bindings.owners["passages"][placement] in ids:
                found.setdefault(host.network.segment_id(number), []).append((low, high))
    return found


def shown(row: dict) -> dict[str, list[tuple[float, float]]]:
    found: dict[str, list[tuple[float, float]]] = {}
    for part in row["matched"]["covered"]:
        found.setdefault(part["id"], []).append((part["from_m"], part["to_m"]))
    return found


def test_a_track_shows_beforehand_what_the_picture_then_counts(database, host):
    batch = stage_gpx(database, host, track(*along(29.998, 30.025)))
    (row,) = rows_of(database, batch)
    whole = [part["id"] for part in row["matched"]["covered"] if part["is_whole"]]
    assert whole == ["west", "middle"]
    assert row["answers"]["occurred"] == format_instant(T0 - 2 * HOUR + 27 * 30 * SECOND_US)
    publish(database, host, batch)
    assert counted(database, host, batch) == shown(row)
    with database.reading() as session:
        (record,) = get_report(session, rows_of(database, batch)[0]["report_id"], actor=AMINA)["records"]
    assert record["properties"]["track"] == "gps"
    assert record["properties"]["authenticated"] is True


def test_nothing_is_claimed_between_two_points_far_apart(database, host):
    points = track(*along(30.0, 30.012), *along(30.0185, 30.03))
    batch = stage_gpx(database, host, points)
    (row,) = rows_of(database, batch)
    (gap,) = row["matched"]["gaps"]
    assert gap["why"] == "far"
    assert 650 < gap["length_m"] < 800
    middle = shown(row)["middle"]
    assert len(middle) == 2
    assert 600 < middle[1][0] - middle[0][1] < 750
    publish(database, host, batch)
    assert counted(database, host, batch) == shown(row)


@pytest.mark.parametrize(
    ("second", "why"),
    [
        (track(*along(30.006, 30.01), start=T0 - HOUR), "long"),
        (track(*along(30.0065, 30.01), start=T0 - 2 * HOUR + 180 * SECOND_US), "break"),
        (track(*along(30.012, 30.02), start=T0 - 2 * HOUR + 151 * SECOND_US), "jump"),
    ],
)
def test_a_recording_that_stopped_or_jumped_has_a_gap(database, host, second: list[TrackPoint], why: str):
    batch = stage_gpx(database, host, track(*along(30.0, 30.005)), second)
    (row,) = rows_of(database, batch)
    assert [gap["why"] for gap in row["matched"]["gaps"]] == [why]


def test_standing_still_is_no_gap_and_the_next_day_is_another_drive(database, host):
    there = track(*along(30.0, 30.01))
    resting = [TrackPoint(30.01001, 5.0, T0 - HOUR)]
    onward = track(*along(30.011, 30.02), start=T0 - HOUR + 30 * SECOND_US)
    old = track(*along(30.0, 30.01), start=T0 - 30 * HOUR)
    batch = stage_gpx(database, host, old, [*there, *resting, *onward])
    rows = rows_of(database, batch)
    assert len(rows) == 2, "a drive of the day before has its own time and never freshens with the later one"
    assert rows[1]["matched"]["gaps"] == []


def test_parts_away_from_every_road_are_told_and_cover_nothing(database, host):
    detour = [(30.0, 5.0), *along(30.001, 30.004), *along(30.005, 30.007, lat=5.002), *along(30.008, 30.012)]
    (row,) = rows_of(database, stage_gpx(database, host, track(*detour)))
    (away,) = row["matched"]["off_road"]
    assert 400 < away["length_m"] < 800
    assert not any(low < 600 < high for low, high in shown(row)["west"])


def test_a_track_without_times_is_a_stated_way_that_needs_a_time_and_waits_for_a_grade(database, host):
    points = track(*along(29.999, 30.021), start=None)
    (row,) = rows_of(database, stage_gpx(database, host, points))
    assert row["fate"] == "error"
    assert "without times" in row["errors"][0][1]
    batch = stage_gpx(database, host, points, occurred="2026-03-10T10:00:00Z")
    (row,) = rows_of(database, batch)
    before = states(host)
    publish(database, host, batch)
    assert counted(database, host, batch) == shown(row)
    assert np.array_equal(states(host), before)
    with database.reading() as session:
        report = get_report(session, rows_of(database, batch)[0]["report_id"], actor=AMINA)
    assert report["records"][0]["properties"]["track"] == "stated"
    assert report["triage"] == "new"


@given(st.lists(st.tuples(st.floats(29.99, 30.04), st.floats(4.9997, 5.0003)), min_size=2, max_size=30))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_was_recorded_counts_as_it_was_shown(database, host, lonlat):
    batch = stage_gpx(database, host, track(*lonlat, start=T0 - 3 * HOUR, step_s=20))
    rows = rows_of(database, batch)
    if any(row["fate"] == "ready" for row in rows):
        publish(database, host, batch)
    usable = [row for row in rows if row["fate"] == "ready"]
    expected = sorted((k, part) for row in usable for k, parts in shown(row).items() for part in parts)
    found = sorted((k, part) for k, parts in counted(database, host, batch).items() for part in parts)
    assert found == expected


def test_a_mapping_is_kept_by_name_and_found_for_the_next_file_of_its_kind(database, host):
    mapping = {"form": "incident", "columns": {"When": "occurred", "What": "type"}, "zone": "+02:00"}
    with database.writing() as session:
        save_mapping(session, " weekly  list ", mapping, actor=AMINA, now=T0)
        saved = save_mapping(session, "weekly list", mapping | {"order": "dmy"}, actor=BASIL, now=T0)
    with database.reading() as session:
        kept = list_mappings(session, actor=AMINA, form="incident")
    assert [m["name"] for m in kept] == ["weekly list"]
    assert fitting_mapping(kept, ("What", "When", "More")) == saved
    assert fitting_mapping(kept, ("What",)) is None
    with pytest.raises(InvalidInput), database.writing() as session:
        save_mapping(session, "", mapping, actor=AMINA, now=T0)


def test_a_staged_batch_may_fall_and_is_then_never_published(database, host):
    batch = stage(database, host, INCIDENTS, "incident")
    with database.writing() as session:
        staging.drop_batch(session, batch["id"], version=1, actor=AMINA, now=T0)
    with pytest.raises(Conflict):
        publish(database, host, batch, version=2)
    assert json.dumps(rows_of(database, batch))


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("C:\\dir\\a\u202egpx.exe", "agpx.exe"),
        ("../../etc/passwd", "passwd"),
        ("\x00", "without a name"),
        ("a" * 400, "a" * 200),
    ],
)
def test_a_file_name_is_kept_without_its_path_and_without_what_hides_it(sent: str, kept: str):
    assert staging.plain_file_name(sent) == kept
