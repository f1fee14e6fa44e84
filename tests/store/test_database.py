"""The database: one writer after another, numbers without gaps, readers on a snapshot, nothing acknowledged is lost."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as WaitedTooLong

from fom.domain.access import SYSTEM
from fom.errors import KeptConflict
from fom.services.reporting import log_report
from fom.store.audit import append_audit, verify_chain
from fom.store.changes import add_change, add_time_change, list_changes, newest_number, receipt_moment
from fom.store.database import POOL_OVERFLOW, POOL_SIZE, Database
from fom.store.tables import Change, RecordRow, ReportVersion
from tests.services.people import PATROL, T0, draft, hazard

KILLS = 10


def add(database: Database, n: int) -> int:
    with database.writing() as session:
        at = receipt_moment(session, T0 + n)
        number = add_change(session, "record", at=at)
        append_audit(session, "act", ("thing", str(n)), actor=SYSTEM.person, at=at)
    return number


def test_many_writers_at_once_leave_numbers_without_gaps_and_moments_in_order(database):
    order = list(range(200))
    random.Random(1).shuffle(order)
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda n: add(database, n), order))
    assert sorted(numbers) == list(range(1, 201))
    with database.reading() as session:
        moments = [change.at for change in list_changes(session, after=0)]
        assert moments == sorted(set(moments))
        assert verify_chain(session).is_intact


def test_more_writers_than_connections_all_finish_though_each_reads_while_it_writes(database):
    """Who waited for the writer's lock held a connection, and the one who had it found none to read with."""
    count = POOL_SIZE + POOL_OVERFLOW + 5

    def write(n: int) -> int:
        with database.writing() as session:
            number = add_change(session, "record", at=receipt_moment(session, T0 + n))
            with database.reading() as beside:
                assert newest_number(beside) < number
        return number

    with ThreadPoolExecutor(count) as threads:
        numbers = list(threads.map(write, range(count)))
    assert sorted(numbers) == list(range(min(numbers), min(numbers) + count))


def test_a_writing_session_inside_another_of_the_same_thread_is_refused_and_leaves_the_first_whole(database):
    assert not database.is_writing
    with database.writing() as session:
        number = add_change(session, "record", at=receipt_moment(session, T0))
        with pytest.raises(RuntimeError, match="inside another"), database.writing():
            pass
        assert database.is_writing
    assert not database.is_writing
    with database.reading() as session:
        assert newest_number(session) == number


@pytest.mark.parametrize("is_same_process", [True, False])
def test_who_waits_too_long_for_the_writer_is_refused_and_nothing_is_half_written(
    database, monkeypatch, is_same_process
):
    monkeypatch.setattr("fom.store.database.BUSY_TIMEOUT_S", 0.2)
    other = database if is_same_process else Database(database.url.render_as_string(hide_password=False))

    def write_meanwhile():
        with pytest.raises((WaitedTooLong, OperationalError)), other.writing() as session:
            add_change(session, "record", at=receipt_moment(session, T0))
        assert not other.is_writing

    with database.writing() as session:
        number = add_change(session, "record", at=receipt_moment(session, T0))
        with ThreadPoolExecutor(1) as pool:
            pool.submit(write_meanwhile).result(timeout=20)
    with other.writing() as session:
        assert add_change(session, "record", at=receipt_moment(session, T0)) == number + 1
    if other is not database:
        other.dispose()


def test_a_follower_never_sees_a_number_before_a_smaller_one(database):
    seen: list[int] = []
    with ThreadPoolExecutor(5) as pool:
        work = [pool.submit(add, database, n) for n in range(60)]
        while not all(job.done() for job in work):
            with database.reading() as session:
                seen += [change.number for change in list_changes(session, after=seen[-1] if seen else 0)]
    with database.reading() as session:
        seen += [change.number for change in list_changes(session, after=seen[-1] if seen else 0)]
    assert seen == list(range(1, 61))


