"""Papers of a restriction case: kept from a form, opened by those who may, withdrawn with a reason."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, flash, redirect, request, url_for

from fom.errors import Conflict, FieldError, InvalidInput
from fom.services.case_papers import (
    EDITS,
    PAPER_MAX_BYTES,
    READS,
    PaperDraft,
    keep_paper,
    open_paper,
    read_paper,
    withdraw_paper,
)
from fom.web.access import allows, current_actor
from fom.web.api.case_papers import download
from fom.web.bodies import takes
from fom.web.edge import edge, writing
from fom.web.pages.restrictions import case_page

blueprint = Blueprint("case_papers", __name__)


@blueprint.post("/restrictions/cases/<case_id>/papers")
@allows(EDITS)
@takes(PAPER_MAX_BYTES + 64 * 1024)
def keep(case_id: str) -> Any:
    """Keep a file with a case; what is wrong with it stands on the case's page."""
    form, file = request.form.to_dict(), request.files.get("file")
    data = b"" if file is None else file.read()
    draft = PaperDraft(id=form.get("id", "").lower(), title=form.get("title", ""), step_id=form.get("step_id") or None)
    try:
        if not data:
            raise InvalidInput.single("file", "nothing", "a photo or a PDF")
        paper = read_paper(data)
        with writing() as (session, now):
            keep_paper(session, case_id, draft, paper, folder=edge().config.evidence, actor=current_actor(), now=now)
    except InvalidInput as refused:
        return case_page(case_id, paper=form, paper_errors=refused.errors), 422
    except Conflict as refused:
        fresh = {**form, "id": str(uuid.uuid4())}
        return case_page(case_id, paper=fresh, paper_errors=[FieldError("form", str(refused), "another paper")]), 409
    flash("The paper is kept.", "done")
    return redirect(url_for("restrictions.show_case", case_id=case_id, _anchor="papers"), code=303)


@blueprint.get("/restrictions/papers/<paper_id>")
@allows(READS)
def show(paper_id: str) -> Any:
    """Return the file, always as a download; every look is in the audit."""
    with writing() as (session, now):
        data, media_type, name = open_paper(
            session, paper_id.lower(), folder=edge().config.evidence, actor=current_actor(), now=now
        )
    return download(data, media_type, name)


@blueprint.post("/restrictions/papers/<paper_id>/withdraw")
@allows(EDITS)
def withdraw(paper_id: str) -> Any:
    """Take a paper out of sight, with the reason."""
    with writing() as (session, now):
        row = withdraw_paper(session, paper_id.lower(), request.form.get("why", ""), actor=current_actor(), now=now)
    flash("The paper is withdrawn.", "done")
    return redirect(url_for("restrictions.show_case", case_id=row["case_id"], _anchor="papers"), code=303)
