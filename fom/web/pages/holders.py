"""Who holds the key routes, with the evidence and its age."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template

from fom.services.holders import find_holders
from fom.services.writing import present
from fom.web.access import allows, current_actor
from fom.web.edge import edge, reading

blueprint = Blueprint("holders", __name__)


@blueprint.get("/restrictions/holders")
@allows("read_restriction_cases")
def show() -> Any:
    """Show how much of each key route lies under the state, others, nobody agreed, nobody known."""
    host = edge().host
    with reading() as session:
        at = present(session, edge().clock())
        told = find_holders(session, host.network, host.edition_at(at).policy, actor=current_actor(), at=at)
    return render_template("restrictions/holders.html", told=told)
