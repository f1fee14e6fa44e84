"""The API's own description, OpenAPI 3.1, exact enough to generate tests from."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, current_app, jsonify

from fom.web.access import public
from fom.web.api import PREFIX

blueprint = Blueprint("document", __name__)


@blueprint.get(f"{PREFIX}/openapi.json")
@public
def openapi() -> Any:
    """Return the description of every endpoint of the API."""
    return jsonify(current_app.api_doc)  # type: ignore[attr-defined]


def register(app: Flask) -> None:
    """Attach the address."""
    app.register_blueprint(blueprint)
