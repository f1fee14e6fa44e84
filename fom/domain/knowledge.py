"""What was known at a moment k: which records stand, how sure they are, and which of them mean the same event.

Everything is worked out on demand and kept. Source: facts format, section 2.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple, TypeVar

from fom.domain.closing import act_fault, is_too_early, signatures
from fom.domain.grades import (
    AUTOMATIC,
    NOT_JUDGED,
    SHOWN_CONFIRMED_MIN,
    Level,
    confidence_of,
    corroborated,
    level_of,
)
from fom.domain.instants import ALWAYS_US, NEVER_US
from fom.domain.ledger import LIMITING_KINDS, Ledger
from fom.domain.policy import Policy
from fom.domain.records import ClosingAct, Explosive, Grade, Link, Record, Retraction, Verification

T = TypeVar("T", bound=Record)
Period = tuple[int, int]
"""[start, end) in microseconds."""


class Standing(NamedTuple):
    """For [start_us, end_us) of travel time: the confidence of a fact and the group it counts in."""

    start_us: int
    end_us: int
    confidence: float
    group: str


class Knowledge:
    """The records known at `known_at`, judged by a policy."""

    def __init__(self, ledger: Ledger, known_at: int, policy: Policy) -> None:
        self.ledger, self.known_at, self.policy = ledger, known_at, policy
        self._is_known: dict[str, bool] = {}
        self._standing: dict[str, tuple[Standing, ...]] = {}
        self._release_periods: dict[str, tuple[Period, ...]] = {}

    def copy(self, ledger: Ledger) -> Knowledge:
        """Return the same knowledge of a copy of the records, which goes on by itself."""
        twin = Knowledge(ledger, self.known_at, self.policy)
        twin._is_known, twin._standing = dict(self._is_known), dict(self._standing)
        twin._release_periods = dict(self._release_periods)
        return twin

    def move(self, known_at: int, changed: Iterable[str]) -> None:
        """Go on to another moment k. `changed` are the ids of all records that what came or went meanwhile moves."""
        self.known_at = known_at
        for record_id in changed:
            self._is_known.pop(record_id, None)
            self._standing.pop(record_id, None)
            self._release_periods.pop(record_id, None)

    # retractions

    def is_known(self, record: Record) -> bool:
        """Return whether a record was received by k and no retraction of it is in force."""
        if record.received is not None and record.received > self.known_at:
            return False
        if record.id not in self.ledger.retractions_of:
            return True
        return self._resolve(record)

    def _resolve(self, record: Record) -> bool:
        """Walk the retractions of retractions without recursion, innermost first."""
        answers = self._is_known
        stack = [record]
        while stack:
            at = stack[-1]
            if at.id in answers:
                stack.pop()
                continue
            received = [
                r for r in self.ledger.retractions_of.get(at.id, ()) if self._is_received(r) and is_valid(r, at)
            ]
            waiting = [r for r in received if r.id not in answers]
            if waiting:
                stack.extend(waiting)
                continue
            answers[at.id] = self._is_received(at) and not any(answers[r.id] for r in received)
            stack.pop()
        return answers[record.id]

    def _is_received(self, record: Record) -> bool:
        return record.received is None or record.received <= self.known_at

    # grades

    def own_confidence(self, record: Record) -> float:
        """Return the confidence of a record alone: its graders' most cautious, else its own grade, else the default."""
        grades: Iterable[str] = ()
        if record.id in self.ledger.grades_of:
            latest: dict[str | None, Grade] = {}
            for grade in self._known(self.ledger.grades_of[record.id]):
                before = latest.get(grade.by)
                if before is None or (grade.received or 0, grade.id) > (before.received or 0, before.id):
                    latest[grade.by] = grade
            grades = [grade.grade or NOT_JUDGED for grade in latest.values()]
        if not grades:
            return confidence_of(record.grade or default_grade(record), self.policy)
        choose = min if isinstance(record, Verification) else max
        return choose(confidence_of(grade, self.policy) for grade in grades)

    def deciding_grade(self, record: Record) -> str:
        """Return the grade that `own_confidence` comes from, for people."""
        wanted = self.own_confidence(record)
        grades = [g.grade or NOT_JUDGED for g in self._known(self.ledger.grades_of.get(record.id, ()))]
        options = [*sorted(grades), record.grade or default_grade(record)]
        return next((g for g in options if confidence_of(g, self.policy) == wanted), options[-1])

    def is_eod_confirmed(self, fact: Explosive) -> bool:
        """Return whether the fact or any known grade of it says so."""
        grades = self.ledger.grades_of.get(fact.id, ())
        return fact.eod_confirmed or any(grade.eod_confirmed for grade in self._known(grades))

    def level(self, fact: Record, confidence: float) -> Level:
        """Return the level of a limiting fact whose (grouped) confidence is given."""
        if isinstance(fact, Explosive):
            if fact.hazard == "cha" or self.is_eod_confirmed(fact):
                return Level.CONFIRMED
            if fact.hazard == "sha":
                return Level.SUSPECTED
        return level_of(confidence, self.policy)

    def shown_confidence(self, fact: Record, confidence: float) -> float:
        """Return the confidence shown: at least .95 for confirmed areas and what EOD confirmed."""
        is_certain = isinstance(fact, Explosive) and (fact.hazard == "cha" or self.is_eod_confirmed(fact))
        return max(confidence, SHOWN_CONFIRMED_MIN) if is_certain else confidence

    # closing acts

    def valid_acts(self, fact: Record, *names: str) -> list[ClosingAct]:
        """Return the known acts of these kinds that can work on a fact, by (eff, id)."""
        acts = self._known(self.ledger.acts_on.get(fact.id, ()))
        return sorted(
            (act for act in acts if act.act in names and not is_too_early(act, fact) and act_fault(act, fact) is None),
            key=lambda act: (act.eff, act.id),
        )

    def closed_from(self, fact: Record, *names: str) -> int:
        """Return the moment from which a fact is gone by acts of these kinds, ALWAYS_US when never."""
        if fact.id not in self.ledger.acts_on:
            return ALWAYS_US
        acts = self.valid_acts(fact, *names)
        return acts[0].eff if acts else ALWAYS_US

    def release_periods(self, act: ClosingAct) -> tuple[Period, ...]:
        """Return when a land-release act works: from its eff, except while a new emplacement re-opens its area.

        Source: facts format, section 4, "Re-opening".
        """
        if act.id not in self._release_periods:
            reopened = sorted(
                (max(find.eff, standing.start_us), standing.end_us)
                for find in self._known(self.ledger.finds_near.get(act.id, ()))
                if find.eff >= act.eff
                for standing in self.standing(find)
                if self.level(find, standing.confidence) >= Level.SUSPECTED
            )
            periods: list[Period] = []
            at = act.eff
            for start, end in reopened:
                if start > at:
                    periods.append((at, start))
                at = max(at, end)
            if at < ALWAYS_US:
                periods.append((at, ALWAYS_US))
            self._release_periods[act.id] = tuple(periods)
        return self._release_periods[act.id]

    # groups

    def is_in_conflict(self, record: Record) -> bool:
        """Return whether a known link says that this record and another known one contradict each other."""
        return any(
            link.relation == "conflict" and len(self._known_members(link)) >= 2
            for link in self._known(self.ledger.links_of.get(record.id, ()))
        )

    def standing(self, fact: Record) -> tuple[Standing, ...]:
        """Return confidence and group over time, until the fact is closed as erroneous."""
        found = self._standing.get(fact.id)
        if found is None:
            if fact.id in self.ledger.links_of:
                self._stand_together(fact)
                return self._standing[fact.id]
            end = self.closed_from(fact, "erroneous")
            found = (Standing(NEVER_US, end, self.own_confidence(fact), fact.id),)
            self._standing[fact.id] = found
        return found

    def duplicates_at(self, fact: Record, at: int) -> frozenset[str]:
        """Return the ids of the facts that known `duplicate` links join with this one at a moment, its own included."""
        if fact.id not in self.ledger.links_of:
            return frozenset((fact.id,))
        alive = {m.id: m for m in self.linked_with(fact) if self.closed_from(m, "erroneous") > at}
        return next(
            (frozenset(p) for p in self._components(alive, ("duplicate",)) if fact.id in p), frozenset((fact.id,))
        )

    def _stand_together(self, fact: Record) -> None:
        """Work out the standing of a fact and of all it is linked with."""
        members = self.linked_with(fact)
        gone = {member.id: self.closed_from(member, "erroneous") for member in members}
        confidences = {member.id: self.own_confidence(member) for member in members}
        cuts = [NEVER_US, *sorted({moment for moment in gone.values() if moment < ALWAYS_US}), ALWAYS_US]
        standings: dict[str, list[Standing]] = {member.id: [] for member in members}
        for start, end in pairwise(cuts):
            alive = {member.id: member for member in members if gone[member.id] > start}
            for group in self._components(alive, ("duplicate", "same_incident")):
                together = self._confidence_together(group, alive, confidences)
                name = min(group)
                for member_id in group:
                    confidence = confidences[member_id] if together is None else together
                    standings[member_id].append(Standing(start, end, confidence, f"{name} {start}"))
        for member_id, periods in standings.items():
            self._standing[member_id] = tuple(periods)

    def linked_with(self, fact: Record) -> list[Record]:
        """Return the known facts joined with this one by known links, itself first."""
        found: dict[str, Record] = {fact.id: fact}
        waiting = [fact]
        while waiting:
            for link in self._known(self.ledger.links_of.get(waiting.pop().id, ())):
                if link.relation == "conflict":
                    continue
                for member in self._known_members(link):
                    if member.id not in found and member.kind in LIMITING_KINDS:
                        found[member.id] = member
                        waiting.append(member)
        return list(found.values())

    def _confidence_together(
        self, group: list[str], alive: dict[str, Record], confidences: dict[str, float]
    ) -> float | None:
        """Return the confidence of a group with a `same_incident` link; None when members keep their own."""
        within = {member_id: alive[member_id] for member_id in group}
        if not any(True for _ in self._joins(within, ("same_incident",))):
            return None
        voices = _Union(group)
        for joined in self._joins(within, ("duplicate",)):
            voices.join(joined)
        by_origin: dict[str | None, list[str]] = {}
        for member_id, member in within.items():
            by_origin.setdefault(member.origin, []).append(member_id)
        for same in by_origin.values():
            voices.join(same)
        return corroborated((max(confidences[m] for m in voice) for voice in voices.parts()), self.policy)

    def _components(self, alive: dict[str, Record], relations: tuple[str, ...]) -> list[list[str]]:
        union = _Union(alive)
        for joined in self._joins(alive, relations):
            union.join(joined)
        return union.parts()

    def _joins(self, members: dict[str, Record], relations: tuple[str, ...]) -> Iterator[list[str]]:
        """Yield, for each known link of these relations, its members among those given, where there are two or more."""
        seen: set[str] = set()
        for member_id in members:
            for link in self._known(self.ledger.links_of.get(member_id, ())):
                if link.id not in seen and link.relation in relations:
                    seen.add(link.id)
                    joined = [m for m in link.members if m in members]
                    if len(joined) >= 2:
                        yield joined

    def _known_members(self, link: Link) -> list[Record]:
        records = (self.ledger.records.get(member) for member in link.members)
        return [record for record in records if record is not None and self.is_known(record)]

    def _known(self, records: Iterable[T]) -> Iterator[T]:
        return (record for record in records if self.is_known(record))


