"""Pages: HTML for people. Each view parses, asks one service, renders; what it shows is decided elsewhere."""

from __future__ import annotations

from flask import Flask

from fom.web.pages import (
    air_heads,
    analysis,
    benchmarks,
    briefing,
    desk,
    differences,
    field,
    live_map,
    networks,
    planner,
    policy,
    reach,
    report,
    routes,
    shell,
    what_ifs,
)


def register(app: Flask) -> None:
    """Attach the pages and what their templates need."""
    shell.register(app)
    for page in (
        live_map,
        report,
        field,
        desk,
        planner,
        reach,
        routes,
        air_heads,
        analysis,
        benchmarks,
        briefing,
        policy,
        what_ifs,
        differences,
        networks,
    ):
        app.register_blueprint(page.blueprint)
