"""Draws what follows other records: closing acts, crossings, passages, grades, links, retractions."""

from __future__ import annotations

from typing import Any

from tests.oracle.documents import DAY, HOUR, SECOND
from tests.oracle.drawing import GRADERS, GRADES, Drawing, eff_of
from tests.oracle.scene import moved
from tests.oracle.setting import chance

AUTHORITIES = ("mine_action", "eod", "engineer", "joc")
FACTS = ("explosive", "physical", "control", "incident")


def after(drawing: Drawing, fact: dict[str, Any]) -> int:
    """Return an instant just after, at, just before or well after a fact, mostly no later than the one asked about."""
    rng, eff = drawing.rng, eff_of(fact)
    if chance(rng, 0.35):
        return eff + rng.choice((0, 0, 1, -1, SECOND, -HOUR))
    if chance(rng, 0.2):
        return drawing.at + rng.choice((0, 0, 1, -1, SECOND, HOUR))
    span = max(drawing.at - eff, HOUR)
    return eff + rng.randrange(1, 1000) * span // 1000


def draw_closing_act(drawing: Drawing, fact: dict[str, Any]) -> dict[str, Any]:
    """Draw an act on a fact, mostly one that can work on it."""
    rng, kind = drawing.rng, fact["properties"]["kind"]
    act = {
        "explosive": ("destroyed", "erroneous", "cleared", "cleared", "reduced", "cancelled"),
        "physical": ("repaired", "repaired", "repaired", "erroneous"),
        "control": ("lifted", "lifted", "erroneous"),
        "incident": ("erroneous",),
        "manual": ("lifted",),
    }[kind]
    p: dict[str, Any] = {"act": rng.choice(act)}
    if chance(rng, 0.05):
        p["act"] = rng.choice(("destroyed", "erroneous", "cleared", "repaired", "lifted"))
    right = {"explosive": ("mine_action", "eod"), "physical": ("engineer",)}.get(kind, ("joc",))
    p["authority"] = rng.choice(right) if chance(rng, 0.9) else rng.choice(AUTHORITIES)
    p["signed_by"] = drawing.signatures(1 if p["act"] == "lifted" else 2)
    p["closes"] = [fact["id"]]
    others = [f["id"] for f in drawing.of_kind(kind) if f is not fact]
    if others and chance(rng, 0.25):
        p["closes"].append(rng.choice(others))
    if chance(rng, 0.03):
        p["closes"].append(rng.choice([f["id"] for f in drawing.of_kind(*FACTS, "manual")]))
    p["closes"] = list(dict.fromkeys(p["closes"]))
    geometry = None
    if p["act"] in ("cancelled", "reduced", "cleared"):
        geometry = draw_land(drawing, fact, p)
    if p["act"] == "repaired" and chance(rng, 0.6):
        p["limits"] = drawing.scene.draw_limits(("mlc", "mass_t", "width_m", "height_m"), 0.5, 0.15)
    return drawing.add("closing_act", after(drawing, fact), p, geometry)


def draw_land(drawing: Drawing, fact: dict[str, Any], p: dict[str, Any]) -> dict[str, Any]:
    """Return the polygon of a land release: all of the hazard, a part of it, or beside it; sets what it states."""
    rng, scene = drawing.rng, drawing.scene
    p["location"] = {"method": "survey", "uncertainty_m": 1}
    if chance(rng, 0.07):
        p["location"] = {"method": "gps"}
    if chance(rng, 0.9):
        need = scene.setting.resolved_profiles[scene.setting.profile]["mlc"]
        p["traffic_mlc"] = rng.choice((need, need, 70, 70, 100, max(need - 1, 0)))
    number = fact["id"].removeprefix(scene.prefix)[2:]
    point, unit, u, kind = drawing.anchors.get(number, (scene.sketches[0].points[0], (1.0, 0.0), 15.0, "Point"))
    size = u + (25 if kind.endswith("Point") else 200)
    shift = rng.choice((0, 0, 0, 0, size * 0.7, -size * 0.5, size * 3))
    if chance(rng, 0.1):
        size = 12.0
    ring = scene.box(moved(point, unit, shift, 0), unit, size, size)
    if chance(rng, 0.1):
        other = scene.box(moved(point, unit, shift + 3 * size, 0), unit, size, size)
        return {"type": "MultiPolygon", "coordinates": [[ring], [other]]}
    return {"type": "Polygon", "coordinates": [ring]}


