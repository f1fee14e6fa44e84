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
from fom.picture.bindings import Bindings
from fom.picture.case import JUDGED_KINDS, Basis, Case
from fom.picture.contributions import Contributions
from fom.picture.ground import Ground
from fom.picture.influence import Influence
from fom.picture.live import LiveStates
from fom.picture.question import Question
from fom.picture.recorded import RecordedLimits, all_limits_known, recorded_limits
from fom.picture.survey import Survey

Ints = NDArray[np.int64]
CASES_KEPT = 4
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
    ) -> None:
        self.network = network
        self.policy = Policy() if policy is None else policy
        self.profiles = dict(PROFILES if profiles is None else profiles)
        self.version = 0
        """Rises with every change."""
        self.lock = threading.RLock()
        self._binder = Binder(Ground(network, self.policy), self.policy)
        self._ledger = Ledger()
        self._bindings = Bindings.empty(network)
        self._all_known = all_limits_known(network)
        self._recorded: dict[Profile, RecordedLimits] = {}
        self._frozen: tuple[int, Ledger] | None = None
        self._cases: OrderedDict[tuple[int, int, Profile, str], Case] = OrderedDict()
        self.changes: deque[tuple[Record, ...]] = deque(maxlen=CHANGES_KEPT)
        """For each of the last versions the records it moved, oldest first."""
        self._add(records)

    @property
    def influence(self) -> Influence:
        """Return who speaks about whom, as it is now."""
        return Influence(self._ledger, self._bindings, self._binder)

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

    def _note(self, moved: Mapping[str, Record]) -> Ints:
        """Write down which records a change moved, raise the version, and return the segments they lie on."""
        self.changes.append(tuple(moved.values()))
        self.version += 1
        return self.influence.segments_of(moved.values())

    def copy(self) -> Picture:
        """Return a picture that can be changed without changing this one; what is bound already is shared."""
        with self.lock:
            twin = object.__new__(Picture)
            vars(twin).update(vars(self))
            twin.lock = threading.RLock()
            twin.profiles = dict(self.profiles)
            twin._ledger, twin._bindings = self._ledger.copy(), self._bindings.copy()
            twin.changes = deque(maxlen=CHANGES_KEPT)
            twin._recorded, twin._frozen, twin._cases = dict(self._recorded), None, OrderedDict()
            return twin

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

    # questions

    def assess(self, question: Question, segments: Ints | None = None) -> Assessment:
        """Return the assessment of all segments, or of the numbers given (each once)."""
        with self.lock:
            wanted = None if segments is None else np.asarray(segments, dtype=np.int64)
            case = self._case(question) if wanted is None else self._case_on(question, np.unique(wanted))
            self.recorded(question.profile)
        return Assessment(question, self.contributions(case, wanted, only_at=at_tick(question.at)))

    def assess_over(self, question: Question, moments: Iterable[int], segments: Ints) -> Iterator[Assessment]:
        """Yield the assessment of some segments (each once) at each moment, microseconds; gathered once for all."""
        with self.lock:
            recorded, case = self.recorded(question.profile), self._case_on(question, np.unique(segments))
        contributions = Contributions(case, recorded, self._all_known, np.asarray(segments, dtype=np.int64))
        for moment in moments:
            yield Assessment(replace(question, at=moment), contributions)

    def survey(self, known_at: int) -> Survey:
        """Return what is known at a moment beyond the states of segments."""
        with self.lock:
            basis = self.basis()
            return Survey(basis, Knowledge(basis.ledger, known_at, self.policy))

    def contributions(self, case: Case, segments: Ints | None, *, only_at: int | None = None) -> Contributions:
        """Return what a case holds about some segments (None = all)."""
        return Contributions(case, self.recorded(case.profile), self._all_known, segments, only_at=only_at)

    def live(self, profile: Profile, user_class: str, at: int) -> LiveStates:
        """Return arrays kept up to date for one profile and user class, from `at` (microseconds) on."""
        return LiveStates(self, profile, user_class, at)

    def recorded(self, profile: Profile) -> RecordedLimits:
        """Return what the limits in the network mean for a profile."""
        found = self._recorded.get(profile)
        if found is None:
            found = self._recorded[profile] = recorded_limits(self.network, profile, self.policy)
        return found

    def basis(self) -> Basis:
        """Return the records as they are now, unchanged by what comes, and their bindings."""
        if self._frozen is None or self._frozen[0] != self.version:
            self._frozen = (self.version, self._ledger.copy())
        return Basis(self._frozen[1], self._binder, self._bindings, self.profiles)

    def moving_basis(self) -> Basis:
        """Return the records and bindings themselves, which move on with every change; to be read under the lock."""
        return Basis(self._ledger, self._binder, self._bindings, self.profiles)

    def _case(self, question: Question) -> Case:
        """Return the case of a question with all records; the last few are kept."""
        key = (self.version, question.known_at, question.profile, question.user_class)
        case = self._cases.get(key)
        if case is None:
            case = self._new_case(question)
            case.put(record for kind in JUDGED_KINDS for record in case.basis.ledger.of_kind(kind))
            self._cases[key] = case
            while len(self._cases) > CASES_KEPT:
                self._cases.popitem(last=False)
        self._cases.move_to_end(key)
        return case

    def _case_on(self, question: Question, segments: Ints) -> Case:
        """Return the case of a question with the records on some segments only."""
        case = self._new_case(question)
        case.put(case.basis.ledger.records[i] for i in self._bindings.records_on(segments) if i in case.basis.ledger)
        return case

    def _new_case(self, question: Question) -> Case:
        basis = self.basis()
        knowledge = Knowledge(basis.ledger, question.known_at, self.policy)
        return Case(basis, knowledge, question.profile, question.user_class)
