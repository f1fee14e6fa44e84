"""One change played over a picture and those who follow it: the same steps live and when a stream is replayed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fom.domain.records import Record
from fom.domain.states import DIRECTION_CODES
from fom.network.network import Network
from fom.picture.picture import Picture
from fom.services.followed import Followed
from fom.services.picture_events import LAYERS, Event, RecordEvent
from fom.store.changes import is_activation
from fom.store.tables import Change, RecordRow, RegisterVersion

Routes = Mapping[str, NDArray[np.int64]]
"""Code of a key route -> (k,) arc numbers."""


def play(
    change: Change, records: Sequence[Record], routes: Routes | None, picture: Picture, followed: Iterable[Followed]
) -> None:
    """Apply a change and what time moved by then, and tell those who follow; `routes` where they differ."""
    touched = np.empty(0, np.int64)
    if records:
        touched = picture.apply(records)
    for each in followed:
        if routes is not None:
            each.set_routes(routes)
        each.apply(touched, change.at, number=change.number, cause=change.kind)


def changes_routes(change: Change) -> bool:
    """Return whether a change may alter the course of key routes."""
    is_register = change.kind == "register" and change.subject_kind in (None, "key_route", "registers")
    return is_register or is_activation(change)


def routes_at(
    session: Session, network: Network, at: int, read: Callable[[list[Any]], list[Any]]
) -> dict[str, NDArray[np.int64]]:
    """Return the key routes as they stood at a moment, by code; stretches that are not on the network are left out.

    `read` returns stretches as they are written on the network at hand (`FormerNetworks.routes`).
    """
    newest = (
        select(RegisterVersion.row_id, func.max(RegisterVersion.version).label("version"))
        .where(RegisterVersion.register == "key_route", RegisterVersion.changed_at <= at)
        .group_by(RegisterVersion.row_id)
        .subquery()
    )
    same = (RegisterVersion.row_id == newest.c.row_id) & (RegisterVersion.version == newest.c.version)
    query = select(RegisterVersion.body).join(newest, same).where(RegisterVersion.register == "key_route")
    bodies = sorted(session.scalars(query), key=lambda body: str(body["code"]))
    return {body["code"]: arcs_of(network, read(body["segments"] or [])) for body in bodies}


def arcs_of(network: Network, stretches: Iterable[Mapping[str, object]]) -> NDArray[np.int64]:
    """Return the arc numbers of a route's stretches that lie on the network."""
    found = ((network.find_segment(str(s["id"])), str(s.get("direction") or "forward")) for s in stretches)
    return np.array([2 * number + DIRECTION_CODES.index(way) for number, way in found if number is not None], np.int64)


def record_events(change: Change, rows: Sequence[RecordRow], kind_of: Callable[[str], str | None]) -> Iterator[Event]:
    """Yield what a change tells beside states: its records and its register row. `kind_of` a record's id."""
    for row in rows:
        yield RecordEvent(change.number, row.kind, row.id, LAYERS.get(row.kind) or _target_layer(row, kind_of))
    if change.kind == "register" and change.subject_kind is not None and change.subject_id is not None:
        yield RecordEvent(change.number, change.subject_kind, change.subject_id, LAYERS.get(change.subject_kind))


def _target_layer(row: RecordRow, kind_of: Callable[[str], str | None]) -> str | None:
    """Return the layer that a judgement is about: that of the first record it names which has one."""
    properties = row.properties
    named = [properties.get("target"), *(properties.get("closes") or ()), *(properties.get("members") or ())]
    for record_id in filter(None, named):
        if (layer := LAYERS.get(kind_of(record_id) or "")) is not None:
            return layer
    return None
