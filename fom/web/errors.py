"""What a refused request looks like: one table from class of error to HTTP status, one shape for programs, one page.

Programs get `application/problem+json` (RFC 9457) with a stable `code` and every bad field; browsers that ask for HTML
get a page. Nothing here decides whether a request is refused. Details of unexpected failures go to the log, never into
the answer.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Sequence
from typing import Any

from flask import Flask, Response, current_app, g, render_template, request
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from werkzeug.exceptions import HTTPException

from fom.errors import (
    BadReferenceData,
    Busy,
    Conflict,
    FieldError,
    FomError,
    InvalidInput,
    NotFound,
    NotPermitted,
    ServiceUnreachable,
)
from fom.exchange import openrosa

log = logging.getLogger("fom.web")

STATUS: dict[type[FomError], int] = {
    NotFound: 404,
    InvalidInput: 422,
    Conflict: 409,
    NotPermitted: 403,
    BadReferenceData: 503,
    ServiceUnreachable: 503,
    Busy: 503,
}

TITLES = {
    400: "The request could not be read",
    401: "Sign in first",
    403: "Not permitted",
    404: "Not found",
    405: "This address does not take that method",
    409: "Conflict with what is stored",
    413: "Too large",
    415: "Not a JSON body",
    422: "Some fields cannot be used",
    429: "Too many requests",
    500: "Something went wrong on our side",
    503: "Not ready",
}

CODES = {
    400: "bad_request",
    401: "not_signed_in",
    403: "not_permitted",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid_input",
    429: "too_many_requests",
    500: "internal",
    503: "not_ready",
}

AGAIN_S = "5"
"""Seconds after which who was turned away may ask again."""
_CAME_MAX = 120
"""Longest echo of a bad value in an answer, characters."""


def problem(
    status: int, code: str, detail: str, errors: Sequence[FieldError] = (), extra: dict[str, Any] | None = None
) -> Response:
    """Return the answer to a refused request: problem+json for programs, a page for browsers, OpenRosa for phones."""
    title = TITLES.get(status, "Refused")
    if request.path.startswith("/openrosa/"):
        named = [f"{e.field}: {e.came[:_CAME_MAX]}; expected {e.expected}." for e in errors]
        xml = openrosa.response(" ".join([detail or title, *named]))
        return Response(xml, status=status, content_type="text/xml; charset=utf-8")
    if wants_page():
        return Response(
            render_template("account/error.html", status=status, title=title, detail=detail, errors=errors),
            status=status,
            mimetype="text/html",
        )
    body: dict[str, Any] = {
        "type": f"urn:fom:problem:{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
        "errors": [_field(e) for e in errors],
        **(extra or {}),
    }
    return Response(current_app.json.dumps(body), status=status, mimetype="application/problem+json")


def wants_page() -> bool:
    """Return whether the asker is a browser looking at a page: outside the API, with HTML preferred."""
    if request.path.startswith(("/api/", "/tiles/", "/healthz", "/readyz")):
        return False
    return request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html"


def _field(error: FieldError) -> dict[str, Any]:
    row = {"field": error.field, "came": error.came[:_CAME_MAX], "expected": error.expected}
    more = {"record_id": error.record_id, "reason": error.reason}
    return row | {name: value for name, value in more.items() if value}


def status_of(error: FomError) -> int:
    """Return the HTTP status of an error of ours: that of its nearest class in the table, else 400."""
    return next((STATUS[c] for c in type(error).__mro__ if c in STATUS), 400)


def field_errors(error: ValidationError) -> list[FieldError]:
    """Return pydantic's findings as our field errors, in its order."""
    return [
        FieldError(
            ".".join(str(part) for part in e["loc"]) or "body",
            "nothing" if e["type"] == "missing" else repr(e.get("input"))[:_CAME_MAX],
            e["msg"].removeprefix("Value error, "),  # pydantic's words before ours
        )
        for e in error.errors(include_url=False, include_context=False)
    ]


def invalid(error: ValidationError) -> Response:
    """Return the 422 for a request whose parameters or body do not fit their model."""
    return problem(422, InvalidInput.code, "Some fields cannot be used.", field_errors(error))


def _on_ours(error: FomError) -> Response:
    status = status_of(error)
    errors = error.errors if isinstance(error, InvalidInput) else ()
    detail = "Some fields cannot be used." if errors else str(error)
    extra = {"details": error.details} if isinstance(error, Conflict) and error.details else None
    answer = problem(status, error.code, detail, errors, extra)
    if isinstance(error, Busy):
        answer.headers["Retry-After"] = AGAIN_S
    return answer


def _on_http(error: HTTPException) -> Response | HTTPException:
    if error.response is not None or (error.code or 500) < 400:
        return error
    status = error.code or 500
    detail = error.description or ""
    if status == 413 and request.max_content_length:
        detail = f"This address takes at most {request.max_content_length / 1024 / 1024:.0f} MB; send it in parts."
    answer = problem(status, CODES.get(status, "refused"), detail)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After", "WWW-Authenticate"):
            answer.headers[name] = value
    return answer


def _on_database(error: OperationalError | InterfaceError | NoConnectionFree) -> Response:
    cause = error.orig if isinstance(error, DBAPIError) else error
    log.error("database unavailable: %s (request %s)", type(cause).__name__, _request_id())
    answer = problem(503, "database_unavailable", "The database cannot answer now; nothing was saved. Try again.")
    answer.headers["Retry-After"] = AGAIN_S
    return answer


def _on_anything(error: Exception) -> Response:
    # the error's own text may hold what a report said: types and places in our code are enough to find it
    trace = "".join(traceback.format_tb(error.__traceback__))
    log.error("unexpected %s in %s, request %s\n%s", type(error).__name__, request.endpoint, _request_id(), trace)
    return problem(500, CODES[500], "The failure is in the log; nothing was saved.")


def _request_id() -> str:
    return str(g.get("request_id", "-"))


def register(app: Flask) -> None:
    """Attach the handlers; the last one keeps the server up whatever comes."""
    app.register_error_handler(FomError, _on_ours)
    app.register_error_handler(ValidationError, invalid)
    app.register_error_handler(HTTPException, _on_http)
    for unavailable in (OperationalError, InterfaceError, NoConnectionFree):
        app.register_error_handler(unavailable, _on_database)
    app.register_error_handler(Exception, _on_anything)
