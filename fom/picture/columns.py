"""Columns of numbers that grow at the end; readers keep views of what they saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

FIRST_CAPACITY = 64


class Columns:
    """Named one-dimensional arrays of one length. Rows are appended, never changed, so views of a prefix stay true."""

    def __init__(self, dtypes: Mapping[str, DTypeLike]) -> None:
        self._dtypes = dict(dtypes)
        self._arrays: dict[str, NDArray[Any]] = {name: np.empty(0, dtype) for name, dtype in dtypes.items()}
        self.size = 0

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Return a view of a column."""
        return self._arrays[name][: self.size]

    def extend(self, rows: int, values: Mapping[str, Sequence[Any] | NDArray[Any] | Any]) -> None:
        """Append `rows` rows; each value is a sequence of that length or one number for all."""
        new_size = self.size + rows
        for name, array in self._arrays.items():
            if len(array) < new_size:
                grown = np.empty(max(FIRST_CAPACITY, new_size, 2 * len(array)), self._dtypes[name])
                grown[: self.size] = array[: self.size]
                self._arrays[name] = array = grown
            array[self.size : new_size] = values[name]
        self.size = new_size

    def copy(self) -> Columns:
        """Return columns that grow on their own; the rows so far are shared until the first append."""
        twin = Columns(self._dtypes)
        twin._arrays = {name: array[: self.size] for name, array in self._arrays.items()}
        twin.size = self.size
        return twin