def test_a_due_moment_is_written_once_by_however_many_processes(database):
    def write(n: int) -> int | None:
        with database.writing() as session:
            return add_time_change(session, at=receipt_moment(session, T0 + n), due_at=T0)

    with ThreadPoolExecutor(6) as pool:
        written = [number for number in pool.map(write, range(12)) if number is not None]
    assert len(written) == 1


def test_a_reader_stays_on_its_snapshot_and_does_not_wait(database):
    add(database, 1)
    with database.reading() as session:
        assert newest_number(session) == 1
        started = time.monotonic()
        with database.writing() as writer:
            add_change(writer, "record", at=receipt_moment(writer, T0 + 2))
            assert newest_number(session) == 1
        assert newest_number(session) == 1
        assert time.monotonic() - started < 5
    with database.reading() as session:
        assert newest_number(session) == 2


def test_an_exception_leaves_nothing_behind_but_a_kept_conflict_does(database):
    def fail(error: Exception) -> None:
        with database.writing() as session:
            add_change(session, "record", at=T0)
            raise error

    for error, expected in ((ValueError("no"), 0), (KeptConflict("kept"), 1)):
        with pytest.raises(type(error)):
            fail(error)
        with database.reading() as session:
            assert newest_number(session) == expected


def test_sqlite_syncs_every_commit(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'x.sqlite'}")
    with database.reading() as session:
        pragmas = {name: session.execute(text(f"PRAGMA {name}")).scalar() for name in ("journal_mode", "synchronous")}
        assert session.execute(text("PRAGMA foreign_keys")).scalar() == 1
    assert pragmas == {"journal_mode": "wal", "synchronous": 2}


def write_reports(url: str, acknowledge: Connection) -> None:
    """Log reports for ever and tell the id of each after its commit; runs in a process of its own."""
    database = Database(url)
    for n in range(10**9):
        sent = draft(hazard(), words=f"report {n}")
        with database.writing() as session:
            log_report(session, sent, actor=PATROL, now=T0 + n)
        acknowledge.send(sent.id)


def kill_a_writer(url: str, after_s: float) -> set[str]:
    """Start a writer, kill -9 it some time after its first report, return what it had acknowledged."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    here, there = context.Pipe(duplex=False)
    writer = context.Process(target=write_reports, args=(url, there), daemon=True)
    writer.start()
    there.close()
    acknowledged = {here.recv()}
    time.sleep(after_s)
    os.kill(writer.pid, signal.SIGKILL)
    writer.join()
    with contextlib.suppress(EOFError, OSError):
        while True:
            acknowledged.add(here.recv())
    return acknowledged


def kill_writers(database_url: str, kills: int) -> int:
    """Kill that many writers, assert that nothing acknowledged is lost or half there; return how many reports."""
    chance = random.Random(kills)
    acknowledged: set[str] = set()
    for _ in range(kills):
        acknowledged |= kill_a_writer(database_url, chance.uniform(0.0, 0.1))
    database = Database(database_url)
    with database.reading() as session:
        stored = set(session.scalars(select(ReportVersion.id)))
        assert acknowledged <= stored
        assert len(stored) - len(acknowledged) <= kills
        count = session.scalar(select(func.count()).select_from(RecordRow))
        assert count == len(stored) == session.scalar(select(func.count()).select_from(Change))
        report = verify_chain(session)
        assert (report.is_intact, report.count) == (True, len(stored))
        if database.is_sqlite:
            assert session.execute(text("PRAGMA integrity_check")).scalar() == "ok"
    database.dispose()
    return len(acknowledged)


def test_a_killed_writer_loses_no_acknowledged_report_and_leaves_none_half_written(database_url):
    """kill -9 at random moments; a power cut is not tested by this (the page cache survives a kill)."""
    assert kill_writers(database_url, KILLS) >= KILLS


@pytest.mark.deep
def test_five_hundred_killed_writers_lose_nothing(database_url):
    assert kill_writers(database_url, 500) >= 500
