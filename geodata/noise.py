"""Smooth random fields and smooth random lines, the raw material of land and winding roads."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates, spline_filter

Field = NDArray[np.float64]


class NoiseField:
    """A sum of smooth random lattices, each half as large and half as strong as the one before.

    `at` can be asked anywhere; values are about -1 to 1.
    """

    def __init__(self, rng: np.random.Generator, *, wavelength_m: float, octaves: int, gain: float = 0.5) -> None:
        self._lattices = [spline_filter(rng.uniform(-1, 1, (64, 64)), mode="grid-wrap") for _ in range(octaves)]
        self._wavelength_m, self._gain = wavelength_m, gain
        self._scale = sum(gain**k for k in range(octaves)) / 1.6

    def at(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> Field:
        """Return the field at positions in metres; repeats after 64 wavelengths."""
        total = np.zeros(np.shape(x))
        for octave, lattice in enumerate(self._lattices):
            step = self._wavelength_m / 2**octave
            where = np.stack([np.ravel(y) / step + 7.3 * octave, np.ravel(x) / step + 3.1 * octave])
            values = map_coordinates(lattice, where, order=3, mode="grid-wrap", prefilter=False)
            total += self._gain**octave * values.reshape(total.shape)
        return total / self._scale
