"""Draws one record of each kind in a scene, times and places aimed at the boundaries of the rules."""

from __future__ import annotations

from typing import Any

from tests.oracle.documents import DAY, DEFAULT_POLICY, HOUR, SECOND, instant, instant_text
from tests.oracle.scene import Scene, Sketch, moved
from tests.oracle.setting import JITTER, MINUTE, USER_CLASSES, chance, draw_span

GRADES = ("A1", "A1", "B2", "B2", "C2", "C3", "D3", "D4", "E5", "F6", "B1", "A4")
GRADERS = ("greta", "omar", "lin")
PERSONS = ("Ana", "Ben", "Cai")
ORIGINS = ("patrol 12", "village elder", "ngo", None)
CLASSES = ("mine", "cluster", "uxo", "axo", "booby_trap", "ied", "stored_ammunition", "unknown_item")
STRENGTHS = (
    "own_patrol_traverse", "own_patrol_traverse", "own_patrol_traverse", "partner_convoy_traverse", "route_search",
    "engineer_recce", "imagery", "hearsay",
)  # fmt: skip
LINES = ("Point", "Point", "LineString", "Polygon", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon")
DAMAGES = ("destroyed", "washed_out", "blocked", "flooded", "flooded", "damaged", "damaged", "limit")
DIMENSIONS = ("mlc", "mass_t", "width_m", "height_m")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Drawing:
    """A history in the making: features so far, by kind, and what later records refer to."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.rng, self.setting = scene, scene.rng, scene.setting
        self.features: list[dict[str, Any]] = []
        self.anchors: dict[str, tuple[Any, ...]] = {}
        """Of placed facts: (point, direction of the road, u), in metres."""

    # common members

    @property
    def at(self) -> int:
        """Return the instant asked about."""
        return self.setting.at

    def of_kind(self, *kinds: str) -> list[dict[str, Any]]:
        """Return the features of some kinds so far."""
        return [f for f in self.features if f["properties"]["kind"] in kinds]

    def add(self, kind: str, eff: int, p: dict[str, Any], geometry: dict[str, Any] | None = None) -> dict[str, Any]:
        """Append a record that counts from `eff`, with its times told in one of several ways."""
        rng = self.rng
        occurred: int | None = eff
        received = eff
        way = rng.randrange(10)
        if way < 5:
            received = eff + rng.choice((0, 0, 300 * SECOND, 3 * HOUR, 30 * HOUR))
            if received > self.setting.known_at >= eff and chance(rng, 0.85):
                received = self.setting.known_at
        elif way < 8 and kind != "verification":
            occurred = None
        elif way == 9:
            occurred = eff + rng.choice((300 * SECOND, 600 * SECOND, 600 * SECOND + 1, 6 * HOUR))
        if chance(rng, 0.02):
            received = self.setting.known_at + rng.choice((0, 1, -1, SECOND))
        number = len(self.features) + 1
        body = {"kind": kind, "received": self.time(received), **p}
        if chance(rng, 0.05):
            body["meta"] = {"words": "as told", "n": 1}
        if occurred is not None:
            body["occurred"] = self.time(occurred)
        elif chance(rng, 0.3):
            body["occurred"] = None
        feature = {
            "type": "Feature", "id": f"{self.scene.prefix}{kind[:2]}{number}", "geometry": geometry, "properties": body,
        }  # fmt: skip
        self.features.append(feature)
        return feature

    def time(self, us: int) -> str:
        """Return a time as text, now and then with another zone."""
        if chance(self.rng, 0.03):
            return instant_text(us + 3 * HOUR).replace("Z", "+03:00")
        return instant_text(us)

    def moment(self, hunts: tuple[float, ...], spread_h: float) -> int:
        """Return an instant some hours before the one asked about: near one of `hunts`, or anywhere in the spread."""
        rng = self.rng
        if hunts and chance(rng, 0.45):
            return self.at - round(rng.choice(hunts) * HOUR) + rng.choice(JITTER)
        return self.at - rng.randrange(int(spread_h * 60)) * MINUTE

    def signatures(self, enough: int) -> list[str]:
        """Return signatures, mostly enough of them; the same person twice is one."""
        if chance(self.rng, 0.85):
            return list(PERSONS[:enough])
        return self.rng.choice(([], ["Ana"], ["Ana", "Ana"], ["Ana", "Ben"], ["Ana", "Ben", "Cai"]))

    def judged(self, p: dict[str, Any], share: float = 0.6) -> None:
        """Give a report a grade and an origin, or not."""
        rng = self.rng
        if chance(rng, share):
            p["grade"] = rng.choice(GRADES)
        if chance(rng, 0.5):
            p["origin"] = rng.choice(ORIGINS)

    def sketch(self) -> Sketch:
        """Return one of the segments."""
        return self.rng.choice(self.scene.sketches)

    def stretches(self, part_share: float = 0.2) -> list[dict[str, Any]]:
        """Return some segments as a record names them, whole or in part."""
        rng, out = self.rng, []
        count = rng.choice((1, 1, 2)) if len(self.scene.sketches) > 1 else 1
        for sketch in rng.sample(self.scene.sketches, count):
            s: dict[str, Any] = {"id": sketch.id}
            if chance(rng, part_share):
                length = sketch.p.get("length_m") or sketch.length
                s["from_m"] = round(length * rng.choice((0, 0, 0.3, 0.5)), 1)
                if chance(rng, 0.6):
                    s["to_m"] = round(length * rng.choice((0.55, 0.7, 0.9)), 1)
            out.append(s)
            if "to_m" in s and chance(rng, 0.3):
                out.append({"id": sketch.id, "from_m": round(s["to_m"] + rng.choice((-5, 0, 0.4, 8)), 1)})
        return out

    def place(
        self, p: dict[str, Any], kinds: tuple[str, ...], *, far: bool = False, unplaced_share: float = 0.03
    ) -> dict[str, Any] | None:
        """Return a geometry near a segment and set `location`; None where the place is in MGRS or missing."""
        rng, sketch = self.rng, self.sketch()
        location, u = self.scene.draw_location()
        offset = self.scene.draw_offset(sketch, u, far)
        digits = location.pop("digits", None)
        geometry, point = self.scene.draw_shape(("Point",) if digits else kinds, offset, sketch)
        if chance(rng, unplaced_share):
            return None
        p["location"] = location
        self.anchors[f"{len(self.features) + 1}"] = (point, sketch.beside(sketch.length / 2, 0)[1], u, geometry["type"])
        if digits:
            location["mgrs"] = self.scene.mgrs(point, digits)
            return None
        return geometry

    # threat, season, passages

    def draw_surroundings(self) -> None:
        """Draw threat areas and seasons."""
        rng = self.rng
        for _ in range(rng.choice((0, 1, 1, 1, 1, 2))):
            p: dict[str, Any] = {"level": rng.choice(("high", "medium", "medium", "medium", "low", "minimal", None))}
            draw_span(rng, p, self.at)
            self.add("threat_area", self.moment((), 60 * 24), p, self.scene.area(0.12))
        if not self.setting.seasons or chance(rng, 0.3):
            for _ in range(rng.choice((0, 1, 1, 1, 2))):
                p = {"season": rng.choice(("wet", "dry", "dry"))}
                draw_span(rng, p, self.at)
                self.add("season", self.moment((), 60 * 24), p, self.scene.area(0.12))

    def draw_thorough_passage(self) -> None:
        """Draw a believed passage over every segment by a class that is large enough: what makes a road green."""
        rng, profiles = self.rng, self.setting.resolved_profiles
        asked = profiles[self.setting.profile]
        larger = [n for n, q in sorted(profiles.items()) if all(q[d] >= asked[d] for d in asked if d in DIMENSIONS)]
        eff = self.moment(self._ages(), 400) if chance(rng, 0.3) else self.at - rng.randrange(1, 24 * 60) * MINUTE
        p: dict[str, Any] = {"strength": rng.choice(STRENGTHS[:5]), "passed": rng.choice(larger)}
        p.update(rng.choice(({"track": "gps", "authenticated": True}, {"grade": rng.choice(("A1", "B1", "A2"))})))
        p["segments"] = [{"id": s.id} for s in self.scene.sketches]
        if chance(rng, 0.3):
            p.update({"user_class": rng.choice((self.setting.user_class, *USER_CLASSES)), "unimpeded": True})
        self.add("verification", eff, p)

    def draw_verification(self, **fixed: Any) -> dict[str, Any]:
        """Draw a verification by segments, by track, or by both."""
        rng = self.rng
        eff = fixed.pop("eff", None)
        if eff is None:
            eff = self.moment(self._ages(), 400)
        names = sorted(self.setting.resolved_profiles)
        p: dict[str, Any] = {"strength": rng.choice(STRENGTHS)}
        if chance(rng, 0.9):
            p["passed"] = rng.choice((self.setting.profile, "P5", "P7", "P7", *names, None))
        if chance(rng, 0.85):
            p["track"] = rng.choice(("gps", "gps", "gps", "stated"))
            p["authenticated"] = chance(rng, 0.85)
        if chance(rng, 0.25):
            p["grade"] = rng.choice(GRADES)
        if chance(rng, 0.6):
            p["user_class"] = rng.choice((self.setting.user_class, *USER_CLASSES))
            p["unimpeded"] = chance(rng, 0.7)
        p.update(fixed)
        geometry = None
        way = rng.randrange(20)
        if way < 12 or way == 19:
            p["segments"] = self.stretches(0.25)
            if way < 3:
                p["direction"] = rng.choice(("forward", "backward"))
        if way >= 12 and way != 18:
            geometry = self.track()
        return self.add("verification", eff, p, geometry)

    def _ages(self) -> tuple[float, ...]:
        limits = {**DEFAULT_POLICY["verification_h"], **self.setting.policy.get("verification_h", {})}
        wet = {**DEFAULT_POLICY["wet_h"], **self.setting.policy.get("wet_h", {})}
        return tuple(sorted(n * h for n in (1, 2) for h in (*limits.values(), *wet.values())))

    def track(self) -> dict[str, Any]:
        """Return a track along a segment: over all of it, over a part, or beside it."""
        rng, sketch = self.rng, self.sketch()
        offset = rng.choice((0.0, 4.0, -9.0, 18.0, 46.0))
        start, stop = rng.choice(((0, 1), (0, 1), (0, 1), (0, 0.6), (0.4, 1), (0.2, 0.8)))
        marks = [sketch.length * (start + (stop - start) * i / 6) for i in range(7)]
        (first, unit), (last, unit2) = sketch.beside(marks[0], offset), sketch.beside(marks[-1], offset)
        points = [moved(first, unit, -12 if start == 0 else 0, 0)]
        points += [sketch.beside(m, offset)[0] for m in marks[1:-1]]
        points.append(moved(last, unit2, 12 if stop == 1 else 0, 0))
        line = [self.scene.lonlat(q) for q in points]
        if chance(rng, 0.15):
            return {"type": "MultiLineString", "coordinates": [line[:4], line[3:]]}
        return {"type": "LineString", "coordinates": line}

    # limiting facts

    def draw_explosive(self, **fixed: Any) -> dict[str, Any]:
        """Draw an item or an area."""
        rng = self.rng
        p: dict[str, Any] = {"hazard": rng.choice(("item", "item", "sha", "cha")), "class": rng.choice(CLASSES)}
        if chance(rng, 0.15):
            p["eod_confirmed"] = chance(rng, 0.8)
        if chance(rng, 0.15):
            p["new_emplacement"] = True
        self.judged(p)
        p.update(fixed)
        eff = p.pop("eff", None)
        kinds = ("Point", "Point", "Point", "LineString", "MultiPoint", "Polygon") if p["hazard"] == "item" else LINES
        geometry = self.place(p, kinds)
        return self.add("explosive", self.moment((0,), 60 * 24) if eff is None else eff, p, geometry)

    def draw_physical(self) -> dict[str, Any]:
        """Draw damage, a flood or a limit on an asset, on segments or at a place."""
        rng = self.rng
        p: dict[str, Any] = {"damage": rng.choice(DAMAGES)}
        ford = self.setting.resolved_profiles[self.setting.profile]["ford_depth_m"]
        if p["damage"] == "flooded" and chance(rng, 0.75):
            p["depth_m"] = rng.choice((ford, ford, round(ford * 1.05, 3), 0.2, 0.55, 0.9, 2, None))
        if p["damage"] == "limit" or chance(rng, 0.2):
            limits = self.scene.draw_limits(("mlc", "mass_t", "width_m", "height_m"), 0.5, 0.2)
            p["limits"] = limits or {"mlc": rng.choice((12, None))}
        if chance(rng, 0.2):
            p["review_by"] = self.time(self.at + rng.choice((0, -1, 1, DAY, -DAY)))
        self.judged(p)
        geometry, way = None, rng.randrange(10)
        if way < 4 and self.scene.assets:
            p["asset"] = rng.choice(sorted(self.scene.assets))
        elif way < 7:
            p["segments"] = self.stretches(0.3)
        else:
            geometry = self.place(p, LINES)
        return self.add("physical", self.moment((0,), 50 * 24), p, geometry)

    def draw_control(self) -> dict[str, Any]:
        """Draw an order, a denial, a toll or a delay."""
        rng, policy = self.rng, self.scene.policy
        p: dict[str, Any] = {"control": rng.choice(("order", "order", "denial", "denial", "toll", "delay"))}
        hunts: tuple[float, ...] = (0, policy["toll_h"])
        if p["control"] == "order":
            self._draw_order(p)
        elif p["control"] == "denial":
            p["user_class"] = rng.choice((self.setting.user_class, *USER_CLASSES))
            hunts = (0, policy["denial_red_h"], policy["denial_amber_h"], policy["denial_other_h"])
        elif chance(rng, 0.8):
            p["delay_min"] = rng.choice((0, 5, 20, 45, 45, 120))
        eff = self.moment(hunts, 24 * 18 if p["control"] == "denial" else 24 * 5)
        if p["control"] == "denial" and chance(rng, 0.3):
            end = self.at + rng.choice((0, 1, -1, -SECOND, SECOND, 5 * HOUR, -5 * HOUR, 3 * DAY))
            p["end"] = self.time(max(eff, end))
        if chance(rng, 0.1):
            p["imposed_by"] = rng.choice(("host_police", "community", "unknown"))
        elif p["control"] != "order" and chance(rng, 0.06):
            p.update({"imposed_by": "mission", "owner": "JOC", "reason": "repair", "public_text": "closed"})
            p.setdefault("end", self.time(self.at + rng.choice((0, HOUR, 2 * DAY, -HOUR))))
            p.setdefault("start", self.time(instant(p["end"]) - rng.choice((0, HOUR, 9 * DAY))))
        self.judged(p)
        geometry = None
        if chance(rng, 0.6):
            p["segments"] = self.stretches(0.2)
            if chance(rng, 0.3):
                p["direction"] = rng.choice(("forward", "backward", "both"))
        else:
            geometry = self.place(p, LINES)
        return self.add("control", eff, p, geometry)

    def _draw_order(self, p: dict[str, Any]) -> None:
        rng = self.rng
        p["effect"] = rng.choice(("prohibited", "prohibited", "permission", "escort"))
        others = rng.sample(USER_CLASSES, 2)
        asked = self.setting.user_class
        p["user_classes"] = rng.choice((["all"], [asked], [asked, others[0]], others))
        sketch = self.sketch()
        travel, step = self._travel_us(sketch), 1 if "length_m" in sketch.p else SECOND
        edges = (0, 1, -1, SECOND, travel - step, travel + step, HOUR, 2 * DAY, travel if step == 1 else -SECOND)
        start = None
        if chance(rng, 0.4):
            start = self.at + rng.choice((*edges, -DAY, -5 * DAY))
            p["start"] = self.time(start)
        if chance(rng, 0.4):
            end = self.at + rng.choice((0, 0, 1, -1, -SECOND, HOUR, 3 * DAY, 20 * DAY))
            p["end"] = self.time(end if start is None else max(start, end))
        if chance(rng, 0.35):
            p["recurring"] = self._draw_window(travel)

    def _draw_window(self, travel: int) -> dict[str, Any]:
        rng = self.rng
        zone = rng.choice(("+00:00", "+03:00", "-05:00", "+05:30", "+14:00"))
        hour, minute = zone[1:].split(":")
        shift = (int(hour) * 60 + int(minute)) * (-1 if zone[0] == "-" else 1)
        now = (self.at // MINUTE + shift) % 1440
        edges = (now, now + 1, now - 1, now + travel // MINUTE, now + 120, now - 300, rng.randrange(1440))
        first, last = rng.choice(edges) % 1440, rng.choice(edges) % 1440
        days = list(DAYS) if chance(rng, 0.5) else sorted(rng.sample(DAYS, rng.choice((1, 2, 5))))
        return {"from": clock(first), "to": clock(last), "days": days, "zone": zone}

    @staticmethod
    def _travel_us(sketch: Sketch) -> int:
        length = sketch.p.get("length_m") or sketch.length
        return round(length * 3.6 / (sketch.p.get("speed_kmh") or 30) * SECOND)

    def draw_incident(self) -> dict[str, Any]:
        """Draw a risk incident."""
        rng = self.rng
        p: dict[str, Any] = {"type": rng.choice(sorted(DEFAULT_POLICY["incident"]))}
        if chance(rng, 0.5):
            p["type"] = rng.choice(("detonation", "complex_ambush", "ied_found"))
        self.judged(p, 0.8)
        geometry = self.place(p, ("Point", "Point", "LineString", "Polygon"), far=True)
        return self.add("incident", self.moment((0, 24, 21 * 24), 40 * 24), p, geometry)

    # manual states and routes

    def draw_manual(self) -> dict[str, Any]:
        """Draw a worsening or an improvement."""
        rng = self.rng
        p: dict[str, Any] = {"mode": rng.choice(("worsen", "improve", "improve")), "reason": "convoy"}
        p["signed_by"] = ["Ana"] if chance(rng, 0.8) else ["Ana", "Ben"]
        geometry = None
        if p["mode"] == "worsen":
            p["state"] = rng.choice(("AMBER", "GREY", "RED", "BLACK", "GREEN" if chance(rng, 0.2) else "AMBER"))
            p["role"] = rng.choice(("duty_officer", "chief_joc"))
            eff = self.moment((0,), 96)
            if chance(rng, 0.5):
                p["expires"] = self.time(max(eff, self.at + rng.choice((0, 0, 1, -1, SECOND, HOUR, 3 * DAY))))
            if chance(rng, 0.25):
                geometry = self.place(p, ("Polygon", "MultiPolygon"), unplaced_share=0)
                if geometry is None:
                    del p["location"]
        else:
            p["state"] = rng.choice(
                ("AMBER", "AMBER", "GREY", "RED", "RED", rng.choice(("GREEN", "BLACK", "AMBER", "GREY")))
            )
            p["role"] = "chief_joc" if chance(rng, 0.88) else "duty_officer"
            longest = round(self.scene.policy["override_max_h"] * HOUR)
            eff = self.moment((0, self.scene.policy["override_max_h"]), 20)
            expires = eff + rng.choice((longest, longest, longest, longest - HOUR, HOUR, longest + 1))
            if chance(rng, 0.3):
                expires = max(eff + 1, self.at + rng.choice((0, 1, -1, SECOND)))
            if chance(rng, 0.96):
                p["expires"] = self.time(expires)
        if geometry is None:
            p["segments"] = self.stretches(0.1)
        return self.add("manual", eff, p, geometry)

    def draw_route(self) -> None:
        """Draw a route over segments in directions that exist."""
        rng, stops = self.rng, []
        for sketch in rng.sample(self.scene.sketches, rng.choice((1, len(self.scene.sketches)))):
            s = {"id": sketch.id}
            if chance(rng, 0.6):
                s["direction"] = "forward" if sketch.p.get("oneway") else rng.choice(("forward", "backward"))
            stops.append(s)
        if chance(rng, 0.2):
            stops.append({"id": stops[0]["id"], "direction": "forward"})
        p: dict[str, Any] = {"kind": "route", "segments": stops}
        identity = f"{self.scene.prefix}ro{len(self.features) + 1}"
        self.features.append({"type": "Feature", "id": identity, "geometry": None, "properties": p})


def clock(minutes: int) -> str:
    """Return HH:MM."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def eff_of(feature: dict[str, Any]) -> int:
    """Return from when a drawn record counts."""
    p = feature["properties"]
    received = instant(p["received"])
    return min(received, instant(p["occurred"])) if p.get("occurred") else received
