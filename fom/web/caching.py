"""Entity tags: a client that has the version in force gets 304 and no body."""

from __future__ import annotations

import hashlib

from flask import Response, request


def _etag(tag: str) -> str:
    return hashlib.sha256(tag.encode()).hexdigest()[:32]


def unchanged(tag: str) -> bool:
    """Return whether the client already has the answer named by `tag`."""
    return request.if_none_match.contains_weak(_etag(tag))


def with_etag(answer: Response, tag: str) -> Response:
    """Return the answer with its entity tag; kept by this one browser only, and asked again before every use."""
    answer.set_etag(_etag(tag))
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["Vary"] = "Accept, Cookie, Authorization"
    return answer