class _Union:
    """Disjoint sets of ids."""

    def __init__(self, ids: Iterable[str]) -> None:
        self._parent = {member: member for member in ids}

    def _root(self, member: str) -> str:
        while self._parent[member] != member:
            self._parent[member] = self._parent[self._parent[member]]
            member = self._parent[member]
        return member

    def join(self, members: list[str]) -> None:
        """Make one set of the sets of these ids."""
        for member in members[1:]:
            self._parent[self._root(member)] = self._root(members[0])

    def parts(self) -> list[list[str]]:
        """Return the sets, members sorted, in order of their first member."""
        parts: dict[str, list[str]] = {}
        for member in sorted(self._parent):
            parts.setdefault(self._root(member), []).append(member)
        return list(parts.values())


def default_grade(record: Record) -> str:
    """Return the grade of what nobody graded: B2 for an authenticated passage with a GPS track, else F6."""
    is_automatic = isinstance(record, Verification) and record.authenticated and record.track == "gps"
    return AUTOMATIC if is_automatic else NOT_JUDGED


def is_valid(retraction: Retraction, target: Record) -> bool:
    """Return whether a retraction has the signatures it needs: two for explosive, physical, EOD-confirming ones."""
    needs_two = target.kind in ("explosive", "physical") or (isinstance(target, Grade) and target.eod_confirmed)
    return not needs_two or signatures(retraction) >= 2
