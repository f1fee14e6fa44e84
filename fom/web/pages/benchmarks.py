"""The benchmark board: computed status by shape, beside what was signed, with the records it was computed from."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for

from fom.domain.benchmarks import ASSESSMENT_REASON_MIN, Status
from fom.domain.instants import DAY_US, format_instant
from fom.errors import Conflict, InvalidInput
from fom.services.benchmarks import benchmark_board, benchmark_evidence
from fom.services.registers import save_register
from fom.web.access import allows, current_actor
from fom.web.edge import edge, reading, writing
from fom.web.queries import whole_number

blueprint = Blueprint("benchmarks", __name__)

TERMS = (
    ("short", "Short term", "to 3 months"),
    ("medium", "Medium term", "3 to 12 months"),
    ("long", "Long term", "beyond 12 months"),
)
STATUS_WORDS = {
    "met": "Met", "partly_met": "Partly met", "not_met": "Not met", "insufficient_data": "Insufficient data",
    "regressing": "Regressing", "not_assessed": "Not assessed",
}  # fmt: skip
ASSESSMENT_DAYS = (7, 14, 30)


@blueprint.get("/benchmarks")
@allows("read_benchmarks")
def show_board() -> Any:
    """Show the eleven benchmarks in three columns, and their neighbours."""
    with reading() as session:
        board = benchmark_board(session, edge().host, actor=current_actor())
    by_term: dict[str, list[dict[str, Any]]] = {}
    for benchmark in board["benchmarks"]:
        by_term.setdefault(benchmark["term"], []).append(benchmark)
    return render_template("benchmarks/board.html", board=board, by_term=by_term, terms=TERMS, words=STATUS_WORDS)


@blueprint.get("/benchmarks/<code>")
@allows("read_benchmarks")
def show_evidence(code: str) -> Any:
    """Show one benchmark: definition, indicators, evidence, and the form to sign an assessment beside it."""
    with reading() as session:
        benchmark = benchmark_evidence(session, edge().host, code, actor=current_actor())
    return render_template(
        "benchmarks/evidence.html", b=benchmark, words=STATUS_WORDS, statuses=[s.value for s in Status],
        reason_min=ASSESSMENT_REASON_MIN, days=ASSESSMENT_DAYS, new_id=str(uuid.uuid4()),
    )  # fmt: skip


@blueprint.post("/benchmarks/<code>/assessments")
@allows("sign_assessment")
def sign(code: str) -> Any:
    """Sign an assessment; it stands beside the computed value and expires."""
    form, actor = request.form, current_actor()
    try:
        days = whole_number(form.get("days", ""))
        if days not in ASSESSMENT_DAYS:
            choices = ", ".join(map(str, ASSESSMENT_DAYS))
            raise InvalidInput.single("days", repr(form.get("days"))[:40], f"one of {choices}")
        with writing() as (session, now):
            values = {
                "id": form.get("id", ""),
                "benchmark": code,
                "status": form.get("status", ""),
                "reason": form.get("reason", "").strip(),
                "author": actor.person,
                "role": sorted(actor.roles)[0],
                "valid_from": format_instant(now),
                "expires": format_instant(now + days * DAY_US),
            }
            save_register(session, "assessment", values, version=None, actor=actor, now=now)
        flash("Signed. It stands beside the computed status until it expires.", "done")
    except (InvalidInput, Conflict) as refused:
        flash(str(refused), "refused")
    return redirect(url_for("benchmarks.show_evidence", code=code), code=303)
