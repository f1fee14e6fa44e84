"""Long analyses as jobs: started by who asks first, shared by all, told in parts done, ended when nobody asks any more.

A job's id says the question, so any process can answer for it. Within one machine processes share answers and progress
through files of the data folder; who finds neither begins. An answer never changes, so its file is the end of the job.
"""

from __future__ import annotations

import logging
import os
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy.exc import SQLAlchemyError

from fom.errors import FomError, NotFound, ServiceUnreachable
from fom.services.analyses.catalogue import ANALYSES, Asked, answer_of
from fom.services.analyses.cluster import Cluster
from fom.services.analyses.scene import PackedScene, Scene, hold_scene, pack_scene, read_scene
from fom.services.picture_host import PictureHost
from fom.store.database import Database

log = logging.getLogger(__name__)
RUNNING_MAX = 2
"""Jobs of one process at a time; others wait for their turn."""
FORGOTTEN_S = 60.0
"""A job that nobody asked for so long is ended."""
STALE_S = 15.0
"""Progress older than this was left behind by a process that is gone."""
ANSWERS_KEPT = 60
"""Answers on disk; the oldest make room."""
DONE, RUNNING, WAITING, FAILED = "done", "running", "waiting", "failed"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is: `answer` when done, `trouble` in plain words when failed."""

    job_id: str
    state: str
    done: int = 0
    parts: int = 0
    answer: dict[str, Any] | None = None
    trouble: str | None = None


@dataclass(slots=True)
class _Job:
    asked_at: float
    state: str = RUNNING
    done: int = 0
    parts: int = 0
    trouble: str | None = None
    told_at: float = 0.0


class AnalysisJobs:
    """The jobs of one process. Any thread may call."""

    def __init__(
        self,
        host: Callable[[], PictureHost],
        database: Database,
        folder: Path,
        *,
        address: str = "",
        forgotten_s: float = FORGOTTEN_S,
    ) -> None:
        self._forgotten_s = forgotten_s
        self._host, self._database, self._folder = host, database, folder
        self._cluster = Cluster(address)
        self._jobs: dict[str, _Job] = {}
        self._lock = threading.Lock()

    def ask(self, asked: Asked, *, patience_s: float = 0.0) -> Progress:
        """Return how far a job is, beginning it if nobody did; waits for its end for a moment.

        Raises
        ------
        NotFound
            The network has been changed since.
        """
        until = time.monotonic() + patience_s
        while True:
            progress = self._look(asked)
            if progress.state not in (RUNNING, WAITING) or time.monotonic() >= until:
                return progress
            time.sleep(0.05)

    def close(self) -> None:
        """End every job and the connection."""
        with self._lock:
            for job in self._jobs.values():
                job.asked_at = -FORGOTTEN_S
        self._cluster.close()

    def _look(self, asked: Asked) -> Progress:
        job_id, files = asked.job_id, _Files.of(self._folder, asked)
        if (answer := files.answer()) is not None:
            return Progress(job_id, DONE, answer=answer)
        now = time.monotonic()
        with self._lock:
            job = self._jobs.get(job_id)
            if job is not None and (job.state == RUNNING or now - job.told_at < FORGOTTEN_S):
                job.asked_at = now
                return Progress(job_id, job.state, job.done, job.parts, trouble=job.trouble)
            if (elsewhere := files.progress()) is not None:
                files.wish()
                return Progress(job_id, RUNNING, *elsewhere)
            if sum(other.state == RUNNING for other in self._jobs.values()) >= RUNNING_MAX:
                return Progress(job_id, WAITING)
            if asked.network != self._host().network.network_id:
                raise NotFound("network of this analysis", asked.network)
            self._jobs = {key: old for key, old in self._jobs.items() if old.state == RUNNING}
            job = self._jobs[job_id] = _Job(asked_at=now)
        files.tell(0, 0)
        threading.Thread(target=self._work, args=(asked, job, files), name="fom-analysis", daemon=True).start()
        return Progress(job_id, RUNNING)

    def _work(self, asked: Asked, job: _Job, files: _Files) -> None:
        try:
            answer = self._compute(asked, job, files)
            if answer is not None:
                files.keep(answer)
            job.state = DONE
        except (FomError, SQLAlchemyError, OSError, ArithmeticError, LookupError, TypeError, ValueError) as failed:
            log.exception("analysis %s failed", asked.analysis)
            job.trouble = str(failed) if isinstance(failed, FomError) else f"it failed ({type(failed).__name__})"
            job.state = FAILED
        finally:
            job.told_at = time.monotonic() if job.state == FAILED else -FORGOTTEN_S
            files.end()

    def _compute(self, asked: Asked, job: _Job, files: _Files) -> dict[str, Any] | None:
        host = self._host()
        question = host.question(asked.at, asked.known_at, asked.profile, asked.user_class)
        with self._database.reading() as session:
            scene = read_scene(session, host, question)
            packed = self._packed(session, host, scene)
        parts = ANALYSES[asked.analysis].parts
        job.parts = len(parts)

        def told(done: int) -> bool:
            job.done = done
            files.tell(done, len(parts))
            return time.monotonic() - max(job.asked_at, files.wished_at()) < self._forgotten_s

        results = self._cluster.run(packed, asked.analysis, parts, told=told)
        return None if results is None else answer_of(asked, scene, results)

    def _packed(self, session: Any, host: PictureHost, scene: Scene) -> PackedScene:
        if self._cluster.is_local:
            return hold_scene(secrets.token_hex(8), scene)
        if host.folder is None:
            raise ServiceUnreachable("this network was drawn by hand and has no folder that workers could open")
        return pack_scene(session, scene, host.folder)


@dataclass(frozen=True, slots=True)
class _Files:
    """What the processes of one machine tell each other about a job."""

    folder: Path
    name: str

    @classmethod
    def of(cls, folder: Path, asked: Asked) -> _Files:
        return cls(folder, sha256(asked.job_id.encode()).hexdigest()[:32])

    def _path(self, kind: str) -> Path:
        return self.folder / f"{self.name}.{kind}"

    def answer(self) -> dict[str, Any] | None:
        try:
            answer: dict[str, Any] = orjson.loads(self._path("json").read_bytes())
            return answer
        except OSError:
            return None

    def keep(self, answer: dict[str, Any]) -> None:
        self._write("json", orjson.dumps(answer))
        kept = sorted(self.folder.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
        for old in kept[ANSWERS_KEPT:]:
            old.unlink(missing_ok=True)

    def progress(self) -> tuple[int, int] | None:
        """Return parts done and parts of a job that another process is at, None when there is none."""
        try:
            age_s = time.time() - self._path("progress").stat().st_mtime
            done, parts = orjson.loads(self._path("progress").read_bytes())
        except (OSError, ValueError):
            return None
        return (done, parts) if age_s < STALE_S else None

    def tell(self, done: int, parts: int) -> None:
        self._write("progress", orjson.dumps([done, parts]))

    def wish(self) -> None:
        """Say that somebody still asks."""
        self._write("wish", b"")

    def wished_at(self) -> float:
        """Return when another process asked last, by this process's own clock of elapsed time."""
        try:
            return time.monotonic() - max(0.0, time.time() - self._path("wish").stat().st_mtime)
        except OSError:
            return -FORGOTTEN_S

    def end(self) -> None:
        for kind in ("progress", "wish"):
            self._path(kind).unlink(missing_ok=True)

    def _write(self, kind: str, body: bytes) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        scratch = self._path(f"{kind}.{os.getpid()}.{threading.get_ident()}")
        scratch.write_bytes(body)
        scratch.replace(self._path(kind))
