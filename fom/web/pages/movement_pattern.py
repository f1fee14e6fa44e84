"""The pattern of a unit's departures: a page of its own, for those who may see it; in no board that stands open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, render_template

from fom.errors import NotPermitted
from fom.services.movement_pattern import may_see_patterns, pattern_units, read_pattern
from fom.web.access import allows, current_actor
from fom.web.edge import writing

blueprint = Blueprint("movement_pattern", __name__)


@blueprint.get("/movements/pattern")
@allows("edit_movements")
def show() -> Any:
    """Show what the departures of the last fortnight would tell an attacker; each look is in the audit."""
    actor = current_actor()
    if not may_see_patterns(actor):
        raise NotPermitted("the pattern of a unit is for its own planners and the chief JOC")
    with writing() as (session, now):
        units = pattern_units(session, actor=actor)
        patterns = {unit: read_pattern(session, unit, actor=actor, now=now) for unit in units}
    return render_template("movements/pattern.html", patterns=_worst_first(patterns), now=now)


def _worst_first(patterns: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return sorted(((u, p) for u, p in patterns.items() if p.departures), key=lambda row: (not row[1].warns, row[0]))
