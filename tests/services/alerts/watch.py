"""A watch on the small area of `ground`: people with accounts, a key route over three roads, a keeper at hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select

from fom.config import Config
from fom.domain.access import Actor
from fom.services.accounts import actor_of
from fom.services.alerts.keeper import AlertKeeper
from fom.services.alerts.subscriptions import SubscriptionDraft, save_subscription
from fom.services.picture_host import PictureHost
from fom.services.registers import save_register
from fom.services.reporting import log_report
from fom.services.shown import ShownLog
from fom.store.database import Database
from fom.store.tables import Alert, Delivery, Role, Unit, User
from tests.services.ground import Clock, make_host, settle
from tests.services.people import AMINA, DAY, PATROL, T0, draft, new_id

ROUTE_ID = "5f6fdc4e-0000-4000-8000-00000000000a"


def account(
    database: Database, name: str, role: str, *, clearance: str = "confidential", unit: str | None = None
) -> Actor:
    """Return the actor of a new account, without the slow hash of a password."""
    with database.writing() as session:
        if unit is not None and session.get(Unit, unit) is None:
            session.add(Unit(id=unit, name=unit))
            session.flush()
        row = session.scalar(select(Role).where(Role.name == role)) or Role(name=role)
        user = User(
            id=new_id(), email=f"{name}@mission.example", name=name, password_hash="none", active=True, unit_id=unit,
            areas=[], clearance=clearance, version=1, created_at=T0 - DAY, roles=[row],
        )  # fmt: skip
        session.add(user)
        session.flush()
        return actor_of(user)


@dataclass
class Watchroom:
    """What the tests of alerts talk to."""

    database: Database
    clock: Clock
    host: PictureHost
    keeper: AlertKeeper
    shown: ShownLog
    settings: Config
    people: dict[str, Actor] = field(default_factory=dict)

    def subscribe(self, who: Actor, **rest: Any) -> str:
        """Return the id of a new subscription, by default to every stretch of every key route that gets worse."""
        wanted = SubscriptionDraft(**{"id": new_id(), "title": "my watch", **rest})
        with self.database.writing() as session:
            save_subscription(session, self.host, self.keeper.outside, wanted, actor=who, now=self.clock.now)
        return wanted.id

    def report(self, *records: dict[str, Any], after_s: int = 60, actor: Actor = PATROL, **rest: Any) -> list[str]:
        """Log a report some time later and return the ids of its records."""
        self.clock.now += after_s * 1_000_000
        with self.database.writing() as session:
            logged = log_report(session, draft(*records, **rest), actor=actor, now=self.clock.now)
        return list(logged.record_ids)

    def settled(self) -> None:
        """Let some time go by and let the keeper do its work."""
        self.host.follow()
        self.clock.now += 10_000_000
        self.host.tick()
        self.keeper.step()

    def alerts(self, who: Actor | None = None, kind: str | None = None) -> list[Alert]:
        query = select(Alert).order_by(Alert.at, Alert.id)
        if who is not None:
            query = query.where(Alert.user_id == who.user_id)
        if kind is not None:
            query = query.where(Alert.kind == kind)
        with self.database.reading() as session:
            return list(session.scalars(query))

    def deliveries(self, channel: str) -> list[Delivery]:
        with self.database.reading() as session:
            return list(
                session.scalars(select(Delivery).where(Delivery.channel == channel).order_by(Delivery.alert_id))
            )

    def another(self) -> Watchroom:
        """Return another process on the same database: it knows nothing but what is written."""
        host = make_host(self.database, self.clock)
        return begin(self.database, self.clock, host, self.settings)


def begin(database: Database, clock: Clock, host: PictureHost, settings: Config) -> Watchroom:
    shown = ShownLog(database)
    keeper = AlertKeeper(settings, database, lambda: host, shown, clock=clock)
    return Watchroom(database, clock, host, keeper, shown, settings)


def open_watchroom(database: Database, folder: Path, **settings: Any) -> Watchroom:
    """Return a watch on the settled area with the key route west, middle, east; it begins with nothing waiting."""
    settle(database)
    stretches = [{"id": name, "direction": "forward"} for name in ("west", "middle", "east")]
    values = {
        "id": ROUTE_ID,
        "code": "MSR HERON",
        "name": "West to East",
        "owner": "sector east",
        "segments": stretches,
    }
    with database.writing() as session:
        save_register(session, "key_route", values, version=None, actor=AMINA, now=T0 - DAY // 2)
    clock = Clock()
    room = begin(database, clock, make_host(database, clock), Config(data=folder, secret_key="of the test", **settings))
    room.settled()
    return room
