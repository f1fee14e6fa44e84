"""Subscriptions laid on a road network: which segments and key routes each one watches, and for whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fom.domain.access import Actor, may
from fom.errors import NotFound
from fom.network.network import Network
from fom.services.accounts import actor_of
from fom.services.picture_host import PictureHost
from fom.services.playing import arcs_of
from fom.services.registers import get_register, list_register
from fom.store.tables import AlertSubscription, Change, Unit, User

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class RouteWatch:
    """A key route that is watched: (k,) arc numbers, and metres from its start to the beginning and end of each."""

    id: str
    code: str
    name: str
    arcs: Ints
    from_m: NDArray[np.float64]
    to_m: NDArray[np.float64]


@dataclass(frozen=True)
class Watch:
    """One subscription with its reader, on one network."""

    row: AlertSubscription
    actor: Actor
    routes: tuple[RouteWatch, ...]
    shape: shapely.Geometry | None
    numbers: Ints
    """Segments watched, ascending."""

    @property
    def pair(self) -> tuple[str, str]:
        """Return names of profile and user class."""
        return self.row.profile, self.row.user_class

    def where(self, segments: Ints) -> str:
        """Return the first place along a watched route among some segments, else the name of the subscription."""
        touched = set(segments.tolist())
        for route in self.routes:
            for arc, from_m in zip(route.arcs.tolist(), route.from_m.tolist(), strict=True):
                if arc >> 1 in touched:
                    return f"{route.code} km {from_m / 1000:.0f}"
        return self.row.title

    def meets(self, segments: Ints, geometry: shapely.Geometry | None) -> bool:
        """Return whether something on some segments, or at a place, is within what is watched."""
        if len(np.intersect1d(segments, self.numbers)):
            return True
        return self.shape is not None and geometry is not None and bool(self.shape.intersects(geometry))


class Watches:
    """The watches of a process, laid anew only where subscription, account, registers or network changed."""

    def __init__(self) -> None:
        self._laid: dict[tuple[Any, ...], Watch | None] = {}

    def read(self, session: Session, host: PictureHost) -> list[Watch]:
        """Return every watch whose reader may see the picture, by subscription id."""
        registers = session.scalar(
            select(func.max(Change.number)).where(Change.kind.in_(("register", "network")))
        )  # fmt: skip
        query = select(AlertSubscription, User).join(User, User.id == AlertSubscription.user_id).where(User.active)
        laid: dict[tuple[Any, ...], Watch | None] = {}
        for row, user in session.execute(query.order_by(AlertSubscription.id)):
            key = (row.id, row.version, user.version, registers, host.network.network_id)
            laid[key] = self._laid[key] if key in self._laid else lay(session, host, row, actor_of(user))
        self._laid = laid
        return [watch for watch in laid.values() if watch is not None]


def lay(session: Session, host: PictureHost, row: AlertSubscription, actor: Actor) -> Watch | None:
    """Return a subscription on the host's network; None where its reader may see nothing or its profile is gone."""
    session.expunge(row)
    if not may(actor, "read_picture") or row.profile not in host.profiles:
        return None
    network = host.network
    unit = None if actor.unit is None else session.get(Unit, actor.unit)
    own = {actor.unit, None if unit is None else unit.name} - {None}
    area = _area(session, row, actor)
    routes = tuple(
        watch_route(network, host.names.routes(list(values["segments"] or ())), values)
        for values in list_register(session, "key_route", actor=actor)
        if row.is_everywhere or values["id"] in row.routes or (row.is_unit_routes and values["owner"] in own)
    )
    within = np.empty(0, np.int64) if area is None else segments_in(network, area)
    numbers = np.unique(np.concatenate([within, *(route.arcs >> 1 for route in routes)]).astype(np.int64))
    return Watch(row, actor, routes, area, numbers)


def watch_route(network: Network, stretches: Sequence[Mapping[str, Any]], values: Mapping[str, Any]) -> RouteWatch:
    """Return a key route of the register as it lies on a network."""
    arcs, begins, ends, along = [], [], [], 0.0
    for stretch in stretches:
        number = network.find_segment(str(stretch["id"]))
        if number is None:
            continue
        last = float(network.length_m[number]) if stretch.get("to_m") is None else float(stretch["to_m"])
        length = last - float(stretch.get("from_m") or 0.0)
        arcs.append(arcs_of(network, [stretch])[0])
        begins.append(along)
        ends.append(along := along + length)
    return RouteWatch(
        values["id"], values["code"], values["name"], np.array(arcs, np.int64), np.array(begins), np.array(ends)
    )


def segments_in(network: Network, area: shapely.Geometry) -> Ints:
    """Return the numbers of the segments that meet an area, degrees, ascending."""
    _, near = network.boxes.query(np.array(area.bounds))
    near = np.unique(near)
    shapely.prepare(area)
    found: Ints = near[shapely.intersects(area, network.lines(near))].astype(np.int64)
    return found


def _area(session: Session, row: AlertSubscription, actor: Actor) -> shapely.Geometry | None:
    """Return the union of the subscription's own shape and that of its area, as far as its reader may see that."""
    shapes = [] if row.geometry is None else [row.geometry]
    if row.area_id is not None:
        try:
            values = get_register(session, "area", row.area_id, actor=actor)
        except NotFound:  # not his to see any more: it watches nothing
            values = {"geometry": None}
        if values["geometry"] is not None:
            shapes.append(shapely.geometry.shape(values["geometry"]))
    return shapely.union_all(shapes) if shapes else None
