"""A host that starts from what another kept shows what one that reads everything shows, and is not led astray by it."""

from __future__ import annotations

import random
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest

from fom.domain.facts_file import format_record
from fom.domain.instants import format_instant
from fom.domain.policy import Policy
from fom.domain.profiles import PROFILES
from fom.services.history_mark import mark_of
from fom.services.kept_files import CURRENT, MANIFEST, TEXT, alone
from fom.services.kept_picture import FOLDER, KEEP_AFTER
from fom.services.picture_host import UNKNOWN_ACCESS, PictureHost
from fom.services.policies import publish_first
from fom.store.changes import add_change, receipt_moment
from fom.store.database import Database
from fom.store.records import Provenance, insert_many
from fom.store.schema import upgrade
from tests.picture.drawn_cases import Case, drawn_case
from tests.services.ground import ON_EAST, ON_WEST, Clock, feature, make_network, settle, write
from tests.services.people import CHIEF, DAY, HOUR, T0
from tests.services.policies import publish

SEEDS = range(3)
POINT = {"type": "Point", "coordinates": list(ON_WEST)}


def open_on(database: Database, folder: Path | None, network=None, clock=None) -> PictureHost:
    return PictureHost(database, network or make_network(), clock=clock or Clock(), folder=folder)


def item(record_id: str, at=ON_WEST, *, received: int = T0 - HOUR) -> dict:
    point = {"type": "Point", "coordinates": list(at)}
    own = {"hazard": "item", "class": "ied", "location": {"method": "gps"}}
    return feature(record_id, "explosive", received=received, geometry=point, **own)


def was_kept(host: PictureHost) -> bool:
    return len(host._picture.basis().ledger.shelf) > 0


def same(one: PictureHost, other: PictureHost) -> None:
    assert one.version == other.version
    for pair in (("P3", "mission_military"), ("P6", "humanitarian")):
        np.testing.assert_array_equal(one.states(*pair).states, other.states(*pair).states)
    mine, theirs = (host.assess(host.question(T0, T0)) for host in (one, other))
    assert mine.answer() == theirs.answer()


@pytest.fixture
def kept(database, tmp_path):
    """Return (database, folder) of an area whose picture was kept."""
    settle(database)
    assert open_on(database, tmp_path).keep()
    return database, tmp_path


@pytest.mark.parametrize("seed", SEEDS)
def test_a_drawn_mission_is_the_same_from_what_was_kept(database, tmp_path, seed):
    """Written in three parts: kept after the first, on top of it after the second, opened after the third."""
    case: Case = drawn_case(seed)
    records = [format_record(record) for record in case.facts.records]
    random.Random(seed).shuffle(records)
    late = max(r.received or 0 for r in case.facts.records) + 1
    with database.writing() as session:
        publish_first(session, case.facts.policy, case.facts.profiles, reason="drawn", actor=CHIEF, at=late)
    third = len(records) // 3
    for part in range(3):
        some = records[part * third : (part + 1) * third if part < 2 else None]
        _write_all(database, some, now=late + part)
        one = open_on(database, tmp_path, case.network, Clock(late + DAY))
        two = open_on(database, None, case.network, Clock(late + DAY))
        same(one, two)
        for record in records:
            assert one.access_of(record["id"]) == two.access_of(record["id"])
        if part < 2:
            assert one.keep()
    assert was_kept(one)


def _write_all(database: Database, features, *, now: int) -> None:
    """Write as they are, without what they refer to: that comes in other parts."""
    with database.writing() as session:
        number = add_change(session, "record", at=receipt_moment(session, now))
        classes = ("unclassified", "confidential", "internal")
        insert_many(
            session,
            (
                (f, Provenance(change_number=number, classification=classes[len(f["id"]) % 2], area=f["id"][:1]))
                for f in features
            ),
        )


def test_what_came_since_is_read_and_followed(kept):
    database, folder = kept
    write(database, item("since"), now=T0 + 1)
    host = open_on(database, folder)
    assert was_kept(host)
    same(host, open_on(database, None))
    listener = host.subscribe("P3", "mission_military")
    grade = feature("g", "grade", received=T0, target="passed west", grade="A1", by="x")
    retraction = feature("back", "retraction", received=T0, target="passed apart", signed_by=["a"])
    write(database, item("later", ON_EAST), grade, retraction, now=T0 + 2)
    host.follow()
    same(host, open_on(database, None))
    assert {event.id for event in listener.waiting() if hasattr(event, "id")} >= {"later", "back"}
    assert host.keep()
    same(open_on(database, folder), open_on(database, None))
    assert not host.keep(), "nothing new"


def test_who_may_see_what_is_as_it_was(kept):
    database, folder = kept
    host, plain = open_on(database, folder), open_on(database, None)
    for name in ("passed west", "threat", "dry", "nobody"):
        assert host.access_of(name) == plain.access_of(name)
    assert host.access_of("nobody") == UNKNOWN_ACCESS