def draw_new_emplacement(drawing: Drawing, act: dict[str, Any]) -> None:
    """Draw a later report of new emplacement on or beside released land."""
    rng = drawing.rng
    hazard = rng.choice(("item", "item", "sha"))
    found = drawing.draw_explosive(new_emplacement=True, hazard=hazard, eff=after(drawing, act))
    if act["geometry"] is None or chance(rng, 0.2):
        return
    rings = act["geometry"]["coordinates"]
    ring = rings[0][0] if act["geometry"]["type"] == "MultiPolygon" else rings[0]
    (x1, y1), (x2, y2) = ring[0], ring[2]
    if abs(x1 - x2) > 1:
        return
    share = rng.choice((0.5, 0.5, 0.3, 1.2))
    point = [round(x1 + (x2 - x1) * share, 8), round(y1 + (y2 - y1) * share, 8)]
    found["geometry"] = {"type": "Point", "coordinates": point}
    found["properties"]["location"] = {"method": "gps"}


def draw_crossing(drawing: Drawing, fact: dict[str, Any]) -> None:
    """Draw a passage that names the damaged asset or the fact."""
    name = fact["properties"].get("asset") if chance(drawing.rng, 0.5) else None
    passed = drawing.rng.choice((drawing.setting.profile, "P7", "P3"))
    drawing.draw_verification(eff=after(drawing, fact), crossed=[name or fact["id"]], passed=passed)


def draw_passage(drawing: Drawing, denial: dict[str, Any]) -> None:
    """Draw an unimpeded passage after a denial, mostly of the denied class."""
    rng, denied = drawing.rng, denial["properties"]["user_class"]
    drawing.draw_verification(
        eff=after(drawing, denial),
        user_class=denied if chance(rng, 0.75) else drawing.setting.user_class,
        unimpeded=chance(rng, 0.9),
        strength="own_patrol_traverse",
        passed=rng.choice(("P1", "P3", "P7")),
    )


def draw_grade(drawing: Drawing, target: dict[str, Any]) -> None:
    """Draw a grader's judgement."""
    rng = drawing.rng
    p: dict[str, Any] = {"target": target["id"], "grade": rng.choice(GRADES), "by": rng.choice(GRADERS)}
    if chance(rng, 0.25 if target["properties"]["kind"] == "explosive" else 0.03):
        p["eod_confirmed"] = True
    earlier = [g for g in drawing.of_kind("grade") if g["properties"]["target"] == target["id"]]
    eff = eff_of(earlier[-1]) if earlier and chance(rng, 0.2) else after(drawing, target)
    drawing.add("grade", eff, p)


def draw_link(drawing: Drawing) -> None:
    """Draw a link between two or three records of one kind, if there are any."""
    rng = drawing.rng
    groups = [drawing.of_kind(kind) for kind in (*FACTS, "verification")]
    groups = [g for g in groups if len(g) >= 2]
    if not groups:
        return
    group = rng.choice(groups)
    members = rng.sample([f["id"] for f in group], min(len(group), rng.choice((2, 2, 2, 3))))
    relation = rng.choice(("duplicate", "duplicate", "same_incident", "same_incident", "conflict"))
    drawing.add("link", drawing.at - rng.randrange(1, 20 * 24) * HOUR, {"relation": relation, "members": members})


def draw_retraction(drawing: Drawing) -> None:
    """Draw a retraction of any dated record, also of a retraction."""
    rng = drawing.rng
    p = {"target": rng.choice(drawing.features)["id"], "signed_by": drawing.signatures(2)}
    k = drawing.setting.known_at
    eff = k + rng.choice((0, 1, -1, SECOND, -DAY)) if chance(rng, 0.3) else k - rng.randrange(1, 600) * HOUR
    drawing.add("retraction", eff, p)


def draw_tolls(drawing: Drawing) -> None:
    """Draw several tolls with their delays, for the median of the latest five."""
    for _ in range(drawing.rng.choice((2, 3, 6, 7))):
        p: dict[str, Any] = {"control": drawing.rng.choice(("toll", "delay")), "segments": drawing.stretches(0)}
        p["delay_min"] = drawing.rng.choice((5, 10, 20, 45, 90, 120.5))
        drawing.add("control", drawing.moment((0,), 70), p)
