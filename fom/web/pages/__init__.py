"""Pages: HTML for people. Each view parses, asks one service, renders; what it shows is decided elsewhere."""

from __future__ import annotations

from flask import Flask

from fom.web.pages import (
    air_heads,
    alerts,
    analysis,
    benchmarks,
    briefing,
    case_papers,
    contacts,
    controls,
    desk_acts,
    desk_close,
    desk_correct,
    desk_say,
    differences,
    field,
    forms,
    gpx,
    holders,
    imports,
    languages,
    live_map,
    movement_closing,
    movement_pattern,
    movement_planning,
    movements,
    networks,
    parties,
    planner,
    policy,
    political_dates,
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
    languages.register(app)
    desk_say.register(app)
    for page in (
        live_map,
        report,
        imports,
        field,
        desk_acts,
        desk_close,
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
        case_papers,
        contacts,
        political_dates,
        holders,
        parties,
        movements,
        movement_planning,
        movement_closing,
        movement_pattern,
        registers,
        register_routes,
        register_air_heads,
        register_assets,
        controls,
        alerts,
    ):
        app.register_blueprint(page.blueprint)
