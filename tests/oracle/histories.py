"""Random histories: a small place, what happened there, and what was said about it afterwards."""

from __future__ import annotations

from random import Random
from typing import Any, NamedTuple

from tests.oracle import followups
from tests.oracle.answer import Answer
from tests.oracle.drawing import Drawing
from tests.oracle.scene import Scene
from tests.oracle.setting import Setting, chance

ATTEMPTS = 40
FACTS = ("explosive", "physical", "control", "incident")


class History(NamedTuple):
    """The features of one mini area, and the oracle's answer to the document's question about it."""

    prefix: str
    segments: list[dict[str, Any]]
    features: list[dict[str, Any]]
    answer: dict[str, Any]


def draw_history(rng: Random, setting: Setting, prefix: str, lon: float, lat: float) -> History | None:
    """Return a history around a place; None when every attempt had a distance too close to call."""
    for _ in range(ATTEMPTS):
        drawing = draw_events(Scene(rng, setting, prefix, lon, lat))
        segments = drawing.scene.network()
        network = {"type": "FeatureCollection", "features": segments}
        answer = Answer(network, setting.facts(drawing.features), **setting.question)  # type: ignore[arg-type]
        if not answer.close_calls:
            return History(prefix, segments, drawing.features, answer.document)
    return None


def draw_events(scene: Scene) -> Drawing:
    """Draw roads and records."""
    rng, drawing = scene.rng, Drawing(scene)
    if chance(rng, 0.008):
        return draw_bulk(scene)
    scene.draw_roads()
    drawing.draw_surroundings()
    if chance(rng, 0.65):
        drawing.draw_thorough_passage()
    for _ in range(rng.choice((0, 0, 1, 1, 2, 3))):
        drawing.draw_verification()
    draw = {
        "explosive": drawing.draw_explosive,
        "physical": drawing.draw_physical,
        "control": drawing.draw_control,
        "incident": drawing.draw_incident,
    }
    themes = rng.sample(FACTS, rng.choice((0, 1, 1, 1, 2, 2, 3)))
    for theme in themes:
        for _ in range(rng.choice((1, 1, 2, 2, 3))):
            fact = draw[theme]()
            draw_answer_to(drawing, fact)
    if chance(rng, 0.02):
        followups.draw_tolls(drawing)
    for _ in range(rng.choice((0, 0, 0, 1, 1, 2))):
        manual = drawing.draw_manual()
        if chance(rng, 0.15):
            followups.draw_closing_act(drawing, manual)
    if chance(rng, 0.3):
        drawing.draw_route()
    draw_words(drawing)
    if chance(rng, 0.01):
        drawing.features.extend(rng.sample(drawing.features, min(1, len(drawing.features))))
    return drawing


def draw_answer_to(drawing: Drawing, fact: dict[str, Any]) -> None:
    """Draw what may follow one fact."""
    rng, p = drawing.rng, fact["properties"]
    for _ in range(rng.choice((0, 0, 1, 1, 2))):
        act = followups.draw_closing_act(drawing, fact)
        if p["kind"] == "explosive" and chance(rng, 0.25):
            followups.draw_new_emplacement(drawing, act)
    if p["kind"] == "physical" and chance(rng, 0.3):
        followups.draw_crossing(drawing, fact)
    if p.get("effect") == "prohibited" and chance(rng, 0.2):
        drawing.draw_manual()
    if p.get("control") == "denial" and chance(rng, 0.4):
        followups.draw_passage(drawing, fact)


def draw_words(drawing: Drawing) -> None:
    """Draw grades, links and retractions over what is there."""
    rng = drawing.rng
    graded = drawing.of_kind(*FACTS, "verification") or drawing.of_kind("manual")
    if graded:
        for _ in range(rng.choice((0, 0, 1, 1, 2, 3))):
            followups.draw_grade(drawing, rng.choice(graded))
    for _ in range(rng.choice((0, 0, 1, 1, 2))):
        followups.draw_link(drawing)
    if drawing.features:
        for _ in range(rng.choice((0, 0, 0, 0, 1, 1, 2))):
            followups.draw_retraction(drawing)


def draw_bulk(scene: Scene) -> Drawing:
    """Draw a place of many short segments and an improvement that names about fifty of them."""
    rng, drawing = scene.rng, Drawing(scene)
    scene.draw_many_roads(51)
    drawing.draw_incident()
    drawing.draw_incident()
    drawing.draw_verification(segments=[{"id": s.id} for s in scene.sketches])
    manual = drawing.draw_manual()
    if manual["properties"]["mode"] == "improve":
        named = scene.sketches[: rng.choice((50, 51, 51))]
        manual["properties"]["segments"] = [{"id": s.id} for s in named]
    return drawing
