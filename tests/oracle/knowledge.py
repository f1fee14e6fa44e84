"""What is known at k: retractions, grades, links and groups, and which closing act can do what to which fact."""

from __future__ import annotations

import math
from collections.abc import Iterable

from tests.oracle.documents import Documents, Record, instant
from tests.oracle.ground import SLACK, Ground

LIMITING = ("explosive", "physical", "control", "incident")
PHYSICAL_STRENGTHS = ("route_search", "engineer_recce", "own_patrol_traverse", "partner_convoy_traverse")
LAND_RELEASE = ("cancelled", "reduced", "cleared")
MINE_ACTION = ("mine_action", "eod")
WHY_ORDER = (
    "two_persons",
    "authority",
    "not_applicable",
    "not_surveyed",
    "no_traffic_class",
    "role",
    "green",
    "expiry",
    "bulk",
    "explosive",
    "physical",
)


class Group:
    """Records linked as one event, with the confidence they have together (None: each keeps its own)."""

    __slots__ = ("confidence", "key")

    def __init__(self, key: str, confidence: float | None) -> None:
        self.key, self.confidence = key, confidence


class Knowledge:
    """The records known at one moment and what follows from them whatever the moment of travel."""

    def __init__(self, documents: Documents, ground: Ground, known_at: int) -> None:
        self.documents, self.ground, self.policy, self.known_at = documents, ground, documents.policy, known_at
        self._retractions: dict[str, list[Record]] = {}
        for r in documents.of_kind("retraction"):
            self._retractions.setdefault(r.p["target"], []).append(r)
        self._is_known: dict[str, bool] = {}
        self.known = {r.id: r for r in documents.records.values() if r.kind != "route" and self.is_known(r)}
        self._grades: dict[str, list[Record]] = {}
        for g in self.of_kind("grade"):
            self._grades.setdefault(g.p["target"], []).append(g)
        self.acts = self.of_kind("closing_act")
        self.acts_on: dict[str, list[Record]] = {}
        for act in self.acts:
            for target in dict.fromkeys(act.p["closes"]):
                fact = documents.records[target]
                if self.why_not(act, fact) is None:
                    self.acts_on.setdefault(target, []).append(act)
        self.links = self.of_kind("link")
        self._own_confidence: dict[str, float] = {}
        self._groups: dict[frozenset[str], dict[str, Group]] = {}

    def of_kind(self, kind: str) -> list[Record]:
        """Return the known records of a kind, sorted by id."""
        return sorted((r for r in self.known.values() if r.kind == kind), key=lambda r: r.id)

    # retractions

    def is_known(self, record: Record) -> bool:
        """Return whether a record is received by k and no retraction of it is in force."""
        if record.id not in self._is_known:
            self._is_known[record.id] = record.received <= self.known_at and not any(
                self.is_known(r) and self.is_retraction_allowed(r) for r in self._retractions.get(record.id, ())
            )
        return self._is_known[record.id]

    def is_retraction_allowed(self, retraction: Record) -> bool:
        """Return whether it bears the signatures that its target asks for."""
        target = self.documents.records[retraction.p["target"]]
        improves = target.kind in ("explosive", "physical") or (
            target.kind == "grade" and bool(target.p.get("eod_confirmed"))
        )
        return retraction.signatures >= 2 or not improves

    # grades

    def own_confidence(self, record: Record) -> float:
        """Return the confidence of a record by its grades alone."""
        if record.id not in self._own_confidence:
            latest: dict[str, Record] = {}
            for g in sorted(self._grades.get(record.id, ()), key=lambda g: (g.received, g.id)):
                latest[g.p["by"]] = g
            values = [self._value(g.p["grade"]) for g in latest.values()]
            if values:
                value = min(values) if record.kind == "verification" else max(values)
            else:
                value = self._value(record.p.get("grade") or default_grade(record))
            self._own_confidence[record.id] = value
        return self._own_confidence[record.id]

    def _value(self, grade: str) -> float:
        return float(self.policy["source"][grade[0]] * self.policy["information"][grade[1]])

    def is_eod_confirmed(self, record: Record) -> bool:
        """Return whether the fact or any known grade of it says so."""
        return bool(record.p.get("eod_confirmed")) or any(
            g.p.get("eod_confirmed") for g in self._grades.get(record.id, ())
        )

    def verifies(self, record: Record) -> bool:
        """Return whether a verification is physical and believed enough to prove a passage."""
        confident = self.own_confidence(record) >= self.policy["verification_min"] + SLACK
        return record.p["strength"] in PHYSICAL_STRENGTHS and confident

    # closing acts

    def why_not(self, act: Record, fact: Record) -> str | None:
        """Return why an act can never work on a fact it names, or None."""
        kind, p = act_of(act), act.p
        needed = 1 if kind == "lifted" else 2
        if act.signatures < needed:
            return "two_persons"
        authorities: dict[str, tuple[str, ...]] = {
            "repaired": ("engineer",),
            "lifted": ("joc",),
            "erroneous": {
                "explosive": MINE_ACTION,
                "physical": ("engineer",),
                "incident": ("joc",),
                "control": ("joc",),
            }.get(fact.kind, ("mine_action", "eod", "engineer", "joc")),
        }
        if p["authority"] not in authorities.get(kind, MINE_ACTION):
            return "authority"
        if fact.kind not in targets(kind):
            return "not_applicable"
        geometry = self.ground.geometry(fact)
        if kind == "destroyed" and (fact.p["hazard"] != "item" or (geometry and geometry["type"] != "Point")):
            return "not_applicable"
        if kind in LAND_RELEASE:
            if geometry is None:
                return "not_applicable"
            if p["location"]["method"] != "survey":
                return "not_surveyed"
            if kind != "cancelled" and p.get("traffic_mlc") is None:
                return "no_traffic_class"
        return None

    def erroneous_at(self, t: int) -> frozenset[str]:
        """Return the ids of the facts closed as erroneous at t."""
        return frozenset(
            target
            for target, acts in self.acts_on.items()
            if any(act_of(a) == "erroneous" and a.eff <= t for a in acts)
        )

    # links

    def groups(self, erroneous: frozenset[str]) -> dict[str, Group]:
        """Return the group of every linked limiting fact, given the facts closed as erroneous."""
        if erroneous not in self._groups:
            self._groups[erroneous] = self._make_groups(erroneous)
        return self._groups[erroneous]

    def _make_groups(self, erroneous: frozenset[str]) -> dict[str, Group]:
        pairs: list[tuple[str, str, str]] = []
        for link in self.links:
            members = [m for m in link.p["members"] if m in self.known and m not in erroneous]
            members = [m for m in members if self.known[m].kind in LIMITING]
            if link.p["relation"] != "conflict":
                pairs.extend((link.p["relation"], members[0], m) for m in members[1:])
        out = {}
        for component in components((a, b) for _, a, b in pairs):
            same = any(relation == "same_incident" and a in component for relation, a, _ in pairs)
            confidence = self._together(component, pairs) if same else None
            group = Group(min(component), confidence)
            out.update(dict.fromkeys(component, group))
        return out

    def _together(self, component: set[str], pairs: list[tuple[str, str, str]]) -> float:
        ordered = sorted(component)
        joined = [(a, a) for a in ordered] + [(a, b) for r, a, b in pairs if r == "duplicate" and a in component]
        first: dict[str, str] = {}
        for m in ordered:
            origin = self.known[m].p.get("origin")
            joined.append((m, first.setdefault("unknown" if origin is None else f"from {origin}", m)))
        voices = [max(self.own_confidence(self.known[m]) for m in voice) for voice in components(joined)]
        noisy_or = 1 - math.prod(1 - v for v in voices)
        return float(max(*voices, min(self.policy["corroboration_cap"], noisy_or)))

    def duplicates(self, erroneous: frozenset[str]) -> dict[str, str]:
        """Return, for every member of a duplicate link, the first id of those it is a duplicate of."""
        pairs: list[tuple[str, str]] = []
        for link in self.links:
            if link.p["relation"] == "duplicate":
                members = [m for m in link.p["members"] if m in self.known and m not in erroneous]
                pairs.extend((members[0], m) for m in members[1:])
        return {m: min(component) for component in components(pairs) for m in component}

    def confidence(self, record: Record, erroneous: frozenset[str]) -> float:
        """Return c of a limiting fact at a moment with these facts closed as erroneous."""
        group = self.groups(erroneous).get(record.id)
        return self.own_confidence(record) if group is None or group.confidence is None else group.confidence

    def level(self, record: Record, erroneous: frozenset[str]) -> str:
        """Return confirmed, suspected or doubtful."""
        if record.kind == "explosive":
            if record.p["hazard"] == "cha" or self.is_eod_confirmed(record):
                return "confirmed"
            if record.p["hazard"] == "sha":
                return "suspected"
        c = self.confidence(record, erroneous)
        if c >= self.policy["confirmed_min"] - SLACK:
            return "confirmed"
        return "suspected" if c >= self.policy["suspected_min"] - SLACK else "doubtful"

    def flags(self, record: Record, t: int) -> set[str]:
        """Return the flags of one record."""
        out = {"clock_skew"} if record.skewed else set()
        for link in self.links:
            members = link.p["members"] if link.p["relation"] == "conflict" else ()
            if record.id in members and sum(m in self.known for m in members) >= 2:
                out.add("conflict")
        review = record.p.get("review_by")
        if review is not None and instant(review) < t:
            out.add("review_overdue")
        return out


def act_of(act: Record) -> str:
    """Return which act it is."""
    return str(act.p["act"])


def targets(act: str) -> tuple[str, ...]:
    """Return the kinds of record that an act can close."""
    if act == "erroneous":
        return LIMITING
    return {"repaired": ("physical",), "lifted": ("control", "manual")}.get(act, ("explosive",))


def default_grade(record: Record) -> str:
    """Return the grade of a record that nobody has graded."""
    if record.kind == "verification" and record.p.get("authenticated") and record.p.get("track") == "gps":
        return "B2"
    return "F6"


def components(pairs: Iterable[tuple[str, str]]) -> list[set[str]]:
    """Return the connected components of a graph given by its edges."""
    out: list[set[str]] = []
    for a, b in pairs:
        touched = [c for c in out if a in c or b in c]
        out = [c for c in out if c not in touched]
        out.append({a, b}.union(*touched))
    return out


def first_why(whys: Iterable[str]) -> str | None:
    """Return the first of several reasons of refusal in the order of the format."""
    found = set(whys)
    return next((why for why in WHY_ORDER if why in found), None)
