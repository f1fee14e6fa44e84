"""States of all segments in bulk: JSON for programs, two bytes per segment for the map."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Response, jsonify, request
from pydantic import BaseModel, Field

from fom.domain.instants import format_instant
from fom.errors import InvalidInput
from fom.services.moments import list_moments
from fom.services.picture_host import PictureHost
from fom.services.segments import numbers_in
from fom.web.access import allows
from fom.web.alerting import note_shown
from fom.web.api import UNCHANGED, family
from fom.web.api.shapes import Asking, Bbox, Body, Instant, InstantText, ProfileName, UserClass, parse_bbox
from fom.web.caching import unchanged, with_etag
from fom.web.edge import edge
from fom.web.heavy import takes_turns

api = family("states", "The state of every segment for one profile and user class")

LETTERS = bytes.maketrans(bytes((0, 1, 2, 3, 4, 255)), b"OC?RX-")


class StatesQuery(Asking):
    """Which states."""

    since_version: int | None = Field(
        None, ge=0, le=2**53, description="Only segments moved after this version; not with `at` or `known_at`"
    )
    bbox: Bbox | None = None


class States(BaseModel):
    """States as letters: O open, C caution, ? unknown, R restricted, X closed, - no such direction."""

    model_config = {  # type: ignore[typeddict-unknown-key]
        "openapi_extra": {
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    }

    network: str
    version: int
    at: InstantText
    known_at: InstantText
    profile: str
    user_class: str
    states: dict[str, str] = Field(description="Segment number -> letters forward and backward")


@api.get("/states", responses={"200": States, **UNCHANGED})
@allows("read_picture")
def list_states(query: StatesQuery) -> Any:
    """Return the state of every segment, now or at a moment.

    As `application/octet-stream`: 2n bytes, index = arc number (2 × segment number + direction), 0 open, 1 caution,
    2 unknown, 3 restricted, 4 closed, 255 no such direction; then `since_version` and `bbox` are not asked for.
    """
    _check(query)
    host = edge().host
    tag = f"{host.network.network_id} {host.version} {_wants_bytes()} {request.query_string.decode('ascii', 'replace')}"
    is_live = query.at is None and query.known_at is None
    question = host.question(query.at, query.known_at, query.profile, query.user_class)
    note_shown("map", question, at=query.at, known_at=query.known_at)
    if is_live and unchanged(tag):
        return with_etag(Response(status=304), tag)
    answer = _now(host, query) if is_live else _then(host, query)
    return with_etag(answer, tag) if is_live else answer


class MomentsQuery(Body):
    """Between which moments, for which vehicle and whom."""

    from_: Instant = Field(alias="from")
    to: Instant
    profile: ProfileName = "P3"
    user_class: UserClass = "mission_military"


class Mark(BaseModel):
    """A moment from which on some states are others."""

    at: InstantText
    to: dict[str, int] = Field(description="State letter -> segments that then have it (the worse of both directions)")
    worse: int
    better: int


class Moments(BaseModel):
    """When anything changed (as it was shown then) and will change by itself (if nothing new is reported)."""

    model_config = {"populate_by_name": True}

    from_: InstantText = Field(alias="from")
    to: InstantText
    now: InstantText
    ahead_as_of: InstantText = Field(description="By what was known then are the marks of this hour and ahead")
    profile: str
    user_class: str
    network: str
    version: int
    marks: list[Mark]


@api.get("/moments", responses={"200": Moments})
@allows("read_picture")
@takes_turns
def get_moments(query: MomentsQuery) -> Any:
    """Return the moments between two at which states changed or will by themselves, at most 240, oldest first."""
    host = edge().host
    question = host.question(profile=query.profile, user_class=query.user_class)
    return jsonify(list_moments(host, question, query.from_, query.to))


def _check(query: StatesQuery) -> None:
    if query.since_version is not None and not (query.at is None and query.known_at is None):
        raise InvalidInput.single("since_version", str(query.since_version), "no `at` and no `known_at` beside it")
    for name in ("since_version", "bbox"):
        if _wants_bytes() and getattr(query, name) is not None:
            raise InvalidInput.single(name, "given", "nothing: the binary form holds every segment")


def _wants_bytes() -> bool:
    kinds = ["application/json", "application/octet-stream"]
    return request.accept_mimetypes.best_match(kinds, kinds[0]) != kinds[0]


def _now(host: PictureHost, query: StatesQuery) -> Response:
    view = host.states(query.profile, query.user_class, since=query.since_version)
    moments = {"at": format_instant(view.at), "known_at": format_instant(view.at)}
    return _render(host, query, view.version, moments, view.states.tobytes(), view.numbers)


@takes_turns
def _then(host: PictureHost, query: StatesQuery) -> Response:
    question = host.question(query.at, query.known_at, query.profile, query.user_class)
    moments = {"at": format_instant(question.at), "known_at": format_instant(question.known_at)}
    return _render(host, query, host.version, moments, host.states_at(question).tobytes(), None)


def _render(
    host: PictureHost,
    query: StatesQuery,
    version: int,
    moments: dict[str, str],
    states: bytes,
    numbers: Iterable[int] | None,
) -> Response:
    head = {"network": host.network.network_id, "version": version, **moments}
    if _wants_bytes():
        answer = Response(states, mimetype="application/octet-stream")
    else:
        if query.bbox is not None:
            inside = numbers_in(host.network, parse_bbox(query.bbox)).tolist()
            numbers = inside if numbers is None else sorted(set(inside).intersection(numbers))
        asked = {"profile": query.profile, "user_class": query.user_class}
        answer = jsonify({**head, **asked, "states": letters_of(states, numbers)})
    answer.headers.update({"X-Fom-Network": head["network"], "X-Fom-Version": version, "X-Fom-At": head["at"]})
    return answer


def letters_of(states: bytes, numbers: Iterable[int] | None) -> dict[str, str]:
    """Return segment number -> two letters, of all segments or of those numbered."""
    text = states.translate(LETTERS).decode("ascii")
    chosen = range(len(text) // 2) if numbers is None else (int(number) for number in numbers)
    return {str(number): text[2 * number : 2 * number + 2] for number in chosen}
