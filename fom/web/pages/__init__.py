"""Pages: HTML for people. Each view parses, asks one service, renders; what it shows is decided elsewhere."""

from __future__ import annotations

from flask import Flask

from fom.web.pages import (
    air_heads,
    alerts,
    analysis,
    benchmarks,
    briefing,
    controls,
    desk,
    desk_correct,
    differences,
    field,
    forms,
    gpx,
    imports,
    live_map,
    movements,
    networks,
    parties,
    planner,
    policy,
    reach,
    register_air_heads,
    register_assets,
    register_routes,
    registers,
    report,
    restrictions,
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
        imports,
        field,
        desk,
        desk_correct,
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
        forms,
        gpx,
        networks,
        restrictions,
        parties,
        movements,
        registers,
        register_routes,
        register_air_heads,
        register_assets,
        controls,
        alerts,
    ):
        app.register_blueprint(page.blueprint)
