"""The pictures of one process by edition of the policy: the one in force, and some of earlier ones asked about.

A past edition is only asked about what was known before the next one was published. What is received later is not
known there, so records go into the picture in force alone, and a past picture, once built, stands as it is.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

from fom.domain.editions import Edition, edition_at
from fom.picture.picture import Picture

PAST_KEPT = 3
"""Pictures of past editions kept. They share records and, where the measures are equal, what is bound."""


class Pictures:
    """One picture for each edition that is asked about. Every member may be called from any thread."""

    def __init__(self, in_force: Picture, editions: Sequence[Edition]) -> None:
        """Take the picture under the last of the editions, which are in the order of their numbers."""
        self._lock = threading.Lock()
        self._building = threading.Lock()
        self._editions = tuple(editions)
        self._in_force = in_force
        self._past: OrderedDict[int, Picture] = OrderedDict()

    @property
    def in_force(self) -> Picture:
        """Return the picture to which records are applied."""
        return self._in_force

    @property
    def edition(self) -> Edition:
        """Return the edition in force."""
        return self._editions[-1]

    def edition_at(self, known_at: int) -> Edition:
        """Return the edition by which what was known at a moment, microseconds, is judged."""
        return edition_at(self._editions, known_at)

    def at(self, known_at: int) -> Picture:
        """Return the picture under the edition in force at a moment, microseconds; built on first use."""
        with self._lock:
            edition, picture = self.edition_at(known_at), self._in_force
            if edition is self.edition:
                return picture
            if (found := self._find(edition)) is not None:
                return found
        with self._building:
            with self._lock:
                if (found := self._find(edition)) is not None:
                    return found
            past = picture.under(edition.policy, edition.profiles)
            with self._lock:
                self._keep(edition, past)
            return past

    def replace(self, picture: Picture) -> None:
        """Take another picture under the edition in force: a copy of the one before that has moved on."""
        with self._lock:
            self._in_force = picture

    def put_in_force(self, edition: Edition, picture: Picture) -> None:
        """Take the picture of a newer edition as the one in force; the one before becomes a past one."""
        with self._lock:
            self._keep(self.edition, self._in_force)
            self._editions, self._in_force = (*self._editions, edition), picture

    def _find(self, edition: Edition) -> Picture | None:
        if edition.number in self._past:
            self._past.move_to_end(edition.number)
        return self._past.get(edition.number)

    def _keep(self, edition: Edition, picture: Picture) -> None:
        self._past[edition.number] = picture
        while len(self._past) > PAST_KEPT:
            self._past.popitem(last=False)
