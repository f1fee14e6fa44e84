"""Bodies packed with gzip for slow links: data of the API, scripts and styles.

Pages are left alone: they hold CSRF tokens beside text that others typed, and packing both together tells about the
token. Streams are left alone too: packing would hold events back.
"""

from __future__ import annotations

import gzip
from collections import OrderedDict
from threading import Lock

from flask import Flask, Response, request

PACKED_TYPES = frozenset(
    {
        "application/json",
        "application/geo+json",
        "application/octet-stream",
        "text/javascript",
        "application/javascript",
        "text/css",
        "image/svg+xml",
    }
)
WORTH_BYTES = 1024
"""Smaller bodies fit in one packet anyway."""
KEPT_FILES = 64
"""Packed static files that a process keeps; their entity tag changes with the file."""

_kept: OrderedDict[str, bytes] = OrderedDict()
_lock = Lock()


def _pack(answer: Response) -> Response:
    if answer.status_code != 200 or answer.mimetype not in PACKED_TYPES or "Content-Encoding" in answer.headers:
        return answer
    answer.vary.add("Accept-Encoding")
    is_file = request.endpoint == "static"
    if not request.accept_encodings.quality("gzip") or (answer.is_streamed and not is_file):
        return answer
    tag, _ = answer.get_etag()
    answer.direct_passthrough = False
    body = answer.get_data()
    if len(body) < WORTH_BYTES:
        return answer
    answer.set_data(_packed_file(f"{request.path} {tag}", body) if is_file else gzip.compress(body, 5, mtime=0))
    answer.headers["Content-Encoding"] = "gzip"
    if tag is not None:
        answer.set_etag(tag, weak=True)
    return answer


def _packed_file(key: str, body: bytes) -> bytes:
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    packed = gzip.compress(body, 9, mtime=0)
    with _lock:
        _kept[key] = packed
        while len(_kept) > KEPT_FILES:
            _kept.popitem(last=False)
    return packed


def register(app: Flask) -> None:
    """Attach the packing; registered first, so that it runs after everything else that touches an answer."""
    app.after_request(_pack)
