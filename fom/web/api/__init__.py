"""The API of version 1, one module per family of endpoints: parse, authorise, transaction, one service, render."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

PREFIX = "/api/v1"

FAMILIES = (
    "states",
    "segments",
    "layers",
    "reports",
    "field",
    "imports",
    "evidence",
    "judging",
    "desk",
    "questions",
    "closing",
    "manual",
    "records",
    "routes",
    "places",
    "plans",
    "reach",
    "analysis",
    "what_ifs",
    "policies",
    "differences",
    "benchmarks",
    "cases",
    "case_papers",
    "parties",
    "networks",
    "movements",
    "alerts",
    "inspections",
    "tokens",
    "stream",
)
"""Modules of this folder that hold a blueprint `api`."""

SECURITY_SCHEMES: dict[str, Any] = {
    "token": {"type": "http", "scheme": "bearer", "description": "Personal token of an account, with its rights."},
    "login": {
        "type": "apiKey",
        "in": "cookie",
        "name": "fom",
        "description": "Browser session; unsafe methods also need the header `X-CSRFToken`.",
    },
}

PROBLEM: dict[Any, Any] = {
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
}
REFUSALS: dict[Any, Any] = {
    "400": {"description": "The request could not be read", **PROBLEM},
    "401": {"description": "Nobody is signed in and no valid token was sent", **PROBLEM},
    "403": {"description": "No role of the account may do this", **PROBLEM},
    "422": {"description": "Some fields cannot be used; every bad field is named", **PROBLEM},
    "503": {"description": "No picture or no database now", **PROBLEM},
}
MISSING: dict[Any, Any] = {"404": {"description": "Not here, or not for this account", **PROBLEM}}
UNCHANGED: dict[Any, Any] = {"304": {"description": "Unchanged since the `ETag` that was sent"}}
CONFLICT: dict[Any, Any] = {"409": {"description": "Contradicts what is stored", **PROBLEM}}
BODY: dict[Any, Any] = {
    "413": {"description": "Too large", **PROBLEM},
    "415": {"description": "The body is not application/json", **PROBLEM},
}


def family(name: str, about: str, module: str | None = None) -> APIBlueprint:
    """Return the blueprint of a family of endpoints, with the refusals that all of them share."""
    return APIBlueprint(
        f"api_{module or name}",
        __name__,
        url_prefix=PREFIX,
        abp_tags=[Tag(name=name, description=about)],
        abp_security=[{"token": []}, {"login": []}],
        abp_responses={status: dict(answer) for status, answer in REFUSALS.items()},
    )


def blueprints() -> list[APIBlueprint]:
    """Return the blueprints of all families."""
    modules = [import_module(f"{__name__}.{name}") for name in FAMILIES]
    registers = import_module(f"{__name__}.registers")
    return [*(m.api for m in modules), *(registers.build(name) for name in registers.FAMILIES)]
