"""The (profile, user class) pairs whose states a host keeps up to date: those asked for lately, and all with listeners.

Everything here is called under the lock of the host.
"""

from __future__ import annotations

from collections.abc import Callable, Container, ItemsView, Iterator

from fom.services.followed import Followed
from fom.services.picture_events import Event

Pair = tuple[str, str]
"""Names of a profile and a user class."""
PAIRS_MAX = 24
"""Pairs kept up to date; the longest unused one without listeners makes room."""


class FollowedPairs:
    """Pair -> its states and listeners, the longest unused first."""

    def __init__(self) -> None:
        self._by_pair: dict[Pair, Followed] = {}

    def __contains__(self, pair: Pair) -> bool:
        return pair in self._by_pair

    def __iter__(self) -> Iterator[Followed]:
        return iter(self._by_pair.values())

    def items(self) -> ItemsView[Pair, Followed]:
        """Return the pairs with what is kept of them."""
        return self._by_pair.items()

    def pairs(self) -> list[Pair]:
        """Return the pairs."""
        return list(self._by_pair)

    @property
    def next_wake(self) -> int | None:
        """Return the first moment, microseconds, at which a state changes by itself; None without pairs."""
        return min((followed.live.next_wake for followed in self), default=None)

    def get(self, pair: Pair, begin: Callable[[], Followed]) -> Followed:
        """Return what is kept of a pair, begun if nothing is."""
        followed = self._by_pair.pop(pair, None)
        if followed is None:
            followed = begin()
            idle = [old for old, kept in self.items() if not kept.listeners]
            for old in idle[: max(0, len(self._by_pair) + 1 - PAIRS_MAX)]:
                del self._by_pair[old]
        self._by_pair[pair] = followed
        return followed

    def keep_only(self, profiles: Container[str]) -> None:
        """Drop pairs of other profiles; their listeners are ended and told so when they come back."""
        for pair in [pair for pair in self._by_pair if pair[0] not in profiles]:
            for listener in list(self._by_pair.pop(pair).listeners):
                listener.close()

    def publish(self, event: Event) -> None:
        """Hand an event to every listener of every pair."""
        for followed in self:
            followed.publish(event)

    def close(self) -> None:
        """End every subscription."""
        for listener in [listener for followed in self for listener in followed.listeners]:
            listener.close()
