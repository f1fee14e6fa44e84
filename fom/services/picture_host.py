"""One operational picture per process: starts from the database, follows the change sequence, tells what moved.

The version is the change number, everywhere. Time moves states too: the clock thread writes one change of kind `time`
per due moment, whatever the number of processes, and every process advances when it sees it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from fom.domain.access import CLASSIFICATIONS, Access
from fom.domain.benchmarks import BenchmarkValue
from fom.domain.profiles import USER_CLASSES
from fom.domain.records import Record
from fom.domain.states import DIRECTION_CODES
from fom.errors import Conflict, InvalidInput, NotFound
from fom.network.network import Network
from fom.picture.assessment import Assessment
from fom.picture.picture import Picture
from fom.picture.question import Question
from fom.routing.router import Router
from fom.services.deployment import DeploymentSettings
from fom.services.followed import Followed
from fom.services.former_networks import FormerNetworks, without_lineages
from fom.services.host_threads import HostThreads
from fom.services.kept_now import KeptNow
from fom.services.picture_events import LAYERS, Event, NetworkEvent, RecordEvent, Subscription
from fom.services.planning_desk import PlanningDesk
from fom.services.policies import active_network, policy_in_force
from fom.store.changes import (
    add_time_change,
    find_change,
    is_activation,
    list_changes,
    newest_change,
    receipt_moment,
)
from fom.store.database import Database
from fom.store.records import list_known, list_of_changes
from fom.store.tables import REGISTER_TABLES, Change, KeyRoute, RecordRow

log = logging.getLogger(__name__)
FOLLOWED_MAX = 24
"""(profile, user class) pairs kept up to date; the longest unused one without listeners makes room."""
UNKNOWN_ACCESS = Access(CLASSIFICATIONS[-1])
"""Of an id that the host does not know: shown to nobody but the highest clearance."""


class HostSettings(DeploymentSettings, Protocol):
    """What the host needs of the settings."""

    @property
    def networks(self) -> Path: ...


@dataclass(frozen=True, slots=True)
class StatesView:
    """States of all segments at a version: (n, 2) uint8; `numbers` are those that moved, None = take all."""

    version: int
    at: int
    states: NDArray[np.uint8]
    numbers: NDArray[np.int64] | None


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether the picture can be served from, and whether it is up to date; `behind` counts changes."""

    is_ready: bool
    is_stale: bool
    version: int
    behind: int
    reasons: tuple[str, ...]


