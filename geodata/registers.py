"""The mission's registers: key routes, air heads, crossings, places, areas, and who is where.

Member names are those of docs/architecture.md, "Registers". Rows that follow from sixty days of events (movements,
restriction cases, tasks, priorities, assessments) are in `geodata.operations`.
"""

from __future__ import annotations

import numpy as np
import shapely

from geodata.cast import Cast, people_rows
from geodata.frame import to_lonlat
from geodata.mission import Mission, Row, geojson, lonlat
from geodata.sites import site_rows


def make_registers(mission: Mission, cast: Cast) -> dict[str, list[Row]]:
    """Return the rows of every register that describes the mission's ground."""
    units = _units(mission)
    return {
        "units": units,
        "admin_units": _admin_units(mission),
        "people": people_rows(mission, cast),
        "key_route": _key_routes(mission, units),
        "air_head": _air_heads(mission),
        "crossing": _crossings(mission),
        "control_point": _control_points(mission),
        "site": site_rows(mission),
        "area": _areas(mission),
    }


def _units(mission: Mission) -> list[Row]:
    """Return the contingents: a battalion per province, engineers, disposal, police, a partner."""
    words = (
        "1st Battalion",
        "2nd Battalion",
        "3rd Battalion",
        "4th Battalion",
        "5th Battalion",
        "6th Battalion",
        "7th Battalion",
    )
    rows = [
        {
            "id": mission.id("unit", word),
            "code": f"BN{i + 1}",
            "name": word,
            "kind": "battalion",
            "admin_unit": mission.id("province", i),
            "seat": mission.provinces[i].seat.name,
        }
        for i, word in enumerate(words)
    ]
    others = (
        ("ENG", "Engineer Company", "engineer"),
        ("EOD", "EOD Company", "eod"),
        ("POL", "Formed Police Unit", "police"),
        ("LOG", "Logistics Battalion", "logistics"),
        ("AVN", "Aviation Unit", "aviation"),
        ("MAC", "Mine Action Centre", "mine_action"),
        ("REL", "Relief Convoy Coordination", "partner"),
    )
    return rows + [
        {"id": mission.id("unit", name), "code": code, "name": name, "kind": kind, "admin_unit": None, "seat": None}
        for code, name, kind in others
    ]


def _admin_units(mission: Mission) -> list[Row]:
    return [{"id": mission.id("province", p.number), "name": p.name, "seat": p.seat.name} for p in mission.provinces]


def _key_routes(mission: Mission, units: list[Row]) -> list[Row]:
    rows = []
    for number, route in enumerate(mission.routes):
        middle = route.path.line.interpolate(0.5, normalized=True)
        owner = units[mission.province_at(middle.x, middle.y).number]["name"]
        rows.append(
            {
                "id": mission.id("route", route.code),
                "code": route.code,
                "name": f"{route.start_name} – {route.end_name}",
                "owner": owner if number != 11 else None,
                "verify_interval_h": 96 if number == 4 else None,
                "interval_reason": "Driven twice a week by the relief convoy, and by nobody else."
                if number == 4
                else None,
                "via": [list(point) for point in to_lonlat(route.via).tolist()],
                "segments": [],
                "planning_profile": "P6" if route.code.startswith("MSR") else "P5",
                "reviewed_at": mission.days_ago((4, 9, 12, 21, 6, 11, 17, 26, 8, 25, 41, 75)[number]),
            }
        )
    return rows


