"""The forms to take along: every one as an XLSForm workbook, and how a phone with ODK Collect fetches them itself."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, render_template, request

from fom.domain.forms import FORMS
from fom.exchange.xlsform import workbook_of
from fom.web.access import allows, current_actor
from fom.web.edge import reading
from fom.web.form_files import find_form, offered_forms

blueprint = Blueprint("forms", __name__)

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@blueprint.get("/forms")
@allows("send_report")
def list_forms() -> Any:
    """List the forms with their sizes and versions."""
    with reading() as session:
        forms = offered_forms(session, current_actor())
    rows = [
        {"form": form, "sign": FORMS[form.code].sign, "flash": sum(q.is_flash for q in FORMS[form.code].questions),
         "questions": len(FORMS[form.code].questions)}
        for form in forms
    ]  # fmt: skip
    server = request.host_url.rstrip("/") + "/openrosa"
    return render_template("forms/list.html", rows=rows, server=server, is_secure=request.is_secure)


@blueprint.get("/forms/<code>.xlsx")
@allows("send_report")
def download(code: str) -> Response:
    """Return a form as a workbook; its version is in its name."""
    with reading() as session:
        form = find_form(session, code, current_actor())
    name = f"{form.form_id}-{form.version}.xlsx"
    return Response(workbook_of(form), mimetype=XLSX, headers={"Content-Disposition": f'attachment; filename="{name}"'})
