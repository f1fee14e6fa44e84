"""The OpenRosa API 1.0 for ODK Collect and KoboCollect: list of forms, form, manifest, submission.

HTTP Basic only (`fom.web.basic`); every answer is XML with the version of the protocol. docs/odk.md tells people how
to point a phone here.
"""

from __future__ import annotations

from flask import Blueprint, Flask, Response, request, url_for

from fom.errors import InvalidInput
from fom.exchange import openrosa
from fom.exchange.submission import read_submission
from fom.exchange.xlsform import XlsForm, xform_of
from fom.services.submissions import Attachment, keep_attachments, log_submission, make_photos
from fom.web.access import allows, current_actor
from fom.web.bodies import takes
from fom.web.edge import edge, reading, writing
from fom.web.form_files import find_form, offered_forms

PATH = "/openrosa"
BLUEPRINT = "openrosa"
UPLOAD_MAX_BYTES = 10 * 1024 * 1024
"""Largest request, told to the phone, which sends more files in further requests. Project decision."""
XML_FILE = "xml_submission_file"
XML = "text/xml; charset=utf-8"

blueprint = Blueprint(BLUEPRINT, __name__, url_prefix=PATH)


@blueprint.get("/formList")
@allows("send_report")
def form_list() -> Response:
    """List the forms that can be filled in; `formID` asks for one."""
    with reading() as session:
        forms = [form for form in offered_forms(session, current_actor()) if form.is_fillable]
    wanted = request.args.get("formID")
    return _answer(openrosa.form_list(_listed(form) for form in forms if wanted in (None, form.form_id)))


@blueprint.get("/forms/<code>.xml")
@allows("send_report")
def form(code: str) -> Response:
    """Return the XForm of a form."""
    with reading() as session:
        found = find_form(session, code, current_actor())
    return _answer(xform_of(found).encode())


@blueprint.get("/forms/<code>/manifest")
@allows("send_report")
def manifest(code: str) -> Response:
    """Return the files that a form needs besides: none."""
    with reading() as session:
        find_form(session, code, current_actor())
    return _answer(openrosa.manifest())


@blueprint.route("/submission", methods=["HEAD"], provide_automatic_options=False)
@allows("send_report")
def ask_to_submit() -> Response:
    """Tell the phone where to send, and how much at once."""
    answer = Response(status=204)
    answer.headers["Location"] = url_for(f"{BLUEPRINT}.submit", _external=True)
    return answer


@blueprint.post("/submission")
@allows("send_report")
@takes(UPLOAD_MAX_BYTES)
def submit() -> Response:
    """Take a submission: 201 when all of it is here, 202 when the report is and some files are not."""
    submission = read_submission(_xml())
    files = [(name, file) for name, file in request.files.items(multi=True) if name != XML_FILE]
    attachments = [
        Attachment(name=file.filename or name, media_type=file.mimetype, content=file.read()) for name, file in files
    ]
    host, actor = edge().host, current_actor()
    with writing() as (session, now):
        logged = log_submission(
            session, submission.report, replaces=submission.replaces, actor=actor, now=now,
            network=host.network, router=host.router, names=host.names,
        )  # fmt: skip
    photos = make_photos(attachments)  # takes seconds: the report counts by now, and nobody waits to write meanwhile
    with writing() as (session, now):
        left = keep_attachments(session, logged, photos, folder=edge().config.evidence, actor=actor, now=now)
    said = f"The JOC has it: report {logged.report_id}, version {logged.version}."
    if left:
        said += f" Not taken, keep them on the phone: {', '.join(left)}."
    return _answer(openrosa.response(said, is_received=True), 202 if left else 201)


def _xml() -> bytes:
    """Return the submission of the request, sent as a file or as a field."""
    if (file := request.files.get(XML_FILE)) is not None:
        sent: bytes = file.read()
        return sent
    if (text := request.form.get(XML_FILE)) is not None:
        return text.encode()
    raise InvalidInput.single(XML_FILE, "nothing", "a multipart body with this file")


def _listed(form: XlsForm) -> openrosa.ListedForm:
    return openrosa.ListedForm(
        form_id=form.form_id,
        name=form.title,
        version=form.version,
        xform=xform_of(form),
        about=form.title,
        download_url=url_for(f"{BLUEPRINT}.form", code=form.code, _external=True),
        manifest_url=url_for(f"{BLUEPRINT}.manifest", code=form.code, _external=True),
    )


def _answer(body: bytes, status: int = 200) -> Response:
    return Response(body, status=status, content_type=XML)


def _add_version(response: Response) -> Response:
    if request.path.startswith(PATH + "/"):
        response.headers["X-OpenRosa-Version"] = "1.0"
        response.headers["X-OpenRosa-Accept-Content-Length"] = str(UPLOAD_MAX_BYTES)
    return response


def register(app: Flask) -> None:
    """Attach the addresses and the headers of the protocol, on refusals too."""
    app.after_request(_add_version)
    app.register_blueprint(blueprint)
