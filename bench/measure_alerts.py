"""What alerts cost on a country: `python -m bench.measure_alerts FOLDER [--segments 250000] [--subscriptions 200]`.

An empty folder is filled as `bench.serve_country` does. Then reports of devices beside key routes come one after
another; of each it is measured what its sender waits for, and what the keeper works out behind it: whom it concerns
among all subscriptions, and whom it proves wrong among those who follow their routes. Prints milliseconds.
"""

from __future__ import annotations

import argparse
import os
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bench.networks import FOLDER_VARIABLE, built, country
from bench.serve_country import MISSION, fill
from fom.config import Config
from fom.domain.access import Actor
from fom.domain.alerts import CHECKS
from fom.services.accounts import actor_of
from fom.services.alerts.keeper import AlertKeeper
from fom.services.alerts.settings import Outside
from fom.services.alerts.subscriptions import SubscriptionDraft, save_subscription
from fom.services.deployment import Database, open_database
from fom.services.drafts import parse_report
from fom.services.looking import list_my_routes
from fom.services.network_switch import NetworkSwitch
from fom.services.picture_host import PictureHost
from fom.services.reporting import log_report
from fom.services.shown import ShownLog
from fom.store.tables import Alert, KeyRoute, Role, User

SECOND_US, MINUTE_US = 1_000_000, 60_000_000
RADIUS_DEG = 0.25


class Clock:
    """A clock that goes on only when told."""

    def __init__(self, now: int) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


