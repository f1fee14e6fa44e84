"""The small area of `ground` on a shelf, and a new version of its map: a road cut in two, a bridge and a road gone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fom.network.artefact import content_hash, load_network, save_network
from fom.network.drawn import load_network_file
from fom.network.network import Network
from fom.network.succession import save_follower, succeed
from fom.services.network_switch import NetworkSwitch
from fom.services.policies import activate_network
from fom.store.database import Database
from tests.services.ground import Clock, make_network, settle
from tests.services.people import ADMIN, T0

HOUR = 3_600_000_000


@dataclass(frozen=True)
class Settings:
    """What the hosts need of the settings."""

    data: Path
    secret_key: str = "of this test"
    sqlalchemy_url: str = ""

    @property
    def networks(self) -> Path:
        """Return the shelf."""
        return self.data / "networks"


def shelve(network: Network, shelf: Path, name: str) -> Network:
    """Write a network to the shelf under a name."""
    digest = content_hash(network)
    manifest = {"name": name, "content_hash": digest, "counts": {"segments": network.n_segments}}
    whole = replace(network, network_id=f"{name}-{digest[:8]}", manifest=manifest)
    return load_network(save_network(whole, shelf / whole.network_id))


def new_map() -> Network:
    """Return the new version: west is two roads, middle has lost its bridge, apart is gone, bypass is new."""
    roads: dict[str, tuple[float, float, dict[str, Any]]] = {
        "n1": (30.00, 30.004, {}), "n2": (30.004, 30.01, {}), "n3": (30.01, 30.02, {}), "n4": (30.02, 30.03, {}),
        "n5": (30.05, 30.06, {}),
    }  # fmt: skip
    features = [
        {
            "type": "Feature", "geometry": {"type": "LineString", "coordinates": [[a, 5.0], [b, 5.0]]},
            "properties": {"segment_id": name, "highway": "primary", "road_type": "X", **more},
        }
        for name, (a, b, more) in roads.items()
    ]  # fmt: skip
    return load_network_file({"type": "FeatureCollection", "features": features})


def follower_of(base: Network, shelf: Path, new: Network | None = None, name: str = "after") -> Network:
    """Write the new version of the map as the follower of `base`."""
    found = succeed(base, new_map() if new is None else new)
    about = {"name": name, "counts": {"segments": found.network.n_segments}}
    return save_follower(found, lambda i: shelf / i, about, base_folder=shelf / base.network_id)


@dataclass
class Reimport:
    """A database on the old map, the new one on the shelf, and the hosts of one process."""

    database: Database
    settings: Settings
    base: Network
    after: Network
    clock: Clock
    hosts: NetworkSwitch

    def process(self) -> NetworkSwitch:
        """Return the hosts of another process."""
        return NetworkSwitch(self.settings, self.database, clock=self.clock)


def make_reimport(database: Database, folder: Path, new: Network | None = None) -> Reimport:
    """Return the settled area in use, with its follower on the shelf."""
    settings = Settings(folder)
    base = shelve(make_network(), settings.networks, "before")
    after = follower_of(base, settings.networks, new)
    with database.writing() as session:
        activate_network(session, base.network_id, base.manifest, actor=ADMIN, now=T0 - 48 * HOUR)
    settle(database)
    clock = Clock()
    return Reimport(database, settings, base, after, clock, NetworkSwitch(settings, database, clock=clock))
