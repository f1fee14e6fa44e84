"""Live push: server-sent events with the change number as id, resumed from `Last-Event-ID`.

One open stream holds one thread. Streams are capped per account and per process, so that ordinary requests always find
a thread; each ends by itself when its login or token does, and when the process is asked to end.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import zip_longest
from typing import Any

import orjson
from flask import Flask, Response, abort, current_app, request, session
from pydantic import Field

from fom.domain.access import Actor, may, visible
from fom.domain.instants import format_instant
from fom.errors import InvalidInput
from fom.services.picture_events import Event, NetworkEvent, RecordEvent, Subscription
from fom.services.picture_host import PictureHost
from fom.services.replay import Listening, replay_stream
from fom.web.access import allows, bearer_token, current_actor, recognise
from fom.web.alerting import note_stream
from fom.web.api import CONFLICT, MISSING, PROBLEM, family
from fom.web.api.shapes import Body, ProfileName, UserClass
from fom.web.edge import Edge, edge, reading
from fom.web.heavy import takes_turns

HEARTBEAT_S = 15.0
LOGIN_CHECK_S = 3.0
NOTE_S = 60.0
"""How often it is noted that a map is still open; what moves on it is noted as it is sent."""
"""How long a stream may outlive its login. Source: reliability goal S11, at most 5 s."""
WAIT_S = 0.5
"""Longest sleep between two looks at whether the process ends."""
STREAMS_PER_ACCOUNT = 8
"""Open streams of one account: a wall map, a desk and a few tabs."""
SPARE_THREADS = 8
"""Threads of the process that streams never take."""

api = family("stream", "What moves, as it moves")


class StreamQuery(Body):
    """For which vehicle and whom."""

    profile: ProfileName = "P3"
    user_class: UserClass = "mission_military"


class OpenStreams:
    """How many streams are open in this process, by account."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._lock = threading.Lock()
        self._open: Counter[str] = Counter()

    def take(self, user_id: str) -> None:
        """Count one more; 429 above the account's share, 503 above the process's."""
        with self._lock:
            if self._open[user_id] >= STREAMS_PER_ACCOUNT:
                abort(429, f"This account has {STREAMS_PER_ACCOUNT} streams open; close one.")
            if self._open.total() >= self.limit:
                abort(503, "All streams of this server are taken; ask for states every 30 s instead.")
            self._open[user_id] += 1

    def give_back(self, user_id: str) -> None:
        """Count one less."""
        with self._lock:
            self._open[user_id] -= 1
            self._open += Counter()  # forgets accounts at zero


STREAM: dict[Any, Any] = {
    "200": {
        "description": "Events `moves`, `record`, `network` (another road network is in use), `heartbeat`",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    },
    "429": {"description": "Too many streams of this account", **PROBLEM},
}


