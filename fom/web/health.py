"""Is the process alive, is it ready: for supervisors and load balancers, open to all and silent about content."""

from __future__ import annotations

from flask import Blueprint, Flask, Response, jsonify

from fom.web.access import public
from fom.web.edge import edge

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@public
def alive() -> Response:
    """Say that the process answers."""
    return jsonify(status="alive")


@blueprint.get("/readyz")
@public
def ready() -> tuple[Response, int]:
    """Say whether database, network and picture are ready; 503 with reason codes when they are not."""
    if not edge().is_open:
        edge().warm_up()
        return jsonify(status="not_ready", reasons=["no picture yet"]), 503
    readiness = edge().host.readiness()
    status = "ready" if readiness.is_ready else "not_ready"
    return jsonify(status=status, reasons=list(readiness.reasons)), 200 if readiness.is_ready else 503


def register(app: Flask) -> None:
    """Attach the two addresses."""
    app.register_blueprint(blueprint)
