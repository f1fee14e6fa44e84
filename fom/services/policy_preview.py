"""What a policy draft would change now: judged on a picture beside the one in force, nothing is stored.

What would get better comes first: there the draft opens roads, and a slip would send somebody down one of them.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from fom.domain.access import Actor
from fom.domain.editions import Edition
from fom.domain.instants import MINUTE_US, format_instant
from fom.domain.states import NO_STATE, State
from fom.errors import InvalidInput
from fom.picture.picture import Picture
from fom.picture.question import Question
from fom.picture.ranges import rows_that_differ
from fom.services.followed import worst_along
from fom.services.naming import name_segment
from fom.services.picture_events import LETTERS, letter
from fom.services.playing import arcs_of
from fom.services.policy_drafts import drafted_edition
from fom.services.registers import list_register

if TYPE_CHECKING:
    from fom.services.picture_host import PictureHost, StatesView

PICTURES_KEPT, PREVIEWS_KEPT = 2, 4
KEPT_US = 5 * MINUTE_US
"""For how long a preview is shown again when nothing changed; it says of which moment it is. Project decision."""
UNMOVED = 255
"""In `codes`: a direction whose state would stay, or that there is not."""


@dataclass(frozen=True)
class Preview:
    """States now and under a draft, (n, 2) uint8 each, for one question at one version of the picture."""

    question: Question
    version: int
    before: NDArray[np.uint8]
    after: NDArray[np.uint8]
    numbers: NDArray[np.int64]
    """(j,) segments that would change: those with a direction that gets better first, the largest steps first."""
    way: NDArray[np.int64]
    """(j,) the direction by which each is counted: the one that improves most, else the one that worsens most."""

    @property
    def is_better(self) -> NDArray[np.bool_]:
        """Return (j,) whether a direction of the segment would get better."""
        return self.after[self.numbers, self.way] < self.before[self.numbers, self.way]

    def codes(self) -> bytes:
        """Return 2n bytes, index = arc number: 8 × state now + state under the draft, UNMOVED where nothing moves."""
        moved = (self.before != self.after) & (self.before != NO_STATE)
        return np.where(moved, 8 * (self.before & 7) + (self.after & 7), UNMOVED).astype(np.uint8).tobytes()


class Previews:
    """Pictures and previews of drafts looked at lately. One is worked out at a time; whoever asks waits."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pictures: OrderedDict[str, Picture] = OrderedDict()
        self._kept: OrderedDict[tuple[str, str, str], Preview] = OrderedDict()

    def at_hand(self, host: PictureHost, draft_id: str, drafted: Edition, profile: str, user_class: str) -> Preview:
        """Return the preview of a draft, at most `KEPT_US` old and of the version in force."""
        key = (draft_id, profile, user_class)
        with self._lock:
            kept = self._kept.get(key)
            question = host.question(profile=profile, user_class=user_class)
            is_fresh = kept is not None and question.at - kept.question.at <= KEPT_US
            if kept is None or not is_fresh or kept.version != host.version:
                kept = self._kept[key] = self._compare(host, draft_id, drafted, question)
            self._kept.move_to_end(key)
            while len(self._kept) > PREVIEWS_KEPT:
                self._kept.popitem(last=False)
            return kept

    def _compare(self, host: PictureHost, draft_id: str, drafted: Edition, question: Question) -> Preview:
        name = question.profile.name
        if name not in drafted.profiles:
            raise InvalidInput.single("profile", name, "a class that the draft keeps")
        view, now = _shown_now(host, name, question.user_class)
        beside = self._beside(now, draft_id, drafted)
        after = beside.assess_ahead(Question(view.at, view.at, drafted.profiles[name], question.user_class)).states
        shown = Question(view.at, view.at, question.profile, question.user_class)
        return Preview(shown, view.version, view.states, after, *_in_order(view.states, after))

    def _beside(self, now: Picture, draft_id: str, drafted: Edition) -> Picture:
        """Return the picture under a draft with the records of `now`, kept for the next look."""
        beside = self._pictures.get(draft_id)
        if beside is None or beside.network is not now.network:
            beside = self._pictures[draft_id] = now.under(drafted.policy, drafted.profiles)
        else:
            beside.apply(now.not_in(beside))
        self._pictures.move_to_end(draft_id)
        while len(self._pictures) > PICTURES_KEPT:
            self._pictures.popitem(last=False)
        return beside


def _shown_now(host: PictureHost, profile: str, user_class: str) -> tuple[StatesView, Picture]:
    """Return the states shown now and a copy of the picture that they are of."""
    while True:
        view = host.states(profile, user_class)
        with host.reading() as picture:
            if host.version == view.version:
                return view, picture.copy()


def preview_policy(
    session: Session, host: PictureHost, draft_id: str, *, profile: str, user_class: str, actor: Actor
) -> Preview:
    """Return what a draft would change now for one profile and user class.

    Raises
    ------
    NotFound
        No such draft.
    InvalidInput
        A profile that is not in force, or that the draft would take away; an unknown user class.
    """
    drafted = drafted_edition(session, draft_id, actor=actor)
    return host.previews.at_hand(host, draft_id, drafted, profile, user_class)


