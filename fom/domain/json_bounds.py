"""What a value read from JSON may hold: bounded depth, size and positions, and nothing that no record can hold."""

from __future__ import annotations

import math

from fom.errors import InvalidInput

DEPTH_MAX = 24
"""Deepest nest of lists and objects; a GeoJSON MultiPolygon inside a record inside a report needs 10."""
VERTICES_MAX = 50_000
"""Positions in one body. Source: reliability goal for hostile geometry, vertices per feature."""
VALUES_MAX = 400_000
"""Values of any kind in one body."""


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
                check_text(path, key)
            stack.extend((f"{path}.{key}", item, depth + 1) for key, item in value.items())
        else:
            stack.extend(
                (f"{path}[{i}]", item, depth + 1) for i, item in enumerate(value) if not _is_harmless_number(item)
            )


def _is_harmless_number(value: object) -> bool:
    return isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))


def _check_scalar(path: str, value: object) -> None:
    if isinstance(value, str):
        check_text(path, value)
    elif isinstance(value, float) and not math.isfinite(value):
        raise InvalidInput.single(path[:80], str(value), "a finite number")


def check_text(path: str, text: str) -> None:
    """Refuse a text with a NUL character."""
    if "\x00" in text:
        raise InvalidInput.single(path[:80], "a text with a NUL character", "a text without control character 0")
