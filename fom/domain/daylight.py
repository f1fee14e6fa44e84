"""Daylight: where the sun stands, and from when to when a movement that may not drive by night may be on the road.

Day = the sun's upper edge is above a flat horizon: its centre not lower than -0.833 degrees, refraction included.
Good to about a minute below 65 degrees of latitude; hills make it later.
Source: solar position: fractional year, equation of time, declination, hour angle,
zenith 90.833 degrees for sunrise and sunset.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fom.domain.instants import DAY_US, MINUTE_US, from_us

HORIZON_SINE = float(np.sin(np.radians(-0.833)))
STEP_US = 10 * MINUTE_US
"""Between two steps of a table the sun is taken to move evenly: an error of less than a second."""


@dataclass(frozen=True, eq=False, slots=True)
class SunTable:
    """The sun every ten minutes from `start` (microseconds) on."""

    start: int
    declination: NDArray[np.float64]
    """(k,) radians."""
    hour_angle: NDArray[np.float64]
    """(k,) radians at longitude 0, growing."""

    def height(self, lon: NDArray[np.float64], lat: NDArray[np.float64], at: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the sine of the sun's elevation at places (degrees) and moments (microseconds) inside the table."""
        steps = (np.asarray(at) - self.start) / STEP_US
        grid = np.arange(len(self.declination))
        declination = np.interp(steps, grid, self.declination)
        angle = np.interp(steps, grid, self.hour_angle) + np.radians(lon)
        phi = np.radians(lat)
        return np.asarray(np.sin(phi) * np.sin(declination) + np.cos(phi) * np.cos(declination) * np.cos(angle))


def sun_table(start: int, end: int) -> SunTable:
    """Return the sun from `start` to `end`, microseconds; both inside."""
    moments = start + STEP_US * np.arange((end - start) // STEP_US + 2, dtype=np.int64)
    midnight = start - start % DAY_US
    first_day = from_us(start).timetuple().tm_yday - 1
    days = first_day + (moments - midnight) / DAY_US
    year = 2 * np.pi / 365 * (days - 0.5)
    equation_min = 229.18 * (
        0.000075
        + 0.001868 * np.cos(year)
        - 0.032077 * np.sin(year)
        - 0.014615 * np.cos(2 * year)
        - 0.040849 * np.sin(2 * year)
    )
    declination = (
        0.006918
        - 0.399912 * np.cos(year)
        + 0.070257 * np.sin(year)
        - 0.006758 * np.cos(2 * year)
        + 0.000907 * np.sin(2 * year)
        - 0.002697 * np.cos(3 * year)
        + 0.00148 * np.sin(3 * year)
    )
    solar_min = (moments - midnight) / MINUTE_US + equation_min
    return SunTable(start, declination, np.radians(solar_min / 4 - 180))


def is_day(lon: float, lat: float, at: int) -> bool:
    """Return whether it is day at a place (degrees) and moment (microseconds)."""
    table = sun_table(at, at)
    return bool(table.height(np.array([lon]), np.array([lat]), np.array([at]))[0] >= HORIZON_SINE)