def seen_figures(host: PictureHost, preview: Preview) -> dict[str, Any]:
    """Return the figures that a signature keeps: of which moment, how much gets better and worse, step by step."""
    steps = _steps(host, preview)
    sums = {}
    for name, is_better in (("better", True), ("worse", False)):
        some = [step for step in steps if step["is_better"] is is_better]
        sums[name] = {"segments": sum(s["segments"] for s in some), "km": round(sum(s["km"] for s in some), 1)}
    question = preview.question
    return {
        "at": format_instant(question.at), "version": preview.version, "profile": question.profile.name,
        "user_class": question.user_class, **sums, "steps": steps,
    }  # fmt: skip


def describe_preview(
    session: Session, host: PictureHost, preview: Preview, *, after: int, limit: int, actor: Actor
) -> dict[str, Any]:
    """Return the figures, the key routes that would change, and one page of segments, improvements first."""
    rows = [_row(host, preview, place) for place in range(after, min(after + limit, len(preview.numbers)))]
    return {
        **seen_figures(host, preview),
        "network": host.network.network_id,
        "count": len(preview.numbers),
        "routes": list(_routes(session, host, preview, actor)),
        "segments": rows,
        "next": after + limit if after + limit < len(preview.numbers) else None,
    }


def roads_of(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return rows of a preview by road: those of one number, name or class on the same key routes that change alike.

    Each is `{road, routes, old, new, is_better, length_m, segments}` with its rows; improvements and large steps first.
    """
    roads: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        name = row["ref"] or row["name"] or f"unnamed, {row['highway']}"
        roads.setdefault((name, tuple(row["routes"]), row["old"], row["new"], row["is_better"]), []).append(row)
    found = [
        dict(zip(("road", "routes", "old", "new", "is_better"), key, strict=True))
        | {"length_m": sum(row["length_m"] for row in some), "segments": some}
        for key, some in roads.items()
    ]
    return sorted(found, key=lambda road: (not road["is_better"], -_largest_step(road), -road["length_m"]))


def _largest_step(road: Mapping[str, Any]) -> int:
    """Return by how many states a direction of a road would move."""
    return max(abs(LETTERS.find(new) - LETTERS.find(old)) for old, new in zip(road["old"], road["new"], strict=True))


def _in_order(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (segments that change, deciding direction of each), improvements first and large steps before small."""
    numbers = rows_that_differ(before, after)
    step = np.where(before[numbers] == NO_STATE, 0, after[numbers].astype(np.int64) - before[numbers])
    way = np.where(step.min(axis=1) < 0, step.argmin(axis=1), step.argmax(axis=1))
    chosen = step[np.arange(len(numbers)), way]
    order = np.lexsort((numbers, -np.abs(chosen), chosen > 0))
    return numbers[order], way[order]


def _steps(host: PictureHost, preview: Preview) -> list[dict[str, Any]]:
    """Return segments and kilometres by (state now, state under the draft), each segment once, improvements first."""
    old, new = (states[preview.numbers, preview.way].astype(np.int64) for states in (preview.before, preview.after))
    cell, metres = old * len(State) + new, np.asarray(host.network.length_m[preview.numbers])
    counts = np.bincount(cell, minlength=len(State) ** 2)
    lengths = np.bincount(cell, weights=metres, minlength=len(State) ** 2)
    found = [
        {"old": letter(int(at) // len(State)), "new": letter(int(at) % len(State)), "segments": int(counts[at]),
         "km": round(float(lengths[at]) / 1000, 1), "is_better": bool(at % len(State) < at // len(State))}
        for at in np.flatnonzero(counts)
    ]  # fmt: skip
    return sorted(found, key=lambda step: (not step["is_better"], -step["segments"]))


def _row(host: PictureHost, preview: Preview, place: int) -> dict[str, Any]:
    network, number = host.network, int(preview.numbers[place])
    first, last = int(network.coord_start[number]), int(network.coord_start[number + 1])
    lon, lat = network.coords[(first + last) // 2]
    return {
        **name_segment(network, number),
        "old": "".join(letter(int(s)) for s in preview.before[number]),
        "new": "".join(letter(int(s)) for s in preview.after[number]),
        "is_better": bool(preview.is_better[place]),
        "routes": host.routes_over(number),
        "position": [round(float(lon), 6), round(float(lat), 6)],
    }


def _routes(session: Session, host: PictureHost, preview: Preview, actor: Actor) -> Iterator[dict[str, Any]]:
    """Yield the key routes whose worst state would differ, those that get better first."""
    found = []
    for row in list_register(session, "key_route", actor=actor):
        arcs = arcs_of(host.network, row["segments"] or ())
        old, new = worst_along(preview.before, arcs), worst_along(preview.after, arcs)
        if old != new:
            found.append((new > old, {"id": row["id"], "code": row["code"], "name": row["name"],
                                      "old": letter(old), "new": letter(new), "is_better": new < old}))  # fmt: skip
    yield from (row for _, row in sorted(found, key=lambda pair: (pair[0], pair[1]["code"])))
