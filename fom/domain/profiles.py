"""Vehicle and foot classes: what must pass, and whether it is heavier than what did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fom.errors import FieldError

USER_CLASSES = (
    "mission_military",
    "mission_police",
    "mission_civilian",
    "humanitarian",
    "medical",
    "civil_population",
    "host_authority",
)
MISSION_CLASSES = USER_CLASSES[:3]
VEHICLES = ("foot", "motorcycle", "wheeled", "tracked")


@dataclass(frozen=True, slots=True)
class Profile:
    """A vehicle or foot class. `mlc` is a military load class number, not tonnes."""

    name: str
    vehicle: str
    mass_t: float
    mlc: float
    width_m: float
    height_m: float
    ford_depth_m: float

    @property
    def is_vehicle(self) -> bool:
        """Return whether a passage of it can speak for the road's surface (wheeled or tracked)."""
        return self.vehicle in ("wheeled", "tracked")

    def is_at_least(self, other: Profile) -> bool:
        """Return whether this class is not smaller than `other` in any of mlc, mass, width and height."""
        return (
            self.mlc >= other.mlc
            and self.mass_t >= other.mass_t
            and self.width_m >= other.width_m
            and self.height_m >= other.height_m
        )


PROFILES = {
    p.name: p
    for p in (
        Profile("P1", "foot", 0.1, 0, 0.6, 2.0, 0.5),
        Profile("P2", "motorcycle", 0.3, 1, 0.9, 2.0, 0.3),
        Profile("P3", "wheeled", 3.5, 4, 2.0, 2.0, 0.5),
        Profile("P4", "wheeled", 15, 16, 2.9, 2.8, 1.0),
        Profile("P5", "wheeled", 10, 12, 2.5, 3.2, 0.6),
        Profile("P6", "wheeled", 20, 20, 2.5, 3.6, 0.7),
        Profile("P7", "wheeled", 60, 70, 3.4, 4.2, 0.7),
    )
}
"""Default profiles, project judgement (J). Source: facts format, section 8."""

VARIED = {
    "mass_t": (0.05, 150.0, "tonnes"),
    "mlc": (0.0, 150.0, "a military load class"),
    "width_m": (0.3, 6.0, "metres"),
    "height_m": (0.5, 6.0, "metres"),
    "ford_depth_m": (0.0, 3.0, "metres"),
}
"""What a request may say of its own vehicle: least, most, unit (J). MLC 150 is the heaviest class there is."""


def varied(profile: Profile, dimensions: Mapping[str, float], errors: list[FieldError], field: str) -> Profile:
    """Return a profile with dimensions of its own; what is wrong with them is added to `errors`.

    A heavier vehicle has to state its load class: the one of the profile would let it onto bridges that do not bear it.
    """
    for name, value in dimensions.items():
        least, most, unit = VARIED[name]
        if not least <= value <= most:
            errors.append(FieldError(f"{field}.{name}", f"{value:g}", f"{least:g} to {most:g} {unit}"))
    if dimensions.get("mass_t", 0.0) > profile.mass_t and "mlc" not in dimensions:
        errors.append(FieldError(f"{field}.mlc", "nothing", f"the load class of a vehicle heavier than {profile.name}"))
    return Profile(profile.name, profile.vehicle, *(dimensions.get(name, getattr(profile, name)) for name in VARIED))
