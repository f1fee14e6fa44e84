"""Assembly of the web edge: error handlers, guards, API, pages, tiles and stream on one Flask application."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from flask import Flask, request
from flask.sessions import SecureCookieSessionInterface
from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI

from fom import __version__
from fom.web import access, account, alerting, bodies, compression, errors, headers, health, openrosa, pages, tiles
from fom.web.api import SECURITY_SCHEMES, blueprints, document, stream
from fom.web.api.shapes import Problem
from fom.web.edge import Edge

LOGIN_HOURS = 12
"""Life of the cookie; the login's own row ends at the same time. Source: reliability goal S11 (project decision)."""


class SessionCookies(SecureCookieSessionInterface):
    """Signed session cookies, marked `Secure` whenever the request came over TLS."""

    def get_cookie_secure(self, app: Flask) -> bool:  # noqa: ARG002
        """Return whether this request came over TLS."""
        return request.is_secure


def build(edge: Edge, *, secret_key: str, root: Path) -> Flask:
    """Return the application on the parts given; `root` holds `templates/` and `static/`.

    Raises
    ------
    RuntimeError
        A view declares no action.
    """
    app = OpenAPI(
        "fom",
        root_path=str(root),
        template_folder="templates",
        static_folder="static",
        info=Info(
            title="Freedom-of-movement tracker",
            version=__version__,
            description="States of roads with their reasons, alternates, registers and benchmarks of one mission.",
        ),
        security_schemes=SECURITY_SCHEMES,
        doc_ui=False,
        validation_error_model=Problem,
        validation_error_callback=errors.invalid,
    )
    app.secret_key = secret_key
    app.config.update(
        SESSION_COOKIE_NAME="fom",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=timedelta(hours=LOGIN_HOURS),
    )
    app.session_interface = SessionCookies()
    app.extensions["fom"] = edge
    app.context_processor(lambda: {"mission": edge.config.mission})
    guards = (compression, headers, errors, access, bodies)
    for part in (*guards, account, alerting, health, stream, tiles, document, openrosa, pages):
        part.register(app)
    for blueprint in blueprints():
        app.register_api(blueprint)
    access.check_declared(app)
    return app
