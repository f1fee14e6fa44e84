"""Pages: HTML for people. Each view parses, asks one service, renders; what it shows is decided elsewhere."""

from __future__ import annotations

from flask import Flask

from fom.web.pages import air_heads, benchmarks, briefing, desk, live_map, networks, planner, report, routes, shell


def register(app: Flask) -> None:
    """Attach the pages and what their templates need."""
    shell.register(app)
    for page in (live_map, report, desk, planner, routes, air_heads, benchmarks, networks, briefing):
        app.register_blueprint(page.blueprint)
