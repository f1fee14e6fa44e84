"""A dictionary that is cheap to copy: copies share what is old and carry only what changed lately."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import TypeVar, overload

K = TypeVar("K")
V = TypeVar("V")
D = TypeVar("D")
FOLD_AFTER = 256
"""Entries changed since the last folding; a copy carries no more than so many."""


class Layered(MutableMapping[K, V]):
    """Entries in the order in which they came, as of a dictionary; one that is replaced keeps its place."""

    __slots__ = ("_base", "_gone", "_new")

    def __init__(self, entries: Mapping[K, V] | None = None) -> None:
        self._base: dict[K, V] = dict(entries or {})
        """Shared with copies, never changed."""
        self._new: dict[K, V] = {}
        """Entries that are not in the base, or replace one of it."""
        self._gone: set[K] = set()
        """Keys of the base that were taken out; one that came back since stands in `_new`."""

    def __getitem__(self, key: K) -> V:
        if key in self._new:
            return self._new[key]
        if key in self._gone:
            raise KeyError(key)
        return self._base[key]

    @overload
    def get(self, key: K, default: None = None, /) -> V | None: ...
    @overload
    def get(self, key: K, default: V, /) -> V: ...
    @overload
    def get(self, key: K, default: D, /) -> V | D: ...
    def get(self, key: K, default: object = None, /) -> object:
        """Return the entry of a key, else the default."""
        if key in self._new:
            return self._new[key]
        return default if key in self._gone else self._base.get(key, default)

    def __contains__(self, key: object) -> bool:
        return key in self._new or (key in self._base and key not in self._gone)

    def __setitem__(self, key: K, value: V) -> None:
        self._new[key] = value

    def __delitem__(self, key: K) -> None:
        if key not in self:
            raise KeyError(key)
        self._new.pop(key, None)
        if key in self._base:
            self._gone.add(key)

    def __iter__(self) -> Iterator[K]:
        """Yield the keys; one that was taken out and came back stands at the end, as in a dictionary."""
        yield from (key for key in self._base if key not in self._gone) if self._gone else self._base
        yield from (key for key in self._new if key not in self._base or key in self._gone)

    def __len__(self) -> int:
        fresh = sum(key not in self._base or key in self._gone for key in self._new)
        return len(self._base) - len(self._gone) + fresh

    def copy(self) -> Layered[K, V]:
        """Return entries that change on their own."""
        if len(self._new) + len(self._gone) > FOLD_AFTER:
            self._base = dict(self.items())
            self._new, self._gone = {}, set()
        twin: Layered[K, V] = Layered()
        twin._base, twin._new, twin._gone = self._base, dict(self._new), set(self._gone)
        return twin