def test_what_was_kept_of_another_database_is_not_taken(kept, empty_database):
    """The same changes at the same moments with another record behind one: numbers and counts alone would not tell."""
    database, folder = kept
    write(database, item("one"), now=T0 + 1)
    open_on(database, folder).keep()
    upgrade(empty_database)
    settle(empty_database)
    write(empty_database, item("one", ON_EAST), now=T0 + 1)
    with database.reading() as here, empty_database.reading() as there:
        assert mark_of(here, 2) == mark_of(there, 2)
    host = open_on(empty_database, folder)
    assert not was_kept(host)
    same(host, open_on(empty_database, None))


def test_a_mark_tells_histories_apart(database):
    settle(database)
    with database.reading() as session:
        first = mark_of(session, 1)
        assert first is not None
        assert mark_of(session, 2) is None
    write(database, item("one"), now=T0 + 1)
    with database.reading() as session:
        assert mark_of(session, 1) == first, "what comes later does not change it"
        assert mark_of(session, 2) != first
    with database.writing() as session:
        publish_first(session, Policy(risk_red=0.7), PROFILES, reason="trial", actor=CHIEF, at=T0 + 2)
        later = mark_of(session, 3)
    assert later is not None
    assert later.audit[0] == 1


def test_a_database_that_was_set_back_is_read_again(database, tmp_path):
    """Kept at a later change than there is now, or at one that is another now."""
    settle(database)
    before = _copied(database, tmp_path / "before") if database.is_sqlite else None
    write(database, item("lost in the restore"), now=T0 + 1)
    assert open_on(database, tmp_path).keep()
    if before is None:
        return
    restored = Database(f"sqlite:///{before}")
    assert not was_kept(open_on(restored, tmp_path))
    same(open_on(restored, tmp_path), open_on(restored, None))
    write(restored, item("another", ON_EAST), now=T0 + 1)
    assert not was_kept(open_on(restored, tmp_path))
    same(open_on(restored, tmp_path), open_on(restored, None))
    restored.dispose()


def _copied(database: Database, path: Path) -> Path:
    source = database.url.database
    assert source is not None
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(source, path)
    return path


@pytest.mark.parametrize("name", ["current", "manifest", "text", "array", "short", "gone", "other body"])
def test_damage_costs_time_and_nothing_else(kept, name):
    database, folder = kept
    (root,) = (folder / FOLDER).iterdir()
    here = root / (root / CURRENT).read_text()
    if name == "current":
        (root / CURRENT).write_text("nowhere")
    elif name == "manifest":
        (here / MANIFEST).write_text("{")
    elif name == "text":
        (here / TEXT).write_bytes((here / TEXT).read_bytes().replace(b"medium", b"minimal"))
    elif name == "array":
        (here / "passages_start.npy").write_bytes(b"x" * 200)
    elif name == "short":
        file = here / "shelf_bodies.npy"
        file.write_bytes(file.read_bytes()[:-1])
    elif name == "gone":
        shutil.rmtree(here)
    else:
        file = here / "shelf_bodies.npy"
        file.write_bytes(file.read_bytes().replace(b"P7", b"P2"))
    host = open_on(database, folder)
    assert not was_kept(host)
    same(host, open_on(database, None))
    assert host.keep() or name in ("text", "array", "short", "other body")


def test_another_policy_of_binding_has_bindings_of_its_own(kept):
    database, folder = kept
    publish(database, {"risk_red": 0.7}, now=T0 + 1)
    assert was_kept(open_on(database, folder))
    publish(database, {"track_tolerance_m": 40}, now=T0 + 2)
    host = open_on(database, folder)
    assert not was_kept(host)
    assert host.keep()
    assert was_kept(open_on(database, folder))


def test_one_process_keeps_at_a_time_and_readers_never_wait(kept):
    database, folder = kept
    write(database, item("since"), now=T0 + 1)
    host = open_on(database, folder)
    (root,) = (folder / FOLDER).iterdir()
    with alone(root) as is_alone:
        assert is_alone
        assert not host.keep()
        assert was_kept(open_on(database, folder))
    hosts = [open_on(database, folder) for _ in range(3)]
    threads = [threading.Thread(target=other.keep) for other in hosts]
    for thread in threads:
        thread.start()
    for _ in range(3):
        same(open_on(database, folder), open_on(database, None))
    for thread in threads:
        thread.join()
    same(open_on(database, folder), host)


def test_much_that_came_is_kept_in_the_background(kept):
    """One start reads what came since the last; the next one finds it kept."""
    database, folder = kept
    passage = {"strength": "own_patrol_traverse", "passed": "P7", "grade": "B2", "segments": [{"id": "west"}]}
    moment = format_instant(T0 - HOUR)
    many = [feature(f"p{i}", "verification", received=T0, occurred=moment, **passage) for i in range(KEEP_AFTER)]
    write(database, *many, now=T0 + 1)
    host = open_on(database, folder)
    before = len(host._picture.basis().ledger.shelf)
    host.keep_when_due()
    assert host._keeping._thread is not None
    host._keeping._thread.join()
    assert not host._keeping.is_due(host._picture)
    again = open_on(database, folder)
    assert len(again._picture.basis().ledger.shelf) == before + KEEP_AFTER
    same(again, open_on(database, None))
