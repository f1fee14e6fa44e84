"""One operational picture per process: starts from the database, follows the change sequence, tells what moved.

The version is the change number, everywhere. Time moves states too: the clock thread writes one change of kind `time`
per due moment, whatever the number of processes, and every process advances when it sees it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from fom.domain.access import CLASSIFICATIONS, Access
from fom.domain.benchmarks import BenchmarkValue
from fom.domain.editions import Edition
from fom.domain.policy import Policy
from fom.domain.profiles import USER_CLASSES, Profile
from fom.domain.records import Record
from fom.errors import InvalidInput
from fom.network.network import Network
from fom.picture.assessment import Assessment
from fom.picture.live import LiveStates
from fom.picture.picture import Picture
from fom.picture.question import Question
from fom.routing.router import Router
from fom.services.collecting import uncollected
from fom.services.deployment import DeploymentSettings
from fom.services.followed import Followed
from fom.services.followed_pairs import FollowedPairs, Pair
from fom.services.former_networks import FormerNetworks, without_lineages
from fom.services.kept_now import KeptNow
from fom.services.kept_picture import KeptPicture
from fom.services.kept_states import KeptStates
from fom.services.moments import Marker
from fom.services.picture_events import Event, MovesEvent, NetworkEvent, Subscription
from fom.services.pictures import Pictures
from fom.services.planning_desk import NowStates, PlanningDesk
from fom.services.playing import changes_routes, play, record_events, routes_at
from fom.services.policies import active_network, find_edition, list_editions
from fom.services.policy_preview import Previews
from fom.services.record_access import RecordAccess
from fom.store.changes import (
    add_time_change,
    find_change,
    is_activation,
    list_changes,
    newest_change,
    newest_number,
    receipt_moment,
)
from fom.store.database import Database
from fom.store.records import list_of_changes
from fom.store.tables import REGISTER_TABLES, Change, RecordRow

log = logging.getLogger(__name__)
STEP = 200
"""Changes read from the database together."""
LARGE = 20_000
"""A change that lies on more segments is applied to a copy; judging so many takes about a tenth of a second."""
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
        folder: Path | None = None,
        names: FormerNetworks | None = None,
    ) -> None:
        """Read everything.

        `folder` of the network keeps what routing prepares and what is bound, for the next start. `names` of former
        networks, none by default. A host stops before the change that brings another network into use, and `turn`
        says which: from there on another host answers (`network_switch`).
        """
        self.network = network
        self.names = without_lineages(network) if names is None else names
        self.turn: Change | None = None
        self._database = database
        self._clock = clock
        self._lock = threading.RLock()
        self._following = threading.Lock()
        self._beginning = threading.Lock()
        self._is_making = False
        self._router: Router | None = None
        self.folder = folder
        self.desk = PlanningDesk()
        self.previews = Previews()
        self.benchmarks: KeptNow[list[BenchmarkValue]] = KeptNow()
        self.marker = Marker()
        self._kept = KeptStates()
        self.generation = 0
        """Rises when the records are read anew: under other rules, on another network, after trouble."""
        self._followed = FollowedPairs()
        self._trouble: str | None = None
        self._load()

    def close(self) -> None:
        """End every subscription."""
        with self._lock:
            self._followed.close()

    def begin(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Begin to keep the states of (profile, user class) pairs up to date, before anybody asks for them."""
        for profile, user_class in pairs:
            if profile in self.profiles:
                with self._lock:
                    self._follow_up(profile, user_class)

    def begun(self) -> list[tuple[str, str]]:
        """Return the (profile, user class) pairs whose states are kept up to date."""
        with self._lock:
            return self._followed.pairs()

    def relieve(self, network_id: str, number: int) -> None:
        """Tell every listener that another network is in use from change `number` on, and end the subscriptions."""
        with self._lock:
            self._followed.publish(NetworkEvent(number, network_id))
            self._followed.close()

    @property
    def is_in_use(self) -> bool:
        """Return whether this host's network is the one in use at its version."""
        return self.turn is None and 0 < self.names.since <= self._version

    @property
    def version(self) -> int:
        """Return the number of the last change in the picture."""
        return self._version

    @property
    def policy(self) -> Policy:
        """Return the policy in force."""
        return self._pictures.edition.policy

    @property
    def profiles(self) -> Mapping[str, Profile]:
        """Return the profiles in force."""
        return self._pictures.edition.profiles

    def edition_at(self, known_at: int) -> Edition:
        """Return the policy and profiles by which what was known at a moment, microseconds, is judged."""
        return self._pictures.edition_at(known_at)

    @property
    def _picture(self) -> Picture:
        return self._pictures.in_force

    @property
    def n_records(self) -> int:
        """Return how many records are in the picture."""
        return self._picture.n_records

    @property
    def changed_at(self) -> int:
        """Return the moment of the last change in the picture."""
        return self._last_at

    @property
    def router(self) -> Router:
        """Return the router of the network, built on first use."""
        return self.prepare_router()

    def prepare_router(self) -> Router:
        """Build the router unless it is there, and return it."""
        with self._lock:
            if self._router is None:
                self._router = Router(self.network, self.folder)
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
        now = self.now()
        profiles = self.edition_at(now if known_at is None else known_at).profiles
        if profile not in profiles:
            raise InvalidInput.single("profile", profile[:40], "one of " + ", ".join(sorted(profiles)))
        if user_class not in USER_CLASSES:
            raise InvalidInput.single("user_class", user_class[:40], "one of " + ", ".join(USER_CLASSES))
        return Question(
            at=now if at is None else at,
            known_at=now if known_at is None else known_at,
            profile=profiles[profile],
            user_class=user_class,
        )

    def then(self, question: Question, at: int, known_at: int) -> Question:
        """Return a question for other moments, the profile with the members it had when known then.

        A class that nobody had then keeps those of the question.
        """
        profile = self.edition_at(known_at).profiles.get(question.profile.name, question.profile)
        return Question(at, known_at, profile, question.user_class)

    def assess(self, question: Question, segments: Sequence[int] | None = None) -> Assessment:
        """Return the assessment of all segments, or of the numbers given.

        The picture judges outside of its own lock, so a long question about the past holds nobody up.
        """
        return self._pictures.at(question.known_at).assess(
            question, None if segments is None else np.asarray(segments, np.int64)
        )

    def assess_ahead(self, question: Question, *, dated_us: int = 0) -> Assessment:
        """Return the assessment of all segments, dated only as far back as asked: see `Picture.assess_ahead`.

        Worked out on a copy of the picture: what is reported meanwhile need not wait for it.
        """
        return self._pictures.at(question.known_at).copy().assess_ahead(question, dated_us=dated_us)

    def states_at(self, question: Question) -> NDArray[np.uint8]:
        """Return the (n, 2) states of a question, read-only; kept, so that asking again costs nothing."""
        with self._lock:
            newest = max(self._last_at, self._received)
            is_now = question.known_at >= newest
            if is_now:  # whatever was received is known: one moment stands for all
                question = replace(question, known_at=newest)
            as_now = "now", self._pictures.edition.number, self._picture.version  # whatever time has moved since
            known = as_now if is_now else question.known_at
            key = (self.generation, question.at, known, question.profile, question.user_class)
        return self._kept.get(key, lambda: self.assess_ahead(question).states)

    def knows_all(self, question: Question) -> bool:
        """Return whether a question is about what is known now, not about what was known at a moment before."""
        with self._lock:
            return question.known_at >= max(self._last_at, self._received)

    def picture_for(self, question: Question) -> Picture:
        """Return the picture that answers a question; for a hypothesis take a `.copy()` of it."""
        return self._pictures.at(question.known_at)

    @contextmanager
    def reading(self, known_at: int | None = None) -> Iterator[Picture]:
        """Yield the picture itself under the lock: be short, or take a `.copy()` along.

        With `known_at` the picture under the policy in force then, built before the lock is taken.
        """
        past = None if known_at is None else self._pictures.at(known_at)
        with self._lock:
            yield self._picture if past is None else past

    def states(self, profile: str, user_class: str, since: int | None = None) -> StatesView:
        """Return the states now; with `since` (a version) also which segments moved after it."""
        self._begin(profile, user_class)
        with self._lock:
            followed = self._follow_up(profile, user_class)
            is_told = since is not None and self.names.since <= since <= self._version
            numbers = followed.moved_since(since) if is_told and since is not None else None
            return StatesView(self._version, self._shown_at(followed), followed.live.states.copy(), numbers)

    def now_states(self, profile: str, user_class: str) -> NowStates:
        """Return the states now and the records they come from, of one version: for plans."""
        self._begin(profile, user_class)
        with self._lock:
            followed = self._follow_up(profile, user_class)
            at, states = self._shown_at(followed), followed.live.states.copy()
            return NowStates(at, states, self._picture, self._picture.basis())

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

    def moves_told(self, profile: str, user_class: str, after: int) -> list[MovesEvent] | None:
        """Return what moved for a pair after a version, as its listeners were told; None where not all is known here.

        Nothing is begun for it: a pair that nobody follows has no log.
        """
        with self._lock:
            followed = dict(self._followed.items()).get((profile, user_class))
            events = None if followed is None or after < self.names.since else followed.missed(after)
        return events if events is not None and all(event.is_complete for event in events) else None

    def key_routes(self) -> Mapping[str, NDArray[np.int64]]:
        """Return the key routes as they are now: code -> (k,) arc numbers."""
        return self._routes

    def routes_over(self, number: int) -> list[str]:
        """Return the codes of the key routes over a segment, in order."""
        return sorted(code for code, arcs in self._routes.items() if (arcs >> 1 == number).any())

    def access_of(self, thing_id: str) -> Access:
        """Return on what it depends who may see a record or register row."""
        return self._access.get(thing_id, UNKNOWN_ACCESS)

    def follow(self) -> int:
        """Apply every committed change that is not in the picture yet; return the version.

        While another thread makes the picture under a new policy nobody waits: that thread takes in what came since.
        """
        if self._is_making:
            return self._version
        with self._following:
            if self._trouble is not None:
                self._rebuild()
            while self._step():
                pass
            return self._version

    def tick(self) -> None:
        """Advance to the clock; where something is due, one process writes the `time` change and all see it."""
        with self._lock:
            version, now = self._version, self.now()
            due = self._followed.next_wake
        if due is None or due > now:
            return
        with self._database.writing() as session:
            # a change not seen yet takes the clock along, and may undo what was due
            if newest_number(session) == version:
                add_time_change(session, at=receipt_moment(session, now), due_at=due)
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

    def keep_when_due(self) -> None:
        """Begin to keep what is bound, in the background, when much came since the last time."""
        if self._keeping.is_due(self._picture):
            self._keeping.renew_later(self._database, *self._as_of())

    def keep(self) -> bool:
        """Keep what is bound for the next start, unless another process does; return whether this one did."""
        return self._keeping.renew(self._database, *self._as_of())

    def _as_of(self) -> tuple[Picture, int, RecordAccess, tuple[str, ...]]:
        with self._lock:
            return self._picture.copy(), self._version, self._access.copy(), tuple(self.names.carried)

    def _begin(self, profile: str, user_class: str) -> None:
        """Start following a pair if nobody did, and bring it up to the clock by the same changes as everybody else."""
        with self._lock:
            is_new = (profile, user_class) not in self._followed
        if is_new:
            self._begin_beside(profile, user_class)
            if self._database.is_writing:  # what is due now is written once this is
                return
            try:
                self.tick()
            except DBAPIError:  # readers are served as of the last change also when nothing can be written
                log.warning("what time moved could not be written")

    def _begin_beside(self, profile: str, user_class: str) -> None:
        """Work out the first states of a pair on a copy of the picture, and go on with them: nobody waits meanwhile."""
        with self._beginning:
            with self._lock:
                if (profile, user_class) in self._followed:
                    return
                question = self.question(profile=profile, user_class=user_class)
                twin, at, generation = self._picture.copy(), self._last_at or question.at, self.generation
                bound = twin.n_limit_places
            with uncollected():
                made = twin.live(question.profile, user_class, at)

            def begin() -> Followed:
                live = made.copy(self._picture)
                live.advance(max(at, self._last_at))
                return Followed(live, number=self._version, routes=self._routes)

            with self._lock:
                is_same = generation == self.generation and made.is_under(self._picture.policy)
                if is_same and twin.n_limit_places == bound:
                    self._followed.get((profile, user_class), begin)
                # else whoever asks begins on the picture itself

    @uncollected()
    def _load(self) -> None:
        """Read everything; what fails here leaves the old picture in place."""
        with self._database.reading() as session:
            newest = newest_change(session)
            editions = list_editions(session)
            edition = editions[-1]
            keeping = KeptPicture(self.folder, self.network, edition.policy)
            loaded = keeping.load(session, self.names)
            access = loaded.access
            for table in REGISTER_TABLES.values():
                columns = select(table.id, table.classification, table.area_id, table.by)
                access |= {i: Access(c, area, by) for i, c, area, by in session.execute(columns)}
            routes = {} if newest is None else self._routes_at(session, newest.at)
        picture = Picture(
            self.network, loaded.records, policy=edition.policy, profiles=edition.profiles, kept=loaded.kept
        )
        self._pictures, self._keeping = Pictures(picture, editions), keeping
        self._access, self._routes = access, routes
        self._version, self._last_at = (newest.number, newest.at) if newest else (0, 0)
        self._received = loaded.received
        self.generation += 1
        self._kept.clear()

    def _rebuild(self) -> None:
        """Start again from the database, keeping listeners; their states move to what they are now."""
        with self._database.reading() as session:
            self._before_turn(list_changes(session, after=self._version, limit=1_000_000))
        if self.turn is not None:
            return
        with self._lock:
            self._load()
            self._followed.keep_only(self.profiles)
            for followed in self._followed:
                followed.set_routes(self._routes)
            self._replace(self._picture, self._last_at, number=self._version, cause="rebuilt", lives={})
            self._trouble = None

    def _replace(self, picture: Picture, at: int, *, number: int, cause: str, lives: Mapping[Pair, LiveStates]) -> None:
        """Let all who follow go on from another picture; `lives` of some pairs were worked out before."""
        for (profile, user_class), followed in self._followed.items():
            live = lives.get((profile, user_class)) or picture.live(picture.profiles[profile], user_class, at)
            followed.replace(live, at, number=number, cause=cause)

    def _step(self) -> bool:
        """Apply one batch of changes; return whether there may be more."""
        with self._database.reading() as session:
            read = list_changes(session, after=self._version, limit=STEP)
            changes = self._before_turn(read)
            if not changes:
                return False
            policy = changes[0] if changes[0].kind == "policy" else None
            changes = list(takewhile(lambda change: change.kind != "policy", changes))
            rows = list_of_changes(session, after=self._version, up_to=changes[-1].number) if changes else []
            access = {c.number: self._read_access(session, c) for c in changes if c.kind == "register"}
            routes = {c.number: self._routes_at(session, c.at) for c in changes if changes_routes(c)}
        if policy is not None:
            self._change_policy(policy)
        by_change: dict[int, list[RecordRow]] = {}
        for row in rows:
            by_change.setdefault(row.change_number, []).append(row)
        for change in changes:
            with self._lock:
                self._access |= access.get(change.number, {})
            self._apply(change, by_change.get(change.number, []), routes.get(change.number))
        return len(read) == STEP or len(changes) < len(read)

    def _before_turn(self, changes: Sequence[Change]) -> Sequence[Change]:
        """Return the changes before the one that brings another network into use, and note that one."""
        for place, change in enumerate(changes):
            if not is_activation(change):
                continue
            if change.subject_id != self.network.network_id:
                self.turn = change
                return changes[:place]
            self.names.activated(change.number, self.network.network_id)
        return changes

    def _routes_at(self, session: Session, at: int) -> dict[str, NDArray[np.int64]]:
        return routes_at(session, self.network, at, self.names.routes)

    def _change_policy(self, change: Change) -> None:
        """Judge by the edition that a change published: built beside, while everybody reads on, then swapped."""
        with self._database.reading() as session:
            edition = find_edition(session, int(change.subject_id or 0))
        self._is_making = True
        try:
            picture = self._picture.under(edition.policy, edition.profiles)
            with self._lock:
                pairs = [pair for pair in self._followed.pairs() if pair[0] in edition.profiles]
            lives = {pair: picture.live(edition.profiles[pair[0]], pair[1], change.at) for pair in pairs}
        finally:
            self._is_making = False
        with self._lock:
            self._trouble = f"change {change.number} could not be applied; rebuilding"  # unless the swap succeeds
            self._pictures.put_in_force(edition, picture)
            self._followed.keep_only(edition.profiles)
            self._replace(picture, change.at, number=change.number, cause=change.kind, lives=lives)
            self._version, self._last_at, self._trouble = change.number, change.at, None

    def _apply(self, change: Change, rows: list[RecordRow], routes: dict[str, NDArray[np.int64]] | None) -> None:
        """Bring a change into the picture; readers see all of it or nothing, and do not wait while much is judged."""
        try:
            with self._lock:
                records = [self.names.record_of(row) for row in rows]
            beside = self._made_beside(change, records) if self._is_large(change, records) else None
            with self._lock:
                self._access |= {row.id: Access(row.classification, row.area, row.by) for row in rows}
                self._routes = self._routes if routes is None else routes
                if beside is None:
                    play(change, records, routes, self._picture, self._followed)
                else:
                    for followed in self._followed if routes is not None else ():
                        followed.set_routes(self._routes)
                    self._take_over(change, *beside)
                self._note(change, rows)
        except BaseException as failed:
            self._trouble = f"change {change.number} could not be applied ({type(failed).__name__}); rebuilding"
            raise

    def _is_large(self, change: Change, records: Sequence[Record]) -> bool:
        """Return whether it is worth a copy of the picture that readers need not wait for what a change moves."""
        with self._lock:
            due = max((followed.live.count_due(change.at) for followed in self._followed), default=0)
            return max(due, self._picture.expect(records)) > LARGE

    def _made_beside(self, change: Change, records: Sequence[Record]) -> tuple[Picture, dict[Pair, LiveStates], int]:
        """Return a copy of the picture with a change and the states on it, made while everybody reads on.

        Also how many places of limits were bound when it was copied.
        """
        self._is_making = True
        try:
            with self._lock:
                picture = self._picture.copy()
                bound = picture.n_limit_places
                lives = {pair: followed.live.copy(picture) for pair, followed in self._followed.items()}
            touched = picture.apply(records) if records else np.empty(0, np.int64)
            for live in lives.values():
                live.refresh(touched, change.at)
        finally:
            self._is_making = False
        return picture, lives, bound

    def _take_over(self, change: Change, picture: Picture, lives: dict[Pair, LiveStates], bound: int) -> None:
        """Go on from a copy of the picture; pairs that were begun meanwhile catch up, or begin anew where need be."""
        is_as_copied = self._picture.n_limit_places == bound
        for pair, followed in self._followed.items() if is_as_copied else ():
            if pair not in lives:
                lives[pair] = followed.live.copy(picture)
                lives[pair].advance(change.at)
        self._pictures.replace(picture)
        self._replace(picture, change.at, number=change.number, cause=change.kind, lives=lives)

    def _note(self, change: Change, rows: Sequence[RecordRow]) -> None:
        """Go on to the version of a change that is in the picture, and tell of its records."""
        received = [row.received for row in rows if row.received is not None]
        if min(received, default=self._last_at) < self._last_at:  # the past is known otherwise from here on
            self._kept.clear()
            self.generation += 1
        self._received = max([self._received, *received])
        self._version, self._last_at = change.number, change.at
        if is_activation(change):
            for followed in self._followed:
                followed.forget(change.number)
        for event in self.record_events(change, rows):
            self._followed.publish(event)

    def record_events(self, change: Change, rows: Sequence[RecordRow]) -> Iterator[Event]:
        """Yield what a change tells beside states."""
        return record_events(change, rows, self._picture.kind_of)

    def _shown_at(self, followed: Followed) -> int:
        """Return of which moment the states are: now, unless the change that tells what time moved is still to come."""
        now = self.now()
        return now if followed.live.next_wake > now else self._last_at

    def _follow_up(self, profile: str, user_class: str) -> Followed:
        """Return the states kept for a pair; new ones start at the last change.

        States belong to a version: what time moved since is told by the next `time` change, here as elsewhere, so
        that a listener who comes over from another process misses nothing.
        """
        question = self.question(profile=profile, user_class=user_class)

        @uncollected()
        def begin() -> Followed:
            live = self._picture.live(question.profile, user_class, self._last_at or question.at)
            return Followed(live, number=self._version, routes=self._routes)

        return self._followed.get((profile, user_class), begin)

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
                events += self.record_events(change, [row for row in rows if row.change_number == change.number])
        return sorted(events, key=lambda event: event.number)

    def _states_at(self, followed: Followed, at: int) -> NDArray[np.uint8]:
        live = followed.live
        return self.states_at(self.question(at, at, live.profile.name, live.user_class))

    def _read_access(self, session: Session, change: Change) -> dict[str, Access]:
        table = REGISTER_TABLES.get(change.subject_kind or "")
        row = None if table is None else session.get(table, change.subject_id)
        return {} if row is None else {row.id: Access(row.classification, row.area_id, row.by)}
