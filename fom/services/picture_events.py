"""What a picture host tells those who listen: states that moved, records and register rows to fetch again."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fom.domain.states import NO_STATE
from fom.picture.ranges import rows_that_differ

LETTERS = "OC?RX"
"""Letter of each state by its number; `-` where a one-way segment has no backward direction."""
LAYERS = {
    "explosive": "hazards",
    "physical": "restrictions",
    "control": "restrictions",
    "incident": "incidents",
    "threat_area": "areas",
    "route": "routes",
    "air_head": "air-heads",
    "control_point": "control-points",
    "restriction_case": "consent",
    "crossing": "crossings",
    "site": "sites",
    "area": "areas",
    "key_route": "routes",
    "movement": "movements",
}
"""Kind of record or register -> layer to be fetched again; judgements of a record belong to its layer."""
QUEUE_MAX = 5_000
MOVES_MAX = 5_000
"""Rows in one event; when more segments move, every listener takes all states at once: two bytes a segment, no rows."""


def letter(state: int) -> str:
    """Return the letter of a state number."""
    return "-" if state == NO_STATE else LETTERS[state]


@dataclass(frozen=True, slots=True)
class MovesEvent:
    """States that moved with change `number`, for one profile and user class."""

    number: int
    at: int
    cause: str
    """Kind of the change; `resume` and `resync` after a reconnection."""
    moves: list[list[object]]
    """[segment number, old forward, old backward, new forward, new backward], letters `OC?RX-`."""
    routes: list[list[str]]
    """[code, old letter, new letter]."""
    is_complete: bool = True
    """False when more than MOVES_MAX segments moved: `moves` is empty, and all states are to be taken anew."""

    @classmethod
    def of(
        cls,
        number: int,
        at: int,
        cause: str,
        rows: tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.uint8]],
        routes: list[list[str]],
    ) -> MovesEvent:
        """Return the event of segment numbers (j,) with their states (j, 2) before and after."""
        is_complete = len(rows[0]) <= MOVES_MAX
        return cls(number, at, cause, move_rows(*rows) if is_complete else [], routes, is_complete)


@dataclass(frozen=True, slots=True)
class RecordEvent:
    """A record or register row that is new or changed: its layer must be fetched again."""

    number: int
    kind: str
    id: str
    layer: str | None


@dataclass(frozen=True, slots=True)
class NetworkEvent:
    """Another network is in use from change `number` on: segment numbers mean other roads, everything is read anew."""

    number: int
    network_id: str


Event = MovesEvent | RecordEvent | NetworkEvent


def move_rows(segments: NDArray[np.int64], old: NDArray[np.uint8], new: NDArray[np.uint8]) -> list[list[object]]:
    """Return the rows of a MovesEvent: (j,) segment numbers with (j, 2) states before and after."""
    return [
        [int(number), letter(int(a[0])), letter(int(a[1])), letter(int(b[0])), letter(int(b[1]))]
        for number, a, b in zip(segments, old, new, strict=True)
    ]


def moves_between(old: NDArray[np.uint8], new: NDArray[np.uint8]) -> list[list[object]]:
    """Return the rows for every segment whose (n, 2) states differ."""
    numbers = rows_that_differ(old, new)
    return move_rows(numbers, old[numbers], new[numbers])


class Subscription:
    """One listener's queue of events, in order. A listener that lags too far behind is ended and must resume."""

    def __init__(self, leave: Callable[[Subscription], None]) -> None:
        self._queue: queue.Queue[Event | None] = queue.Queue(QUEUE_MAX)
        self._leave = leave
        self.is_closed = False

    def put(self, event: Event) -> None:
        """Hand over an event."""
        try:
            self._queue.put_nowait(event)
        except queue.Full:
            self.close()

    def next(self, timeout_s: float) -> Event | None:
        """Return the next event, or None when none came in time or the subscription was closed (`is_closed`)."""
        try:
            return self._queue.get(timeout=timeout_s)
        except queue.Empty:
            return None

    def waiting(self) -> Iterator[Event]:
        """Yield what is there already."""
        while (event := self.next(0)) is not None:
            yield event

    def close(self) -> None:
        """End the subscription; the listener wakes."""
        if not self.is_closed:
            self.is_closed = True
            self._leave(self)
            if not self._queue.full():
                self._queue.put_nowait(None)