class Measured:
    """Milliseconds by name."""

    def __init__(self) -> None:
        self.ms: dict[str, list[float]] = defaultdict(list)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Time what is done inside."""
        begun = time.perf_counter()
        yield
        self.ms[name].append(1000 * (time.perf_counter() - begun))

    def show(self) -> None:
        """Print median, 95th percentile and most of each part."""
        for name, values in self.ms.items():
            low, high = np.percentile(values, [50, 95])
            print(f"{name:<58} p50 {low:9.1f}  p95 {high:9.1f}  most {max(values):9.1f} ms  ({len(values)})")


def make_people(session: Session, count: int, now: int) -> list[Actor]:
    """Return that many new duty officers; nobody signs in, so their passwords are none."""
    role = session.scalars(select(Role).where(Role.name == "duty_officer")).one()
    users = []
    for number in range(count):
        name = f"watch {number} {uuid.uuid4().hex[:6]}"
        users.append(
            User(
                id=str(uuid.uuid4()),
                email=f"{name.replace(' ', '.')}@bench.example",
                name=name,
                password_hash="none",
                active=True,
                unit_id=None,
                areas=[],
                clearance="confidential",
                version=1,
                created_at=now,
                roles=[role],
            )
        )
    session.add_all(users)
    session.flush()
    return [actor_of(user) for user in users]


def wishes(number: int, routes: list[str], place: tuple[float, float]) -> dict[str, Any]:
    """Return what the subscription of a number wants: in turn all routes, three of them, an area, what is overdue."""
    lon, lat = place
    ring = [[lon + RADIUS_DEG * x, lat + RADIUS_DEG * y] for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1))]
    some = tuple(routes[(number * 7 + k) % len(routes)] for k in range(3))
    wanted: tuple[dict[str, Any], ...] = (
        {"kinds": ("explosive", "physical")},
        {"routes": some, "moves": "route"},
        {"geometry": {"type": "Polygon", "coordinates": [ring]}, "kinds": ("explosive",)},
        {"routes": some, "checks": CHECKS, "moves": "none"},
    )
    return wanted[number % 4]


def subscribe(database: Database, host: PictureHost, people: list[Actor], routes: list[str], now: int) -> None:
    """Write a subscription for each person."""
    rng = np.random.default_rng(5)
    with database.writing() as session:
        for number, actor in enumerate(people):
            node = host.network.node_lonlat[rng.integers(len(host.network.node_lonlat))]
            draft = SubscriptionDraft(
                id=str(uuid.uuid4()),
                title=f"watch {number}",
                **wishes(number, routes, (float(node[0]), float(node[1]))),
            )
            save_subscription(session, host, Outside(), draft, actor=actor, now=now)


def report(host: PictureHost, number: int, now: int) -> dict[str, object]:
    """Return the body of a report of a device on some key route."""
    arcs = list(host.key_routes().values())[number % len(host.key_routes())]
    line = host.network.line(int(arcs[len(arcs) // 2]) >> 1)
    at = line.interpolate(0.5, normalized=True)
    record = {
        "type": "Feature", "geometry": {"type": "Point", "coordinates": [round(at.x, 6), round(at.y, 6)]},
        "properties": {"kind": "explosive", "hazard": "item", "class": "ied", "location": {"method": "gps"}},
    }  # fmt: skip
    return {"id": str(uuid.uuid4()), "form": "explosive", "words": f"seen {now}", "records": [record]}


def measure(config: Config, *, subscriptions: int, watchers: int, reports: int) -> None:
    """Measure reports without any subscription, then with all of them."""
    database = open_database(config)
    clock = Clock(time.time_ns() // 1000)
    hosts = NetworkSwitch(config, database, clock=clock)
    host: PictureHost = hosts.current
    with database.reading() as session:
        routes = list(session.scalars(select(KeyRoute.id).order_by(KeyRoute.id)))
    with database.writing() as session:
        people, watching = make_people(session, subscriptions, clock.now), make_people(session, watchers, clock.now)
        sender = make_people(session, 1, clock.now)[0]
    shown = ShownLog(database)
    keeper = AlertKeeper(config, database, lambda: host, shown, clock=clock)
    keeper.step()
    print(f"{host.network.n_segments:,} segments, {host.n_records:,} records, {len(routes)} key routes")
    for title, count in (("no subscription", 0), (f"{subscriptions} subscriptions, {watchers} on my routes", 1)):
        if count:
            subscribe(database, host, people, routes, clock.now)
            clock.now += MINUTE_US
        found = Measured()
        with found.part("subscriptions laid on the network (once)"):
            keeper.begin()
        with found.part("a round of overdue checks (every five minutes)"):
            clock.now += 6 * MINUTE_US
            keeper.find_overdue()
        for number in range(reports):
            for actor in watching if count else ():
                with found.part("my routes, for one who looks"), database.reading() as session:
                    list_my_routes(session, host, host.question(), actor=actor)
                shown.note(host, "routes", host.question(), actor=actor)
            shown.flush()
            clock.now += MINUTE_US
            body = parse_report(report(host, number, clock.now))
            with found.part("report: received, committed, in the picture"):
                with database.writing() as session:
                    log_report(session, body, actor=sender, now=clock.now)
                host.follow()
            with found.part("matched with subscriptions, alerts written"):
                keeper.match()
            clock.now += 10 * SECOND_US
            with found.part("whom it proves wrong, alerts written"):
                keeper.find_false_states()
        with database.reading() as session:
            told = session.scalar(select(func.count()).select_from(Alert))
        print(f"\n{title}, {reports} reports; {told} alerts in all")
        found.show()
    hosts.stop()
    database.dispose()


def main() -> None:
    """Fill the folder when nothing is in it, then measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    for name, value in (("segments", 250_000), ("subscriptions", 200), ("watchers", 50), ("reports", 20)):
        parser.add_argument(f"--{name}", type=int, default=value)
    given = parser.parse_args()
    config = replace(Config(), data=given.folder, mission=MISSION, secret_key="of the bench")
    if not (given.folder / "fom.sqlite").exists():
        place = country(Path(os.environ.get(FOLDER_VARIABLE) or given.folder / "built"), given.segments)
        built(place)
        fill(config, place.network_folder, now=time.time_ns() // 1000)
    measure(config, subscriptions=given.subscriptions, watchers=given.watchers, reports=given.reports)


if __name__ == "__main__":
    main()
