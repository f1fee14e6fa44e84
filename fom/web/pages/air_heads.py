"""The address at which the air heads stood before they had their register: it leads there."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, url_for

from fom.web.access import allows

blueprint = Blueprint("air_heads", __name__)


@blueprint.get("/air-heads")
@allows("read_picture")
def former_list() -> Any:
    """Lead to the register of air heads."""
    return redirect(url_for("registers.show_list", slug="air-heads"), code=301)
