"""Movements that have neither left nor arrived half an hour after their time: told once for each time planned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from fom.domain.instants import parse_instant
from fom.domain.movements import GRACE_US
from fom.domain.positions import date_time_group
from fom.services.alerts.advice import is_watched
from fom.services.alerts.falling_due import Overdue, access_of
from fom.services.alerts.watching import Watch
from fom.services.movement_ways import stretches_here
from fom.services.movements import list_movements
from fom.services.picture_host import PictureHost


class LateMovements:
    """What is late at a moment, microseconds; read once for each reader."""

    def __init__(self, session: Session, host: PictureHost, now: int) -> None:
        self._session, self._host, self._now = session, host, now
        self._late: dict[str, list[dict[str, Any]]] = {}

    def of(self, watch: Watch) -> Iterator[Overdue]:
        """Yield the late ones that a watch is about: those it names, else those whose way leads over its roads."""
        if "movement" not in watch.row.checks:
            return
        key = watch.actor.user_id
        if key not in self._late:
            rows = list_movements(self._session, actor=watch.actor, now=self._now, since=self._now)
            self._late[key] = [row for row in rows if row["phase"] == "due"]
        yield from (_late(row) for row in self._late[key] if self._is_watched(watch, row))

    def _is_watched(self, watch: Watch, row: Mapping[str, Any]) -> bool:
        if watch.row.movements != "none" or watch.row.movement_ids:
            return is_watched(watch.row, watch.actor, row["id"], row["unit"])
        if watch.row.is_everywhere:
            return True
        network = self._host.network
        stretches = (s for way in row["ways"][:1] for s in stretches_here(self._host, way, row["planned_as"]))
        numbers = [number for s in stretches if (number := network.find_segment(str(s["id"]))) is not None]
        return watch.meets(np.array(numbers, np.int64), None)


def _late(row: Mapping[str, Any]) -> Overdue:
    has_left = row["actual_start"] is not None
    planned = parse_instant(row["planned_end"] if has_left else row["planned_start"])
    verb, said = ("arrive", "how it ended") if has_left else ("leave", "that it left")
    return Overdue(
        check="movement", about=f"movement {row['id']} {verb}", due_at=planned + GRACE_US,
        title=f"{row['code']} overdue: it has not {'arrived' if has_left else 'left'}",
        text=f"It was to {verb} {date_time_group(planned)}; nobody has said {said}.",
        target=("movement", row["id"]), access=access_of(row),
    )  # fmt: skip