@api.get("/stream", responses=STREAM)
@allows("read_picture")
def stream(query: StreamQuery) -> Response:
    """Stream what moves for one profile and user class; resume by sending `Last-Event-ID`."""
    parts, actor = edge(), current_actor()
    after = _last_event_id()
    streams: OpenStreams = current_app.extensions["fom.streams"]
    streams.take(actor.user_id)
    host: PictureHost = parts.host
    try:
        subscription = host.subscribe(query.profile, query.user_class, after=after)
    except BaseException:
        streams.give_back(actor.user_id)
        raise
    holds = _still_holds(parts, login=session.get("login"), token=bearer_token())
    app = current_app._get_current_object()  # type: ignore[attr-defined]

    def note() -> None:
        note_stream(app, host, query.profile, query.user_class, actor)

    answer = Response(_events(parts, host, subscription, actor, holds, note), mimetype="text/event-stream")
    answer.call_on_close(subscription.close)
    answer.call_on_close(lambda: streams.give_back(actor.user_id))
    answer.headers.update({"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
    return answer


class ReplayQuery(StreamQuery):
    """Which part of the stream."""

    after: int = Field(ge=0, le=2**53, description="Number of the change that the listener had seen")
    up_to: int = Field(ge=0, le=2**53, description="Number of the last change")


REPLAY: dict[Any, Any] = {
    "200": {
        "description": "Events `moves` and `record`, byte for byte as a listener got them",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    },
    **MISSING,
    **CONFLICT,
}


@api.get("/stream/replay", responses=REPLAY)
@allows("read_picture")
@takes_turns
def replay(query: ReplayQuery) -> Response:
    """Return what the stream said between two changes, made again from the records; records as you may see them now."""
    parts, actor = edge(), current_actor()
    asked = Listening(query.after, query.up_to, query.profile, query.user_class)
    with reading() as db_session:
        told = [event for events in replay_stream(db_session, parts.host, asked) for event in events]
    answer = Response(b"".join(encode_events(parts.host, told, actor)), mimetype="text/event-stream")
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


def _last_event_id() -> int | None:
    raw = request.headers.get("Last-Event-ID")
    if raw is None or raw == "":
        return None
    if not raw.isascii() or not raw.isdigit() or len(raw) > 18:
        raise InvalidInput.single("Last-Event-ID", raw[:40], "the id of an event of this stream")
    return int(raw)


def _still_holds(parts: Edge, *, login: str | None, token: str | None) -> Callable[[], bool]:
    """Return a check, for outside the request, of whether the login or token behind a stream still holds."""

    def check() -> bool:
        with parts.database.reading() as db_session:
            actor = recognise(db_session, login=login, token=token, now=parts.clock())
        return actor is not None and may(actor, "read_picture")

    return check


def _events(
    parts: Edge, host: PictureHost, subscription: Subscription, actor: Actor, holds: Callable[[], bool],
    note: Callable[[], None],
) -> Iterator[bytes]:  # fmt: skip
    """Yield events until the process, the login or the listener ends; then what is left, as who ended it said why."""
    yield b"retry: 2000\n\n" + _heartbeat(parts)
    next_beat = time.monotonic() + HEARTBEAT_S
    next_check = time.monotonic() + LOGIN_CHECK_S
    next_note = 0.0
    while not (parts.closing.is_set() or subscription.is_closed):
        event = subscription.next(WAIT_S)
        now = time.monotonic()
        if now >= next_note:
            note()
            next_note = now + NOTE_S
        if now >= next_check:
            if not holds():
                yield encode("end", {"code": "signed_out"})
                return
            next_check = now + LOGIN_CHECK_S
        if event is not None and (sent := b"".join(_batch(host, subscription, event, actor))):
            note()
            yield sent
        elif now >= next_beat:
            yield _heartbeat(parts)
        else:
            continue
        next_beat = now + HEARTBEAT_S
    if (event := subscription.next(0)) is not None:
        yield b"".join(_batch(host, subscription, event, actor))


def _batch(host: PictureHost, subscription: Subscription, first: Event, actor: Actor) -> Iterator[bytes]:
    """Yield `first` and what else waits, as this account may see it."""
    with host.reading():  # the host hands over all events of a change under its lock: now they are all here
        events = [first, *subscription.waiting()]
    return encode_events(host, events, actor)


def encode_events(host: Any, events: Iterable[Event], actor: Actor) -> Iterator[bytes]:
    """Yield whole changes as this account may see them.

    Only the last event of a change carries its number as id: a stream that is cut between two of them gets both again.
    """
    seen = [e for e in events if not isinstance(e, RecordEvent) or visible(actor, host.access_of(e.id))]
    for event, following in zip_longest(seen, seen[1:]):
        is_last = following is None or following.number != event.number
        yield encode(*_plain(event), event.number if is_last else None)


def _heartbeat(parts: Edge) -> bytes:
    return encode("heartbeat", {"version": parts.host.version, "at": format_instant(parts.clock())})


def _plain(event: Event) -> tuple[str, dict[str, Any]]:
    if isinstance(event, NetworkEvent):
        return "network", {"version": event.number, "network": event.network_id}
    if isinstance(event, RecordEvent):
        return "record", {"version": event.number, "kind": event.kind, "id": event.id, "layer": event.layer}
    return "moves", {
        "version": event.number,
        "at": format_instant(event.at),
        "cause": event.cause,
        "moves": event.moves,
        "routes": event.routes,
        "complete": event.is_complete,
    }


def encode(name: str, body: dict[str, Any], number: int | None = None) -> bytes:
    """Return one server-sent event; the data is one line of JSON."""
    head = f"id: {number}\n" if number is not None else ""
    return f"{head}event: {name}\ndata: ".encode() + orjson.dumps(body) + b"\n\n"


def register(app: Flask) -> None:
    """Keep the count of open streams with the application."""
    config = app.extensions["fom"].config
    app.extensions["fom.streams"] = OpenStreams(max(1, config.threads - SPARE_THREADS))
