"""Request bodies: JSON only, of bounded size, depth and number of positions, without anything that no record can hold.

Runs before any view, so that models and services never meet NaN, Infinity, a NUL in a text or a nest ten thousand deep.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import orjson
from flask import Flask, Request, abort, current_app, request
from flask.json.provider import JSONProvider

from fom.errors import InvalidInput

BODY_MAX_BYTES = 2 * 1024 * 1024
"""Largest body of any request. Source: project decision; 50,000 vertices of 40 bytes."""
DEPTH_MAX = 24
"""Deepest nest of lists and objects; a GeoJSON MultiPolygon inside a record inside a report needs 10."""
VERTICES_MAX = 50_000
"""Positions in one body. Source: reliability goal for hostile geometry, vertices per feature."""
VALUES_MAX = 400_000
"""Values of any kind in one body."""


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


def check_value(root: object) -> None:
    """Refuse a parsed body that is too deep, too large, or holds a text or number that cannot be stored.

    Raises
    ------
    InvalidInput
        Names the path of the first offender.
    """
    vertices, values = 0, 1
    stack: list[tuple[str, object, int]] = [("body", root, 0)]
    while stack:
        path, value, depth = stack.pop()
        if not isinstance(value, dict | list):
            _check_scalar(path, value)
            continue
        if depth >= DEPTH_MAX:
            raise InvalidInput.single(path[:80], f"a nest more than {DEPTH_MAX} deep", f"at most {DEPTH_MAX} levels")
        values += len(value)
        vertices += isinstance(value, list) and len(value) > 1 and all(isinstance(x, int | float) for x in value[:3])
        if values > VALUES_MAX:
            raise InvalidInput.single("body", f"more than {VALUES_MAX} values", "a smaller body; send it in parts")
        if vertices > VERTICES_MAX:
            raise InvalidInput.single(path[:80], f"more than {VERTICES_MAX} positions", "a simpler geometry")
        if isinstance(value, dict):
            for key in value:
                _check_text(path, key)
            stack.extend((f"{path}.{key}", item, depth + 1) for key, item in value.items())
        else:
            stack.extend(
                (f"{path}[{i}]", item, depth + 1) for i, item in enumerate(value) if not _is_harmless_number(item)
            )


def _is_harmless_number(value: object) -> bool:
    return isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))


def _check_scalar(path: str, value: object) -> None:
    if isinstance(value, str):
        _check_text(path, value)
    elif isinstance(value, float) and not math.isfinite(value):
        raise InvalidInput.single(path[:80], str(value), "a finite number")


def _check_text(path: str, text: str) -> None:
    if "\x00" in text:
        raise InvalidInput.single(path[:80], "a text with a NUL character", "a text without control character 0")


def _check_request() -> None:
    if "\x00" in request.path or any("\x00" in k or "\x00" in v for k, v in request.args.items(multi=True)):
        abort(400, "The address holds a NUL character.")
    if request.mimetype in _FORMS:
        for name, text in request.form.items(multi=True):
            _check_text(name[:80], name + text)
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
