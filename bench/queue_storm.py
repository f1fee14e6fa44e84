"""The desk's queue when much waits: `python -m bench.queue_storm DATA [--one-road]`, on a copy of a demo's folder.

Sends `--reports` (270) at places drawn from a seed, or all beside one segment, then prints the processor seconds of the
first queue of a process, of another officer's, and of the same again.
"""

from __future__ import annotations

import argparse
import random
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from fom.config import Config
from fom.domain.access import Actor
from fom.network.network import Network
from fom.services.accounts import find_actor_by_email
from fom.services.deployment import open_database
from fom.services.drafts import parse_report
from fom.services.network_switch import NetworkSwitch
from fom.services.queue import list_queue
from fom.services.reporting import log_report
from fom.web.edge import now_us

SEED, ORIGINS = 4, 40


def reports(network: Network, count: int, *, is_one_road: bool) -> list[dict[str, Any]]:
    """Return bodies of reports: two of three an item beside a road, the third a robbery."""
    rng = random.Random(SEED)
    bodies = []
    for number in range(count):
        drawn = rng.randrange(network.n_segments)
        lon, lat = network.line(network.n_segments // 2 if is_one_road else drawn).coords[0]
        is_item = number % 3 > 0
        said = {"kind": "explosive", "hazard": "item", "class": "ied"} if is_item else {}
        said = said or {"kind": "incident", "type": "armed_robbery"}
        properties = {**said, "location": {"method": "gps"}, "origin": f"origin {number % ORIGINS}"}
        record = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [lon, lat]}, "properties": properties}
        form = "explosive" if is_item else "incident"
        bodies.append({"id": str(uuid.uuid4()), "form": form, "words": "of a storm", "records": [record]})
    return bodies


def measured(what: str, act: Callable[[], Any]) -> Any:
    """Do something and print the processor seconds that it took."""
    began = time.process_time()
    result = act()
    print(f"{what}: {time.process_time() - began:.2f} s of processor")
    return result


def person(session: Any, email: str) -> Actor:
    """Return a demo account."""
    actor = find_actor_by_email(session, email)
    if actor is None:
        raise SystemExit(f"no account {email}: the folder is no demo")
    return actor


def main() -> None:
    """Fill the queue and look at it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--reports", type=int, default=270)
    parser.add_argument("--one-road", action="store_true")
    given = parser.parse_args()
    config = replace(Config(), data=given.data)
    database = open_database(config)
    host = NetworkSwitch(config, database, clock=now_us).current
    with database.writing() as session:
        patrol = person(session, "patrol@demo.example")
        for body in reports(host.network, given.reports, is_one_road=given.one_road):
            log_report(session, parse_report(body), actor=patrol, now=now_us())
    host.follow()
    host.states("P3", "mission_military")
    with database.reading() as session:
        duty, chief = person(session, "duty@demo.example"), person(session, "chief@demo.example")
        queue = measured("first queue", lambda: list_queue(session, host, actor=duty, now=host.now()))
        measured("another officer", lambda: list_queue(session, host, actor=chief, now=host.now()))
        measured("the same again", lambda: list_queue(session, host, actor=duty, now=host.now()))
    print(f"{len(queue.lines)} lines, {queue.left_out} left out")
    database.dispose()


if __name__ == "__main__":
    main()
