"""The operational picture: records on a network, changed one at a time, judged for any question.

Threads: one lock guards the records and what is bound of them. `apply`, `remove` and `copy` hold it; `assess` holds it
while it works out what was known and takes views of the arrays, and judges outside of it. Arrays only grow at the end
and a ledger once handed out is not changed, so a reader sees the old picture or the new one, never a mixture.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from fom.domain.knowledge import Knowledge
from fom.domain.ledger import Ledger
from fom.domain.policy import Policy
from fom.domain.profiles import PROFILES, Profile
from fom.domain.records import Record
from fom.domain.spans import at_tick
from fom.network.network import Network
from fom.picture.assessment import Assessment
from fom.picture.binding import Binder
from fom.picture.bindings import Bindings, pairs_for
from fom.picture.case import Basis, Case
from fom.picture.contributions import Contributions
from fom.picture.covering import Covering
from fom.picture.influence import Influence
from fom.picture.kept_bindings import KeptBindings, begin, bind_released, keep
from fom.picture.live import LiveStates
from fom.picture.measures import Measures
from fom.picture.question import Question
from fom.picture.recorded import RecordedLimits, all_limits_known, recorded_limits
from fom.picture.survey import Survey
from fom.picture.timelines import Timelines, timelines

Ints = NDArray[np.int64]
CASES_KEPT = 4
RECORDED_KEPT = 16
"""Vehicles whose recorded limits are kept: the profiles, and dimensions asked for of late."""
CHANGES_KEPT = 4096


class Picture:
    """Records on one network under one policy."""

    def __init__(
        self,
        network: Network,
        records: Iterable[Record] = (),
        *,
        policy: Policy | None = None,
        profiles: Mapping[str, Profile] | None = None,
        kept: KeptBindings | None = None,
    ) -> None:
        """Bind records to a network; with `kept` on top of what was bound to it before (`kept_bindings`)."""
        self.network = network
        self.policy = Policy() if policy is None else policy
        self.profiles = dict(PROFILES if profiles is None else profiles)
        self.version = 0
        """Rises with every change."""
        self.lock = threading.RLock()
        self._binder = Binder(network, Measures.of(self.policy))
        self._ledger, self._bindings = (Ledger(), Bindings.empty(network)) if kept is None else begin(network, kept)
        self._all_known = all_limits_known(network)
        self._recorded: dict[Profile, RecordedLimits] = {}
        self._frozen: tuple[int, Ledger] | None = None
        self._cases: OrderedDict[tuple[int, int, Profile, str, tuple[int, int] | None], Case] = OrderedDict()
        self.changes: deque[tuple[tuple[Record, ...], Ints]] = deque(maxlen=CHANGES_KEPT)
        """For each of the last versions the records it moved and the segments these lie on, oldest first."""
        self._add(records)

    @property
    def influence(self) -> Influence:
        """Return who speaks about whom, as it is now."""
        return Influence(self._ledger, self._bindings, self._binder)

    @property
    def covering(self) -> Covering:
        """Return what tells which stretches a passage would count for; it stays good after the lock is let go."""
        return Covering(self._binder.ground, self._binder.measures.track_tolerance_m)

    # change

    def apply(self, records: Iterable[Record]) -> Ints:
        """Add records and return the numbers of the segments whose state may have moved, ascending.

        A record already here is passed over. Raises Conflict for one id with two bodies; then nothing of it is added.
        """
        with self.lock:
            added = self._add(records)
            return self._note(self.influence.records(added))

    def remove(self, record_ids: Iterable[str]) -> Ints:
        """Take records out, for what-ifs on a copy; returns the segments whose state may have moved, ascending."""
        with self.lock:
            present = [self._ledger.records[record_id] for record_id in record_ids if record_id in self._ledger]
            touched = self._note(self.influence.records(present))
            for record in present:
                self._ledger.discard(record.id)
                self._bindings.forget(record.id)
            return touched

    def expect(self, records: Iterable[Record]) -> int:
        """Return on about how many segments records lie that are still to be applied, and whom they speak about."""
        with self.lock:
            return self.influence.expect(records)

    def changes_since(self, version: int) -> list[tuple[tuple[Record, ...], Ints]] | None:
        """Return the records that each version since moved and their segments; None when more came than is kept.

        To be asked under the lock.
        """
        missed = self.version - version
        return None if missed > len(self.changes) else list(islice(self.changes, len(self.changes) - missed, None))

    def _note(self, moved: Mapping[str, Record]) -> Ints:
        """Write down which records a change moved, raise the version, and return the segments they lie on."""
        segments = self.influence.segments_of(moved.values())
        self.changes.append((tuple(moved.values()), segments))
        self.version += 1
        return segments

    def copy(self) -> Picture:
        """Return a picture that can be changed without changing this one; what is bound already is shared."""
        with self.lock:
            twin = object.__new__(Picture)
            vars(twin).update(vars(self))
            twin.lock = threading.RLock()
            twin.profiles = dict(self.profiles)
            twin._ledger, twin._bindings = self._ledger.copy(), self._bindings.copy()
            twin.changes = self.changes.copy()
            twin._recorded, twin._frozen, twin._cases = dict(self._recorded), None, OrderedDict()
            return twin

    def under(self, policy: Policy, profiles: Mapping[str, Profile]) -> Picture:
        """Return a picture of the same records judged by another policy.

        What is bound is shared as far as it would be the same (`Measures`); the rest is bound anew and holds nobody up.
        """
        measures = Measures.of(policy)
        stale = self._binder.stale_under(measures)
        if "passages" in stale:
            with self.lock:
                records = list(self._ledger)
            return Picture(self.network, records, policy=policy, profiles=profiles)
        twin = self.copy()
        twin.policy, twin.profiles, twin._recorded = policy, dict(profiles), {}
        if stale:
            twin._binder, twin._bindings = Binder(self.network, measures), twin._bindings.emptied(stale)
            if "limits" in stale:
                twin._ledger.finds_near.clear()
            again = [record for record in twin._ledger.records.own.values() if pairs_for(record) in stale]
            twin._binder.bind_all(again, twin._ledger, twin._bindings)
        return twin

    def not_in(self, other: Picture) -> list[Record]:
        """Return the records that another picture does not hold."""
        with self.lock, other.lock:
            return self._ledger.not_in(other._ledger)

    def _add(self, records: Iterable[Record]) -> list[Record]:
        fresh: dict[str, Record] = {}
        for record in records:
            self._ledger.check(record, fresh)
            if record.id not in self._ledger:
                fresh[record.id] = record
        for record in fresh.values():
            self._ledger.add(record)
        added = list(fresh.values())
        self._binder.bind_all(added, self._ledger, self._bindings)
        return added

    @property
    def n_records(self) -> int:
        """Return how many records there are."""
        return len(self._ledger)

    @property
    def n_limit_places(self) -> int:
        """Return how many places of limits are bound: more with records, and where released land is first met.

        States of a copy fit the picture only if none were bound on the copy.
        """
        return self._bindings.limits.n_placements

    def find_record(self, record_id: str) -> Record | None:
        """Return a record, None for an id that is not here."""
        return self._ledger.records.get(record_id)

    def kind_of(self, record_id: str) -> str | None:
        """Return the kind of a record, None for an id that is not here."""
        record = self.find_record(record_id)
        return None if record is None else record.kind

    def keep(self, known_at: int | None = None) -> KeptBindings:
        """Return all records with what is bound of them, to begin another picture with. Not of one with removals.

        With `known_at` (microseconds) what closing acts known then leave of hazards is bound too, for every profile.
        """
        with self.lock:
            ledger, bindings = self._ledger.copy(), self._bindings.copy()
        if known_at is not None:
            knowledge = Knowledge(ledger, known_at, self.policy)
            bind_released(knowledge, self.profiles.values(), self._binder, bindings)
        return keep(ledger, bindings)

    # questions

    def assess(self, question: Question, segments: Ints | None = None, *, basis: Basis | None = None) -> Assessment:
        """Return the assessment of all segments, or of the numbers given (each once).

        `basis` (of `basis()`): by the records of then, whatever came since; default by those of now.
        """
        with self.lock:
            by = self.basis() if basis is None else basis
            wanted = None if segments is None else np.asarray(segments, dtype=np.int64)
            case = self._case(question, by) if wanted is None else self._case_on(question, np.unique(wanted), by)
            self.recorded(question.profile)
        return Assessment(question, self.contributions(case, wanted, only_at=at_tick(question.at)))

    def assess_ahead(self, question: Question, *, basis: Basis | None = None, dated_us: int = 0) -> Assessment:
        """Return the assessment of all segments by what can move a state at the moment asked or later, and no more.

        States, risk and delays are those of `assess`, at a fraction of its cost: most passages of a mission are too old
        to count. `verified_at` is told only as far back as 2T and `dated_us` (microseconds) go; NEVER_US may stand for
        any moment before.
        """
        tick = at_tick(question.at)
        with self.lock:
            case = self._case(question, self.basis() if basis is None else basis, since=(question.at, dated_us))
            self.recorded(question.profile)
        return Assessment(question, self.contributions(case, None, only_at=tick, since=tick))

    def assess_over(
        self, question: Question, moments: Iterable[int], segments: Ints, *, basis: Basis | None = None
    ) -> Iterator[Assessment]:
        """Yield the assessment of some segments (each once) at each moment, microseconds; gathered once for all."""
        with self.lock:
            by = self.basis() if basis is None else basis
            recorded, case = self.recorded(question.profile), self._case_on(question, np.unique(segments), by)
        contributions = Contributions(case, recorded, self._all_known, np.asarray(segments, dtype=np.int64))
        for moment in moments:
            yield Assessment(replace(question, at=moment), contributions)

    def timelines(
        self, question: Question, end: int, segments: Ints | None = None, *, basis: Basis | None = None
    ) -> Timelines:
        """Return how states go on by themselves from the moment asked to `end`, with the same knowledge."""
        with self.lock:
            by = self.basis() if basis is None else basis
            wanted = None if segments is None else np.asarray(segments, dtype=np.int64)
            case = self._case(question, by) if wanted is None else self._case_on(question, wanted, by)
            self.recorded(question.profile)
        return timelines(self.contributions(case, wanted), question.at, end)

    def survey(self, known_at: int) -> Survey:
        """Return what is known at a moment beyond the states of segments."""
        with self.lock:
            basis = self.basis()
            return Survey(basis, Knowledge(basis.ledger, known_at, self.policy))

    def contributions(
        self, case: Case, segments: Ints | None, *, only_at: int | None = None, since: int | None = None
    ) -> Contributions:
        """Return what a case holds about some segments (None = all)."""
        recorded = self.recorded(case.profile)
        return Contributions(case, recorded, self._all_known, segments, only_at=only_at, since=since)

    def live(self, profile: Profile, user_class: str, at: int) -> LiveStates:
        """Return arrays kept up to date for one profile and user class, from `at` (microseconds) on."""
        return LiveStates(self, profile, user_class, at)

    def recorded(self, profile: Profile) -> RecordedLimits:
        """Return what the limits in the network mean for a profile."""
        found = self._recorded.get(profile)
        if found is None:
            found = self._recorded[profile] = recorded_limits(self.network, profile, self.policy)
            while len(self._recorded) > RECORDED_KEPT:
                del self._recorded[next(iter(self._recorded))]
        return found

    def basis(self) -> Basis:
        """Return the records as they are now, unchanged by what comes, and their bindings."""
        with self.lock:
            if self._frozen is None or self._frozen[0] != self.version:
                self._frozen = (self.version, self._ledger.copy())
            return Basis(self._frozen[1], self._binder, self._bindings, self.profiles, self.version)

    def moving_basis(self) -> Basis:
        """Return the records and bindings themselves, which move on with every change; to be read under the lock."""
        return Basis(self._ledger, self._binder, self._bindings, self.profiles, self.version)

    def _case(self, question: Question, basis: Basis, *, since: tuple[int, int] | None = None) -> Case:
        """Return the case of a question with all records that matter `since` then; the last few are kept."""
        key = (basis.version, question.known_at, question.profile, question.user_class, since)
        case = self._cases.get(key)
        if case is None:
            case = self._new_case(question, basis, *(since or ()))
            case.put_all()
            self._cases[key] = case
            while len(self._cases) > CASES_KEPT:
                self._cases.popitem(last=False)
        self._cases.move_to_end(key)
        return case

    def _case_on(self, question: Question, segments: Ints, basis: Basis) -> Case:
        """Return the case of a question with the records on some segments only."""
        case = self._new_case(question, basis)
        case.put_on(segments)
        return case

    def _new_case(self, question: Question, basis: Basis, since: int | None = None, dated_us: int = 0) -> Case:
        knowledge = Knowledge(basis.ledger, question.known_at, self.policy)
        return Case(basis, knowledge, question.profile, question.user_class, since=since, dated_us=dated_us)
