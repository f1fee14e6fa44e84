"""Who may see which record or register row, for very many of them: a table of the different answers, and an index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from fom.domain.access import Access
from fom.domain.shelf import Shelf


class RecordAccess:
    """Id -> on what it depends who may see it; of passages on a shelf by their numbers."""

    def __init__(
        self, own: Mapping[str, Access] | None = None, shelf: Shelf | None = None, kinds: Sequence[Access] = (),
        kind_of: NDArray[np.int32] | None = None,
    ) -> None:  # fmt: skip
        """Begin with some; `kind_of` (s,) says which of `kinds` each passage on the shelf has."""
        self.own = dict(own or {})
        self._shelf, self.kinds = shelf, tuple(kinds)
        self.kind_of = np.empty(0, np.int32) if kind_of is None else kind_of

    def get(self, thing_id: str, default: Access) -> Access:
        """Return what is known of an id, else the default."""
        found = self.own.get(thing_id)
        if found is None and self._shelf is not None and (number := self._shelf.find(thing_id)) is not None:
            return self.kinds[int(self.kind_of[number])]
        return default if found is None else found

    def __ior__(self, more: Mapping[str, Access]) -> RecordAccess:
        self.own |= more
        return self

    def copy(self) -> RecordAccess:
        """Return what changes on its own."""
        return RecordAccess(self.own, self._shelf, self.kinds, self.kind_of)
