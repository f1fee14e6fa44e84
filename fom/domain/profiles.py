"""Vehicle and foot classes: what must pass, and whether it is heavier than what did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

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
    axle_t: float | None = None
    """Load of the heaviest axle; None = not stated, which is at most the whole mass."""

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
        Profile("P1", "foot", 0.1, 0, 0.6, 2.0, 0.5, 0.1),
        Profile("P2", "motorcycle", 0.3, 1, 0.9, 2.0, 0.3, 0.2),
        Profile("P3", "wheeled", 3.5, 4, 2.0, 2.0, 0.5, 2),
        Profile("P4", "wheeled", 15, 16, 2.9, 2.8, 1.0, 8),
        Profile("P5", "wheeled", 10, 12, 2.5, 3.2, 0.6, 7),
        Profile("P6", "wheeled", 20, 20, 2.5, 3.6, 0.7, 8),
        Profile("P7", "wheeled", 60, 70, 3.4, 4.2, 0.7, 12),
    )
}
"""Default profiles, project judgement (J); axles: three on P6, six on P7, else two. Source: facts format, section 8."""

VARIED = {
    "mass_t": (0.05, 150.0, "tonnes"),
    "mlc": (0.0, 150.0, "a military load class"),
    "width_m": (0.3, 6.0, "metres"),
    "height_m": (0.5, 6.0, "metres"),
    "ford_depth_m": (0.0, 3.0, "metres"),
    "axle_t": (0.02, 60.0, "tonnes"),
}
"""What a request may say of its own vehicle: least, most, unit (J). MLC 150 is the heaviest class there is."""


def varied(profile: Profile, dimensions: Mapping[str, float], errors: list[FieldError], field: str) -> Profile:
    """Return a profile with dimensions of its own; what is wrong with them is added to `errors`.

    A heavier vehicle has to state its load class: the one of the profile would let it onto bridges that do not bear it.
    Its heaviest axle is unknown unless stated.
    """
    for name, value in dimensions.items():
        least, most, unit = VARIED[name]
        if not least <= value <= most:
            errors.append(FieldError(f"{field}.{name}", f"{value:g}", f"{least:g} to {most:g} {unit}"))
    if dimensions.get("mass_t", 0.0) > profile.mass_t and "mlc" not in dimensions:
        errors.append(FieldError(f"{field}.mlc", "nothing", f"the load class of a vehicle heavier than {profile.name}"))
    made = Profile(name=profile.name, **over_profile(profile_sizes(profile), dimensions))
    if "axle_t" in dimensions and made.mass_t < dimensions["axle_t"]:
        expected = f"at most the mass of the vehicle, {made.mass_t:g} tonnes"
        errors.append(FieldError(f"{field}.axle_t", f"{dimensions['axle_t']:g}", expected))
    return made


def profile_sizes(profile: Profile) -> dict[str, Any]:
    """Return the members of a profile but its name; what it does not state is left out."""
    members = {f.name: getattr(profile, f.name) for f in fields(profile) if f.name != "name"}
    return {name: value for name, value in members.items() if value is not None}


def over_profile(inherited: Mapping[str, Any], members: Mapping[str, Any]) -> dict[str, Any]:
    """Return members over those inherited; an axle load does not outlive another mass."""
    is_reweighed = members.get("mass_t", inherited.get("mass_t")) != inherited.get("mass_t")
    kept = {name: value for name, value in inherited.items() if not (is_reweighed and name == "axle_t")}
    return {**kept, **members}