class PictureHost:
    """The process-wide picture. Every public member may be called from any thread."""

    def __init__(
        self,
        database: Database,
        network: Network,
        *,
        clock: Callable[[], int],
        chores: Callable[[], None] = lambda: None,
        folder: Path | None = None,
        names: FormerNetworks | None = None,
    ) -> None:
        """Read everything. `chores` are done in the background beside following, some times a second.

        `folder` of the network keeps what routing prepares, for the next start. `names` of former networks; a host
        that has them stops before the change that brings another network into use, and `turn` says which.
        """
        self.network = network
        self.names = without_lineages(network) if names is None else names
        self._is_relieved = names is not None
        self.turn: Change | None = None
        self.reviews: dict[str, Any] = {}
        self._chores = chores
        self._database = database
        self._clock = clock
        self._lock = threading.RLock()
        self._following = threading.Lock()
        self._router: Router | None = None
        self._folder = folder
        self.desk = PlanningDesk()
        self.benchmarks: KeptNow[list[BenchmarkValue]] = KeptNow()
        self._followed: dict[tuple[str, str], Followed] = {}
        self._trouble: str | None = None
        self._threads: HostThreads | None = None
        self._load()

    def start(self) -> None:
        """Follow changes and the clock in the background."""
        self._threads = HostThreads(self._keep_up, self._database)
        self._threads.start()

    def stop(self) -> None:
        """End the background threads and every subscription."""
        if self._threads is not None:
            self._threads.stop()
        with self._lock:
            for listener in [s for followed in self._followed.values() for s in followed.listeners]:
                listener.close()

    @property
    def current(self) -> PictureHost:
        """Return the host in use: this one."""
        return self

    def drawn(self, network_id: str) -> Network:
        """Return the network of an id for drawing: this host has only its own. Raises NotFound."""
        if network_id != self.network.network_id:
            raise NotFound("network", network_id)
        return self.network

    def ready(self, network_id: str) -> PictureHost:
        """Return the host of a network made ready beside this one: there is none. Raises Conflict."""
        raise Conflict(f"network {network_id} is not made ready: this process has one network only")

    def keep(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Begin to keep the states of (profile, user class) pairs, before anybody asks for them."""
        for profile, user_class in pairs:
            if profile in self.profiles:
                with self._lock:
                    self._follow_up(profile, user_class)

    def kept(self) -> list[tuple[str, str]]:
        """Return the (profile, user class) pairs whose states are kept."""
        with self._lock:
            return list(self._followed)

    def relieve(self, network_id: str, number: int) -> None:
        """Tell every listener that another network is in use from change `number` on, and end the subscriptions."""
        with self._lock:
            for followed in self._followed.values():
                for listener in list(followed.listeners):
                    listener.put(NetworkEvent(number, network_id))
                    listener.close()

    @property
    def is_in_use(self) -> bool:
        """Return whether this host's network is the one in use at its version."""
        return self.turn is None and 0 < self.names.since <= self._version

    @property
    def version(self) -> int:
        """Return the number of the last change in the picture."""
        return self._version

    @property
    def router(self) -> Router:
        """Return the router of the network, built on first use."""
        with self._lock:
            if self._router is None:
                self._router = Router(self.network, self._folder)
            return self._router

    def now(self) -> int:
        """Return the moment by the clock, but never before the last change: a clock set back hides no report."""
        return max(self._clock(), self._last_at)

    def question(
        self,
        at: int | None = None,
        known_at: int | None = None,
        profile: str = "P3",
        user_class: str = "mission_military",
    ) -> Question:
        """Return the question with what is not given filled in: now, known now.

        Raises
        ------
        InvalidInput
            An unknown profile or user class.
        """
        if profile not in self.profiles:
            raise InvalidInput.single("profile", profile[:40], "one of " + ", ".join(sorted(self.profiles)))
        if user_class not in USER_CLASSES:
            raise InvalidInput.single("user_class", user_class[:40], "one of " + ", ".join(USER_CLASSES))
        now = self.now()
        return Question(
            at=now if at is None else at,
            known_at=now if known_at is None else known_at,
            profile=self.profiles[profile],
            user_class=user_class,
        )

    def assess(self, question: Question, segments: Sequence[int] | None = None) -> Assessment:
        """Return the assessment of all segments, or of the numbers given.

        The picture judges outside of its own lock, so a long question about the past holds nobody up.
        """
        with self._lock:
            picture = self._picture
        return picture.assess(question, None if segments is None else np.asarray(segments, np.int64))

    @contextmanager
    def reading(self) -> Iterator[Picture]:
        """Yield the picture itself under the lock: be short, or take a `.copy()` along."""
        with self._lock:
            yield self._picture

    def states(self, profile: str, user_class: str, since: int | None = None) -> StatesView:
        """Return the states now; with `since` (a version) also which segments moved after it."""
        self._begin(profile, user_class)
        with self._lock:
            followed = self._follow_up(profile, user_class)
            is_told = since is not None and self.names.since <= since <= self._version
            numbers = followed.moved_since(since) if is_told and since is not None else None
            now = self.now()
            at = now if followed.live.next_wake > now else self._last_at
            return StatesView(self._version, at, followed.live.states.copy(), numbers)

    def subscribe(self, profile: str, user_class: str, after: int | None = None) -> Subscription:
        """Return a subscription to what moves from now on, or from version `after` on without a gap."""
        self._begin(profile, user_class)
        with self._lock:
            followed = self._follow_up(profile, user_class)
            subscription = Subscription(followed.listeners.remove)
            if after is not None and after != self._version:
                for event in self._missed(followed, after):
                    subscription.put(event)
            followed.listeners.append(subscription)
            return subscription

    def routes_over(self, number: int) -> list[str]:
        """Return the codes of the key routes over a segment, in order."""
        return sorted(code for code, arcs in self._routes.items() if (arcs >> 1 == number).any())

    def access_of(self, thing_id: str) -> Access:
        """Return on what it depends who may see a record or register row."""
        return self._access.get(thing_id, UNKNOWN_ACCESS)

    def follow(self) -> int:
        """Apply every committed change that is not in the picture yet; return the version."""
        with self._following:
            if self._trouble is not None:
                self._rebuild()
            while self._step():
                pass
            return self._version

    def tick(self) -> None:
        """Advance to the clock; where something is due, one process writes the `time` change and all see it."""
        with self._lock:
            due = min((followed.live.next_wake for followed in self._followed.values()), default=None)
            now = self.now()
        if due is None or due > now:
            return
        with self._database.writing() as session:
            at = receipt_moment(session, now)
            add_time_change(session, at=at, due_at=due)
        self.follow()

    def readiness(self) -> Readiness:
        """Return whether the picture is whole and how far it lies behind the database."""
        with self._database.reading() as session:
            newest, network_id = newest_change(session), active_network(session)
        behind = (newest.number if newest else 0) - self._version
        reasons = [] if self._trouble is None else [self._trouble]
        if behind > 0:
            reasons.append(f"{behind} changes behind the database")
        if network_id not in (None, self.network.network_id):
            reasons.append(f"network {network_id} is active now; this process still serves {self.network.network_id}")
        return Readiness(self._trouble is None, bool(reasons), self._version, max(0, behind), tuple(reasons))

    def _keep_up(self) -> None:
        self.follow()
        self.tick()
        self._chores()

    def _begin(self, profile: str, user_class: str) -> None:
        """Start following a pair if nobody did, and bring it up to the clock by the same changes as everybody else."""
        with self._lock:
            is_new = (profile, user_class) not in self._followed
            self._follow_up(profile, user_class)
        if is_new:
            try:
                self.tick()
            except DBAPIError:  # readers are served as of the last change also when nothing can be written
                log.warning("what time moved could not be written")

    def _load(self) -> None:
        """Read everything; what fails here leaves the old picture in place."""
        with self._database.reading() as session:
            newest = newest_change(session)
            policy, profiles = policy_in_force(session)
            access: dict[str, Access] = {}
            kinds: dict[str, str] = {}
            records: list[Record] = []
            for row in list_known(session):
                records.append(self.names.record_of(row))
                access[row.id], kinds[row.id] = Access(row.classification, row.area, row.by), row.kind
            for table in REGISTER_TABLES.values():
                columns = select(table.id, table.classification, table.area_id, table.by)
                access |= {i: Access(c, area, by) for i, c, area, by in session.execute(columns)}
            routes = self._read_routes(session)
        picture = Picture(self.network, records, policy=policy, profiles=profiles)
        self._picture, self.policy, self.profiles = picture, policy, profiles
        self._access, self._kinds, self._routes = access, kinds, routes
        self._version, self._last_at = (newest.number, newest.at) if newest else (0, 0)

    def _rebuild(self) -> None:
        """Start again from the database, keeping listeners; their states move to what they are now."""
        if self._is_relieved:
            with self._database.reading() as session:
                self._turned(list_changes(session, after=self._version, limit=1_000_000))
            if self.turn is not None:
                return
        with self._lock:
            self._load()
            for (profile, user_class), followed in self._followed.items():
                live = self._picture.live(self.profiles[profile], user_class, self._last_at)
                followed.set_routes(self._routes)
                followed.replace(live, self._last_at, number=self._version, cause="rebuilt")
            self._trouble = None

    def _step(self) -> bool:
        """Apply one batch of changes; return whether there may be more."""
        with self._database.reading() as session:
            changes = list_changes(session, after=self._version, limit=200)
            if not changes:
                return False
            rows = list_of_changes(session, after=self._version, up_to=changes[-1].number)
            access = {c.number: self._read_access(session, c) for c in changes if c.kind == "register"}
            routes = self._read_routes(session) if any(c.subject_kind == "key_route" for c in changes) else None
        routes = self._turned(changes) or routes
        if self.turn is not None:
            changes = [change for change in changes if change.number < self.turn.number and change.kind != "policy"]
        if any(change.kind == "policy" or (is_activation(change) and not self._is_relieved) for change in changes):
            self._rebuild()
            return True
        by_change: dict[int, list[RecordRow]] = {}
        for row in rows:
            by_change.setdefault(row.change_number, []).append(row)
        with self._lock:
            for change in changes:
                self._access |= access.get(change.number, {})
                self._apply(change, by_change.get(change.number, []), routes)
        return self.turn is None

    def _turned(self, changes: Sequence[Change]) -> dict[str, NDArray[np.int64]] | None:
        """Note an activation among changes: of this network (returns its routes), or of the one to stop before."""
        turn = next((change for change in changes if is_activation(change)), None)
        if turn is None or not self._is_relieved:
            return None
        if turn.subject_id != self.network.network_id:
            self.turn = turn
            return None
        self.names.activated(turn.number, self.network.network_id)
        with self._database.reading() as session:
            return self._read_routes(session)

    def _apply(self, change: Change, rows: list[RecordRow], routes: dict[str, NDArray[np.int64]] | None) -> None:
        try:
            touched = np.empty(0, np.int64)
            if rows:
                self._access |= {row.id: Access(row.classification, row.area, row.by) for row in rows}
                self._kinds |= {row.id: row.kind for row in rows}
                touched = self._picture.apply([self.names.record_of(row) for row in rows])
            if routes is not None and (change.subject_kind == "key_route" or is_activation(change)):
                self._routes = routes
            for followed in self._followed.values():
                if routes is not None:
                    followed.set_routes(self._routes)
                followed.apply(touched, change.at, number=change.number, cause=change.kind)
        except BaseException as failed:
            self._trouble = f"change {change.number} could not be applied ({type(failed).__name__}); rebuilding"
            raise
        self._version, self._last_at = change.number, change.at
        if is_activation(change):
            for followed in self._followed.values():
                followed.forget(change.number)
        for event in self._record_events(change, rows):
            for followed in self._followed.values():
                followed.publish(event)

    def _record_events(self, change: Change, rows: Sequence[RecordRow]) -> Iterator[Event]:
        for row in rows:
            yield RecordEvent(change.number, row.kind, row.id, LAYERS.get(row.kind) or self._target_layer(row))
        if change.kind == "register" and change.subject_kind is not None and change.subject_id is not None:
            kind = change.subject_kind
            yield RecordEvent(change.number, kind, change.subject_id, LAYERS.get(kind))

    def _target_layer(self, row: RecordRow) -> str | None:
        """Return the layer that a judgement is about: that of the first record it names which has one."""
        properties = row.properties
        named = [properties.get("target"), *(properties.get("closes") or ()), *(properties.get("members") or ())]
        for record_id in filter(None, named):
            if (layer := LAYERS.get(self._kinds.get(record_id, ""))) is not None:
                return layer
        return None

    def _follow_up(self, profile: str, user_class: str) -> Followed:
        """Return the states kept for a pair; new ones start at the last change.

        States belong to a version: what time moved since is told by the next `time` change, here as elsewhere, so
        that a listener who comes over from another process misses nothing.
        """
        question = self.question(profile=profile, user_class=user_class)
        key = (profile, user_class)
        followed = self._followed.pop(key, None)
        if followed is None:
            live = self._picture.live(question.profile, user_class, self._last_at or question.at)
            followed = Followed(live, number=self._version, routes=self._routes)
            idle = [k for k, f in self._followed.items() if not f.listeners]
            for old in idle[: max(0, len(self._followed) + 1 - FOLLOWED_MAX)]:
                del self._followed[old]
        self._followed[key] = followed
        return followed

    def _missed(self, followed: Followed, after: int) -> list[Event]:
        """Return what a listener who saw `after` has missed, recomputed from the records when the log is too short."""
        if after < self.names.since:
            return [NetworkEvent(self._version, self.network.network_id)]
        with self._database.reading() as session:
            then = find_change(session, after) if after <= self._version else None
            changes = list_changes(session, after=after) if then is not None else []
            numbers = [change.number for change in changes if change.number <= self._version]
            rows = list_of_changes(session, after=after, up_to=self._version) if numbers else []
        events: list[Event] = []
        logged = followed.missed(after) if then is not None else None
        if logged is not None:
            events += logged
        else:
            states = None if then is None else self._states_at(followed, then.at)
            events.append(followed.catch_up(states, number=self._version, at=self.now()))
        for change in changes:
            if change.number <= self._version:
                events += self._record_events(change, [row for row in rows if row.change_number == change.number])
        return sorted(events, key=lambda event: event.number)

    def _states_at(self, followed: Followed, at: int) -> NDArray[np.uint8]:
        key = next(key for key, value in self._followed.items() if value is followed)
        question = self.question(at, at, *key)
        states: NDArray[np.uint8] = self._picture.assess(question).states
        return states

    def _read_access(self, session: Session, change: Change) -> dict[str, Access]:
        table = REGISTER_TABLES.get(change.subject_kind or "")
        row = None if table is None else session.get(table, change.subject_id)
        return {} if row is None else {row.id: Access(row.classification, row.area_id, row.by)}

    def _read_routes(self, session: Session) -> dict[str, NDArray[np.int64]]:
        """Return code -> arc numbers of the key routes, stretches of another network left out."""
        routes = {}
        for code, stretches in session.execute(select(KeyRoute.code, KeyRoute.segments).order_by(KeyRoute.code)):
            here = self.names.routes(stretches or [])
            found = ((self.network.find_segment(s["id"]), s.get("direction") or "forward") for s in here)
            arcs = [2 * number + DIRECTION_CODES.index(way) for number, way in found if number is not None]
            routes[code] = np.array(arcs, np.int64)
        return routes
