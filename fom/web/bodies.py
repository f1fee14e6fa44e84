"""Request bodies: JSON only, of bounded size, depth and number of positions, without anything that no record can hold.

Runs before any view, so that models and services never meet NaN, Infinity, a NUL in a text or a nest ten thousand deep.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import orjson
from flask import Flask, Request, abort, current_app, request
from flask.json.provider import JSONProvider

from fom.domain.json_bounds import check_text, check_value
from fom.errors import InvalidInput

BODY_MAX_BYTES = 2 * 1024 * 1024
"""Largest body of any request. Source: project decision; 50,000 vertices of 40 bytes."""


_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
View = TypeVar("View", bound=Callable[..., Any])


def takes(max_bytes: int, *, raw: bool = False) -> Callable[[View], View]:
    """Declare that a view takes a larger body, or one that is no JSON (`raw`)."""

    def declare(view: View) -> View:
        view.fom_body_max, view.fom_body_raw = max_bytes, raw  # type: ignore[attr-defined]
        return view

    return declare


def body_max(endpoint: str | None) -> int:
    """Return how many bytes a request of an endpoint may have."""
    return int(getattr(current_app.view_functions.get(endpoint or ""), "fom_body_max", BODY_MAX_BYTES))


class OrjsonProvider(JSONProvider):
    """JSON by orjson: refuses NaN, Infinity and lone surrogates on the way in, and writes UTF-8 in one pass."""

    def dumps(self, obj: Any, **_options: Any) -> str:
        """Return JSON text; keys in the order given, non-text keys as text."""
        return orjson.dumps(obj, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY).decode()

    def loads(self, s: str | bytes, **_options: Any) -> Any:
        """Return the value of a JSON text; ValueError where it is none."""
        return orjson.loads(s)


class StrictRequest(Request):
    """A request whose JSON failures say what is wrong in words of ours, and whose bound is that of its view."""

    @property  # type: ignore[misc]
    def max_content_length(self) -> int | None:  # type: ignore[override]
        """Return how many bytes the body may have."""
        return body_max(self.endpoint) if current_app else BODY_MAX_BYTES

    def on_json_loading_failed(self, e: ValueError | None) -> Any:
        """Refuse: 415 without a JSON content type, 400 for text that is no JSON."""
        if e is None:
            abort(415, "Send the body as application/json.")
        abort(400, f"The body is not JSON: {e}.")


def _check_request() -> None:
    if "\x00" in request.path or any("\x00" in k or "\x00" in v for k, v in request.args.items(multi=True)):
        abort(400, "The address holds a NUL character.")
    if request.mimetype in _FORMS:
        for name, text in request.form.items(multi=True):
            check_text(name[:80], name + text)
    if not request.path.startswith("/api/") or request.method not in ("POST", "PATCH", "PUT"):
        return
    if getattr(current_app.view_functions.get(request.endpoint or ""), "fom_body_raw", False):
        return
    if not request.content_length and not request.mimetype:
        return  # an act without a body, such as a confirmation; where one is needed, its model asks for it
    if not isinstance(body := request.get_json(), dict):
        raise InvalidInput.single("body", type(body).__name__, "a JSON object")
    check_value(body)


def register(app: Flask) -> None:
    """Cap sizes and check every body before any view sees it."""
    app.config.update(MAX_CONTENT_LENGTH=BODY_MAX_BYTES, MAX_FORM_MEMORY_SIZE=BODY_MAX_BYTES, MAX_FORM_PARTS=200)
    app.json = OrjsonProvider(app)
    app.request_class = StrictRequest
    app.before_request(_check_request)
