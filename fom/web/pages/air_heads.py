"""Air heads: the list with status, runways and the age of the last inspection."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template

from fom.domain.instants import DAY_US, parse_instant
from fom.maps.layers import AIR_HEAD_STATES
from fom.services.registers import list_register
from fom.web.access import allows, current_actor
from fom.web.edge import edge, reading
from fom.web.queries import check_query

blueprint = Blueprint("air_heads", __name__)

INSPECTED_WITHIN_DAYS = {"dry": 14, "wet": 3}
"""Days after which an inspection is old (J). Source: doctrine, section 7."""


@blueprint.get("/air-heads")
@allows("read_picture")
def list_air_heads() -> Any:
    """List the air heads; an inspection older than the dry-season interval is said to be old."""
    check_query()
    now = edge().clock()
    with reading() as session:
        rows = list_register(session, "air_head", actor=current_actor())
    for row in rows:
        row["letter"] = AIR_HEAD_STATES[row["status"]]
        inspected = row.get("inspected_at")
        limit = INSPECTED_WITHIN_DAYS["dry"] * DAY_US
        row["is_old"] = inspected is None or now - parse_instant(inspected) > limit
    return render_template("air_heads/list.html", rows=rows, days=INSPECTED_WITHIN_DAYS)
