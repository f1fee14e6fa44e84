"""What one set of map-data tags says about a road: class, direction, speed, type, limits, asset.

Read once per distinct set of tags, however many ways carry it. Tables and their reasons: docs/networks.md; all numbers
here are project judgement (J) unless said.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fom.network.measures import read_length_m, read_load_class, read_mass_t, read_speed_kmh
from fom.network.raw import clean_text


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


CLASS_SPEED_KMH = {
    "motorway": 90.0, "trunk": 80.0, "primary": 65.0, "secondary": 55.0, "tertiary": 45.0, "unclassified": 35.0,
    "residential": 25.0, "living_street": 10.0, "service": 15.0, "track": 15.0, "road": 25.0, "ferry": 8.0,
    "motorway_link": 50.0, "trunk_link": 45.0, "primary_link": 40.0, "secondary_link": 35.0, "tertiary_link": 30.0,
}  # fmt: skip
"""Road classes that are kept, with the speed assumed where none is tagged (J)."""

NOT_A_ROAD = _words("""
    footway path cycleway bridleway steps pedestrian corridor platform elevator via_ferrata construction
    proposed planned abandoned disused razed demolished raceway rest_area services bus_guideway busway
    bus_stop escape emergency_bay no ladder crossing
""")

PAVED = _words("""
    asphalt paved concrete concrete:plates concrete:lanes chipseal paving_stones sett bricks brick
    interlocking metal cobblestone cobblestone:flattened unhewn_cobblestone
""")
SURFACE_TYPE = {
    **dict.fromkeys(PAVED, "X"),
    **dict.fromkeys(("compacted", "gravel", "fine_gravel", "pebblestone", "laterite", "murram", "wood",
                     "grass_paver"), "Y"),
    **dict.fromkeys(("ground", "dirt", "earth", "mud", "sand", "grass", "clay", "soil", "rock", "stone", "snow", "ice",
                     "salt", "dirt/sand", "woodchips"), "Z"),
}  # fmt: skip
TRACK_TYPE = {"grade1": "Y", "grade2": "Y", "grade3": "Z", "grade4": "Z", "grade5": "Z"}
ROUGH_TYPE = dict.fromkeys(("very_bad", "horrible", "very_horrible", "impassable"), "Z")

SURFACE_SPEED_KMH = {
    "compacted": 60.0, "fine_gravel": 50.0, "gravel": 50.0, "pebblestone": 40.0, "laterite": 50.0, "murram": 50.0,
    "unpaved": 40.0, "ground": 30.0, "dirt": 30.0, "earth": 30.0, "soil": 30.0, "clay": 30.0, "grass": 20.0,
    "sand": 15.0, "mud": 10.0, "rock": 15.0, "stone": 15.0, "snow": 20.0, "ice": 20.0, "salt": 40.0, "wood": 30.0,
    "metal": 40.0, "sett": 50.0, "cobblestone": 40.0, "unhewn_cobblestone": 30.0, "grass_paver": 30.0,
    "dirt/sand": 20.0,
}  # fmt: skip
TRACK_SPEED_KMH = {"grade2": 40.0, "grade3": 30.0, "grade4": 20.0, "grade5": 15.0}
ROUGH_SPEED_KMH = {"bad": 40.0, "very_bad": 20.0, "horrible": 12.0, "very_horrible": 8.0, "impassable": 5.0}

LANE_M = 3.0
"""Width counted per lane where only the number of lanes is tagged (J)."""

FROM_TAG, FROM_SURFACE, FROM_CLASS = 0, 1, 2

YES = frozenset(("yes", "true", "1"))
NOT = frozenset(("no", "false", "0", ""))

MASS_KEYS = ("maxweight", "maxweightrating", "maxgcweight", "maxweight:hgv", "maxweight:physical")
LOAD_CLASS_KEYS = (
    "mlc", "mil:mlc", "nato:mlc", "military:mlc", "load_class", "military_load_class", "maxload:mlc", "bridge:mlc",
    "mlc:wheeled", "mlc:tracked",
)  # fmt: skip
HEIGHT_KEYS = ("maxheight", "maxheight:physical")
WIDTH_KEYS = ("maxwidth", "maxwidth:physical")
DEPTH_KEYS = ("depth", "ford:depth", "maxdepth")

TAG_KEYS = _words("""
    highway route surface tracktype smoothness oneway junction access vehicle motor_vehicle motorcar area
    bridge tunnel culvert ford layer maxspeed lanes width est_width width:carriageway shoulder:width
    shoulder:both:width maxaxleload winter_road ice_road bridge:name tunnel:name
