"""Serve a country of a million segments to look at: `python -m bench.serve_country FOLDER [--port 8000]`.

An empty folder is filled first (some minutes): the network of the bench (`FOM_BENCH_DATA`, built there when it is not),
five years of records on it (`make_history`), a mission that lives there now (`country_mission`), and the demo accounts.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from bench.country_mission import CountryMission
from bench.make_history import History, write_history
from bench.networks import FOLDER_VARIABLE, MAIN_SEGMENTS, built, country
from fom.cli.demo import describe_accounts, make_accounts
from fom.cli.serve import serve
from fom.config import Config
from fom.domain.access import OPERATOR
from fom.domain.facts_file import FactsFile
from fom.network.artefact import load_network
from fom.routing.router import Router
from fom.services.deployment import open_database
from fom.services.facts_exchange import load_history
from fom.services.kept_picture import FOLDER as KEPT
from fom.services.policies import activate_network
from fom.services.register_loading import load_registers

SEGMENTS_PER_FACT, SEGMENTS_PER_PASSAGE, YEARS = 50, 5, 5.0
MISSION = "Bench country"


def fill(config: Config, built_network: Path, *, now: int) -> dict[str, int]:
    """Fill an empty data folder with the country; return counts.

    Parameters
    ----------
    built_network
        Folder of a built network; the data folder links to its files.
    now
        Microseconds; the history ends here.
    """
    network = load_network(built_network)
    _link(built_network, config.networks / network.network_id)
    router = Router(network, built_network)
    mission = CountryMission.on(network, router, now=now)
    with tempfile.TemporaryDirectory() as scratch:
        n = network.n_segments
        history = History(network, n // SEGMENTS_PER_FACT, n // SEGMENTS_PER_PASSAGE, YEARS, 1, now)
        old = write_history(history, Path(scratch) / "history.json")
    facts = FactsFile((*old.records, *mission.records()))
    _write_context(config.data / "context", mission)
    _say("records and registers into the database")
    database = open_database(config)
    try:
        with database.writing() as session:
            activate_network(session, network.network_id, network.manifest, actor=OPERATOR, now=now)
            load_history(session, facts, actor=OPERATOR, now=now)
            load_registers(
                session, mission.registers(), network=network, router=router, actor=OPERATOR, now=now, progress=_say
            )
            make_accounts(session, now=now)
    finally:
        database.dispose()
    return {"segments": n, "records": len(facts.records), "towns": len(mission.towns), "routes": len(mission.routes)}


def _link(built_network: Path, here: Path) -> None:
    """Make a network's folder of links: what the service keeps beside the network is of one database only."""
    here.mkdir(parents=True)
    for part in built_network.resolve().iterdir():
        if part.name != KEPT:
            (here / part.name).symlink_to(part)


def _write_context(folder: Path, mission: CountryMission) -> None:
    folder.mkdir(exist_ok=True)
    for name, features in mission.context().items():
        document = {"type": "FeatureCollection", "features": features}
        (folder / f"{name}.geojson").write_text(json.dumps(document))


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def main() -> None:
    """Fill the folder when nothing is in it, then serve it until Ctrl-C."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--segments", type=int, default=MAIN_SEGMENTS)
    given = parser.parse_args()
    config = replace(Config(), data=given.folder, port=given.port, mission=MISSION)
    if not (given.folder / "fom.sqlite").exists():
        kept = Path(os.environ.get(FOLDER_VARIABLE) or given.folder / "built")
        place = country(kept, given.segments)
        built(place)
        _say(str(fill(config, place.network_folder, now=time.time_ns() // 1000)))
    print(describe_accounts())
    serve(config)


if __name__ == "__main__":
    main()