def _air_heads(mission: Mission) -> list[Row]:
    """Return ten air heads: an airfield at each of four cities, strips, and landing sites where roads are poor."""
    rng = mission.country.rng("air heads")
    towns = mission.country.settlements
    picks = [0, 1, 2, 4, 9, 13, 19, 27, 36, 58]
    rows = []
    for number, rank in enumerate(picks):
        kind = "airfield" if number < 4 else "airstrip" if number < 8 else "hls"
        status = ("serviceable",) * 3 + (
            "restricted",
            "serviceable",
            "serviceable",
            "unserviceable",
            "serviceable",
            "serviceable",
            "unknown",
        )
        length = (2600, 1900, 1700, 1500, 1100, 900, 950, 850, 60, 50)[number]
        angle, away = rng.uniform(0, 2 * np.pi), {"airfield": 3400, "airstrip": 1500, "hls": 700}[kind]
        lon, lat = lonlat(towns[rank].x + away * np.cos(angle), towns[rank].y + away * np.sin(angle))
        runway = {
            "bearing": int(rng.integers(1, 36)) * 10,
            "length_m": length,
            "width_m": (30, 20, 30)[min(number // 4, 2)],
            "surface": "asphalt" if number < 3 else "laterite" if number < 8 else "grass",
            "slope_percent": (0.4, 0.8, 1.1, 0.3, 1.6, 0.9, 2.1, 0.7, 0.0, 1.2)[number],
        }
        rows.append(
            {
                "id": mission.id("air head", number),
                "code": f"AH{number + 1:02d}",
                "name": f"{towns[rank].name} {kind if kind != 'hls' else 'HLS'}",
                "kind": kind,
                "lon": lon,
                "lat": lat,
                "runways": [runway],
                "aircraft_types": [
                    ["jet transport", "turboprop transport", "helicopter"],
                    ["turboprop transport", "helicopter"],
                    ["helicopter"],
                ][min(number // 4, 2)],
                "is_night": number < 2,
                "status": status[number],
                "inspected_at": mission.days_ago((1.3, 2.2, 4.1, 8.0, 2.6, 6.5, 16.0, 2.0, 11.0, 24.0)[number]),
                "inspection_by": "Aviation Unit",
                "elevation_m": float(210 + 37 * number),
                "strength_note": "Published for medium transports." if number < 3 else None,
                "wet_use": ("yes", "yes", "yes", "with_difficulty", "with_difficulty", "no")[min(number, 5)],
                "fuel": "Bulk, day and night" if number < 2 else "Drums" if number < 5 else None,
                "fire_cover": "Two tenders" if number == 0 else "Mobile set" if number < 4 else None,
                "security_state": "Mission guard" if number < 4 else None,
                "landing_clearance": "standing" if number < 3 else "each_flight",
                "landing_sites": 4 if number < 4 else 1,
                "approvals": [
                    {"type": kind, "by": "aviation@demo.example", "at": mission.days_ago(40 + number), "note": None}
                    for kind in (
                        ["jet transport", "turboprop transport", "helicopter"],
                        ["turboprop transport", "helicopter"],
                        ["helicopter"],
                    )[min(number // 4, 2)]
                ],
                "notes": (
                    "",
                    "",
                    "",
                    "Soft shoulders, day only.",
                    "",
                    "",
                    "Washout across the threshold.",
                    "",
                    "",
                    "No inspection since the floods.",
                )[number],
            }
        )
    return rows


def _crossings(mission: Mission) -> list[Row]:
    rows = []
    for number, post in enumerate(mission.country.border_posts):
        lon, lat = lonlat(post.x, post.y)
        rows.append(
            {
                "id": mission.id("crossing", number),
                "name": f"{post.name} border post",
                "lon": lon,
                "lat": lat,
                "is_official": True,
                "hours": ("0600-1800 daily", "0700-1700 daily", "0800-1400 Mon-Fri", None)[number],
            }
        )
    return rows


def _areas(mission: Mission) -> list[Row]:
    """Return zones and areas of operation as (multi)polygons in degrees."""
    towns = mission.country.settlements
    rows = []
    specs = (
        ("separation", 29, 16_000, "Agreement art. 4", "B2", 20),
        ("buffer", 29, 22_000, "Agreement art. 4", "B2", 20),
        ("security", 1, 9_000, "Agreement art. 7", "B2", 35),
        ("curfew", 7, 7_000, None, "B2", 4),
        ("cordon", 22, 3_000, None, "B3", 2),
        ("restricted_access", 34, 8_000, None, "C3", 48),
        ("critical", 3, 9_000, None, "B2", 12),
        ("critical", 15, 8_000, None, "B2", 15),
        ("area_of_operation", 21, 24_000, None, "C3", 30),
        ("area_of_operation", 33, 19_000, None, "C2", 62),
        ("area_of_operation", 42, 15_000, None, "D4", 118),
        ("security", 0, 48_000, None, "B2", 14),
    )
    held_by = {
        2: "host_armed_forces", 5: "host_armed_forces", 6: "host_police", 7: "host_police", 8: "non_state_group",
        9: "non_state_group", 10: "community", 11: "host_armed_forces",
    }  # fmt: skip
    for number, (kind, rank, radius, reference, grade, days) in enumerate(specs):
        circle = shapely.Point(towns[rank].x, towns[rank].y).buffer(radius, quad_segs=8)
        rng = mission.country.rng(f"area {number}")
        ring = np.asarray(circle.exterior.coords)[:-1]
        ring = ring + rng.uniform(-0.18, 0.18, ring.shape) * radius
        shape = shapely.make_valid(
            shapely.Polygon(ring).buffer(radius * 0.1).intersection(mission.country.land.country)
        )
        gate = [round(value, 6) for value in lonlat(towns[rank].x + radius * 0.95, towns[rank].y)]
        rows.append(
            {
                "id": mission.id("area", number),
                "name": f"{towns[rank].name} {kind.replace('_', ' ')}",
                "kind": kind,
                "geometry": geojson(shape),
                "agreement_ref": reference,
                "grade": grade,
                "reviewed_at": mission.days_ago(days),
                "assessor": "JMAC",
                "held_by": held_by.get(number),
                "entry_points": [{"name": f"{towns[rank].name} gate", "lon": gate[0], "lat": gate[1]}]
                if reference
                else None,
                "marked": [{"side": "north", "is_marked": True}, {"side": "south", "is_marked": number != 1}]
                if kind in ("separation", "buffer")
                else None,
                "classification": "strictly_confidential" if kind == "area_of_operation" else "confidential",
            }
        )
    return rows


def _control_points(mission: Mission) -> list[Row]:
    """Return a checkpoint of the mission, the gates of two zones, a watch over a resource, a post of the host."""
    towns = mission.country.settlements
    resources = [row for row in site_rows(mission) if row["kind"] == "strategic_resource"]
    ours = {
        "run_by": "mission", "owner": "Chief JOC", "starts_at": mission.days_ago(20), "ends_at": mission.days_ago(-70),
    }  # fmt: skip
    posts: tuple[tuple[str, int, Row], ...] = (
            ("checkpoint", 3, ours | {
                "reason": "Robberies of relief trucks north of the town.",
                "public_text": "Mission checkpoint: a stop of some minutes. Relief and ambulances pass first.",
                "public_place": f"northern way out of {towns[3].name}", "hours": "0500-1900 daily",
                "passes": ["civil_population", "humanitarian", "medical", "mission_military"],
            }),
            ("entry_point", 29, {
                "run_by": "host_police", "zone": mission.id("area", 0), "hours": "0600-1800 daily",
                "passes": ["civil_population", "humanitarian", "medical"],
            }),
            ("resource_control", 5, ours | {
                "reason": "Loads leave without papers.", "site": resources[0]["id"] if resources else None,
                "public_text": "Loads from the site are counted here, day and night. There is no fee.",
                "public_place": "road to the site", "hours": "day and night",
            }),
            ("illicit_flow", 12, {"run_by": "host_armed_forces", "hours": None}),
    )  # fmt: skip
    rows: list[Row] = []
    for number, (kind, rank, members) in enumerate(posts):
        lon, lat = lonlat(towns[rank].x + 900, towns[rank].y + 400)
        if kind == "resource_control" and resources:
            lon, lat = resources[0]["lon"], resources[0]["lat"]
        rows.append({
            "id": mission.id("control point", number), "kind": kind, "lon": lon, "lat": lat,
            "name": f"{towns[rank].name} {kind.replace('_', ' ')}",
            "status": ("manned", "manned", "unmanned", "unknown")[number],
            "inspected_at": (mission.days_ago(2.0), mission.days_ago(5.5), mission.days_ago(1.2), None)[number],
            **members,
        })  # fmt: skip
    return rows
