"""Jobs: begun once for all who ask, shared by the processes of a machine, bounded, ended when nobody asks any more."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from fom.errors import NotFound
from fom.services.analyses.catalogue import ANALYSES, Asked
from fom.services.analyses.jobs import DONE, FAILED, RUNNING, RUNNING_MAX, STALE_S, WAITING, AnalysisJobs
from fom.services.picture_host import PictureHost
from fom.store.database import Database
from tests.services.ground import Clock, make_host, settle
from tests.services.people import DAY, T0

PATIENCE_S = 120.0


def asked(host: PictureHost, analysis: str = "history", days_ago: int = 0, **other: Any) -> Asked:
    at = T0 - days_ago * DAY
    members = {"network": host.network.network_id, "profile": "P3", "version": host.version} | other
    return Asked(analysis, at=at, known_at=at, user_class="mission_military", **members)


@pytest.fixture
def host(database: Database) -> PictureHost:
    settle(database)
    return make_host(database, Clock())


@pytest.fixture
def make_jobs(host: PictureHost, database: Database, tmp_path: Path) -> Iterator[Any]:
    made = []

    def make(**more: Any) -> AnalysisJobs:
        made.append(AnalysisJobs(lambda: host, database, tmp_path / "analyses", **more))
        return made[-1]

    yield make
    for jobs in made:
        jobs.close()


def files(folder: Path, kind: str) -> list[Path]:
    return sorted((folder / "analyses").glob(f"*.{kind}"))


def wait_for_threads() -> None:
    for thread in threading.enumerate():
        if thread.name == "fom-analysis":
            thread.join(PATIENCE_S)


def test_one_answer_for_all_processes_of_a_machine(host: PictureHost, make_jobs: Any, tmp_path: Path):
    first, second = make_jobs(), make_jobs()
    question = asked(host)
    assert first.ask(question).state == RUNNING
    other = second.ask(question)
    assert other.state in (RUNNING, DONE)
    mine, its = first.ask(question, patience_s=PATIENCE_S), second.ask(question, patience_s=PATIENCE_S)
    assert (mine.state, its.state) == (DONE, DONE)
    assert mine.answer == its.answer
    assert mine.answer is not None
    assert mine.answer["analysis"] == "history"
    assert len(files(tmp_path, "json")) == 1
    wait_for_threads()
    assert files(tmp_path, "progress") == []


def test_the_second_process_does_not_begin_what_the_first_is_at(host: PictureHost, make_jobs: Any, tmp_path: Path):
    begun = make_jobs()
    begun.ask(asked(host))
    wait_for_threads()
    [answer] = files(tmp_path, "json")
    answer.unlink()
    progress = answer.with_suffix(".progress")
    progress.write_bytes(orjson.dumps([3, 30]))  # as another process would leave it while it works
    fresh = make_jobs().ask(asked(host))
    assert (fresh.state, fresh.done, fresh.parts) == (RUNNING, 3, 30)
    assert answer.with_suffix(".wish").exists()
    assert not any(thread.name == "fom-analysis" for thread in threading.enumerate())
    old = progress.stat().st_mtime - 2 * STALE_S
    os.utime(progress, (old, old))  # and when it died
    assert make_jobs().ask(asked(host), patience_s=PATIENCE_S).state == DONE


def test_a_job_that_nobody_asks_for_ends_without_an_answer_and_begins_again_when_asked(
    host: PictureHost, make_jobs: Any, tmp_path: Path
):
    make_jobs(forgotten_s=0.0).ask(asked(host))
    wait_for_threads()
    assert files(tmp_path, "json") == files(tmp_path, "progress") == []
    assert make_jobs().ask(asked(host), patience_s=PATIENCE_S).state == DONE


def test_only_some_run_at_a_time_and_all_come_to_an_end(host: PictureHost, make_jobs: Any):
    jobs = make_jobs()
    questions = [asked(host, days_ago=day) for day in range(RUNNING_MAX + 2)]
    states = [jobs.ask(question).state for question in questions]
    assert states.count(RUNNING) <= RUNNING_MAX
    assert set(states) <= {RUNNING, WAITING, DONE}
    assert {jobs.ask(question, patience_s=PATIENCE_S).state for question in questions} == {DONE}


def test_a_cluster_that_does_not_answer_is_trouble_in_plain_words(host: PictureHost, make_jobs: Any):
    told = make_jobs(address="tcp://127.0.0.1:9").ask(asked(host), patience_s=PATIENCE_S)
    assert told.state == FAILED
    assert "no folder that workers could open" in (told.trouble or "")


def test_every_analysis_stands_on_an_empty_mission(host: PictureHost, make_jobs: Any):
    jobs = make_jobs()
    for name in ANALYSES:
        told = jobs.ask(asked(host, name), patience_s=PATIENCE_S)
        assert told.state == DONE, told.trouble


def test_another_network_and_a_moment_out_of_reach_are_not_begun(host: PictureHost, make_jobs: Any):
    with pytest.raises(NotFound):
        make_jobs().ask(asked(host, network="gone"))
    with pytest.raises(NotFound):
        Asked.of(asked(host, days_ago=10**6).job_id)