""").union(MASS_KEYS, LOAD_CLASS_KEYS, HEIGHT_KEYS, WIDTH_KEYS, DEPTH_KEYS)
"""Keys of ways that are read; all others are left out while reading."""


Limits = tuple[float | None, float | None, float | None, float | None]


@dataclass(frozen=True, slots=True)
class Road:
    """Attributes of a stretch of road; equal values may be joined into one segment. None = not recorded."""

    highway: str
    surface: str
    road_type: str
    speed_kmh: float
    speed_source: int
    is_oneway: bool
    carriageway_m: float | None
    shoulder_m: float | None
    limits: Limits
    """As `network.LIMIT_NAMES`; of the asset where there is one, else of the road."""
    axle_t: float | None
    asset: str
    """Asset type that the whole stretch lies on, or ''."""
    asset_name: str
    depth_m: float | None


@dataclass(frozen=True, slots=True)
class Reading:
    """Result for one tag set: a road, or why it is none, with what could not be read."""

    road: Road | None
    refusal: str = ""
    is_reversed: bool = False
    """One-way against the drawn direction."""
    unreadable: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Values:
    """Reads measures out of tags and remembers the keys whose text could not be read."""

    def __init__(self, tags: Mapping[str, str]) -> None:
        self.tags = tags
        self.unreadable: list[str] = []

    def smallest(self, keys: tuple[str, ...], read: Callable[[str], float | None]) -> float | None:
        """Return the smallest readable value of these keys, None if there is none."""
        values = []
        for key in keys:
            text = self.tags.get(key)
            if text is None:
                continue
            try:
                value = read(text)
            except ValueError:
                self.unreadable.append(key)
                continue
            if value is not None:
                values.append(value)
        return min(values, default=None)


def road_class(tags: Mapping[str, str]) -> tuple[str, str]:
    """Return (class, '') of a road that is kept, or ('', reason)."""
    if tags.get("route") == "ferry":
        return "ferry", ""
    highway = tags.get("highway", "").strip().lower()
    if highway in CLASS_SPEED_KMH and highway != "ferry":
        return highway, ""
    if highway in NOT_A_ROAD:
        return "", f"not a road for vehicles: {highway}"
    return "", "unknown road class" if highway else "no road class"


def is_closed_to_vehicles(tags: Mapping[str, str]) -> bool:
    """Return whether the most particular access tag present says `no`."""
    for key in ("motorcar", "motor_vehicle", "vehicle", "access"):
        if key in tags:
            return tags[key].strip().lower() == "no"
    return False


def direction(tags: Mapping[str, str], highway: str) -> int:
    """Return 1 for one-way as drawn, -1 for one-way against it, 0 for both ways."""
    oneway = tags.get("oneway", "").strip().lower()
    if oneway in YES:
        return 1
    if oneway in ("-1", "reverse"):
        return -1
    if oneway == "" and (highway == "motorway" or tags.get("junction") in ("roundabout", "circular")):
        return 1
    return 0


def asset_type(tags: Mapping[str, str]) -> str:
    """Return the asset type of a way or point, '' if it is none."""
    bridge, tunnel = tags.get("bridge", "no"), tags.get("tunnel", "no")
    if tags.get("route") == "ferry":
        return "ferry"
    if bridge == "culvert" or tunnel == "culvert" or tags.get("culvert", "no") not in NOT:
        return "culvert"
    if bridge not in NOT:
        return "bridge"
    if tunnel not in NOT:
        return "tunnel"
    if tags.get("ford", "no") not in NOT:
        return "ford"
    return ""


def _surfaces(tags: Mapping[str, str]) -> list[str]:
    return [s.strip().lower() for s in tags.get("surface", "").split(";")]


def road_type(tags: Mapping[str, str], highway: str) -> str:
    """Return X all-weather, Y limited all-weather, Z fair-weather, '' unknown; of several signs the worst.

    Source
    ------
    The types are those of doctrine, section 7; the tables that lead to them are (J), see docs/networks.md.
    """
    surfaces = _surfaces(tags)
    types = [SURFACE_TYPE.get(s, "") for s in surfaces]
    signs = [max(types) if all(types) else ""]
    grade = tags.get("tracktype", "")
    if not (grade == "grade1" and PAVED.issuperset(surfaces)):
        signs.append(TRACK_TYPE.get(grade, ""))
    signs.append(ROUGH_TYPE.get(tags.get("smoothness", ""), ""))
    if not NOT.issuperset((tags.get("winter_road", ""), tags.get("ice_road", ""))):
        signs.append("Z")
    worst = max(signs)
    return "X" if worst == "" and highway in ("motorway", "motorway_link") else worst


def speed(tags: Mapping[str, str], highway: str, values: Values) -> tuple[float, int]:
    """Return (km/h, source): the tagged or class speed, lowered to what the surface allows."""
    tagged = values.smallest(("maxspeed",), read_speed_kmh)
    caps = (
        *(SURFACE_SPEED_KMH.get(s, math.inf) for s in _surfaces(tags)),
        TRACK_SPEED_KMH.get(tags.get("tracktype", ""), math.inf),
        ROUGH_SPEED_KMH.get(tags.get("smoothness", ""), math.inf),
    )
    base, source = (CLASS_SPEED_KMH[highway], FROM_CLASS) if tagged is None else (tagged, FROM_TAG)
    return (min(caps), FROM_SURFACE) if min(caps) < base else (base, source)


def _lanes_width_m(text: str) -> float:
    lanes = min(int(part) for part in text.split(";"))
    if not 1 <= lanes <= 30:
        raise ValueError(text)
    return lanes * LANE_M


def _carriageway_m(values: Values) -> float | None:
    width = values.smallest(("width:carriageway", "width"), read_length_m)
    if width is None:
        width = values.smallest(("est_width",), read_length_m)
    return values.smallest(("lanes",), _lanes_width_m) if width is None else width


def read_limits(values: Values) -> Limits:
    """Return recorded limits in the order of `network.LIMIT_NAMES`."""
    return (
        values.smallest(LOAD_CLASS_KEYS, read_load_class),
        values.smallest(MASS_KEYS, read_mass_t),
        values.smallest(WIDTH_KEYS, read_length_m),
        values.smallest(HEIGHT_KEYS, read_length_m),
    )


def read_road(tags: Mapping[str, str]) -> Reading:
    """Return what a way's tags say, or why it is not a road that a vehicle may use."""
    highway, refusal = road_class(tags)
    if refusal:
        return Reading(None, refusal)
    if tags.get("area", "no") in YES:
        return Reading(None, "area, not a line")
    if is_closed_to_vehicles(tags):
        return Reading(None, "closed to vehicles by tag (access, vehicle or motor_vehicle = no)")
    values = Values(tags)
    kmh, speed_source = speed(tags, highway, values)
    way = direction(tags, highway)
    asset = asset_type(tags)
    road = Road(
        highway=highway,
        surface=clean_text(tags.get("surface", "").lower()),
        road_type="" if highway == "ferry" else road_type(tags, highway),
        speed_kmh=kmh,
        speed_source=speed_source,
        is_oneway=way != 0,
        carriageway_m=_carriageway_m(values),
        shoulder_m=values.smallest(("shoulder:width", "shoulder:both:width"), read_length_m),
        limits=read_limits(values),
        axle_t=values.smallest(("maxaxleload",), read_mass_t),
        asset=asset,
        asset_name=clean_text(tags.get(f"{asset}:name", "")) if asset else "",
        depth_m=values.smallest(DEPTH_KEYS, read_length_m) if asset == "ford" else None,
    )
    private = tags.get("motor_vehicle", tags.get("vehicle", tags.get("access", ""))) == "private"
    return Reading(
        road, is_reversed=way < 0, unreadable=tuple(values.unreadable), notes=("private roads",) if private else ()
    )
