"""Build, download, list, activate and compare road networks.

A network goes to the data folder under its id, or to the folder that --out names.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import click
import numpy as np
from tqdm import tqdm

from fom.cli.user import now_us
from fom.config import config_from_env
from fom.domain.access import OPERATOR
from fom.errors import Conflict
from fom.network import build
from fom.network.artefact import MANIFEST, load_network, read_manifest, save_network
from fom.network.compare import Comparison, compare, path_graph
from fom.network.network import Network
from fom.network.progress import Progress
from fom.network.shelf import find_artefact, find_folder, list_networks, open_network
from fom.network.succession import report_lines, retired_ids, save_follower, succeed
from fom.services.activating import bring_first_into_use, bring_into_use
from fom.services.deployment import Database, open_database
from fom.services.network_switch import NetworkSwitch
from fom.services.planning import prepare_routing
from fom.services.policies import active_network


@click.group()
def command() -> None:
    """Build, download, list, activate and compare road networks."""


def _data_option(function: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--data", type=click.Path(path_type=Path, file_okay=False), help="Data folder (default: FOM_DATA or ./data)."
    )(function)


def _build_options(function: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        _data_option,
        click.option("--out", type=click.Path(path_type=Path), help="Folder to write (default: in the data folder)."),
        click.option("--name", help="Short name (default: from the file's name or the place)."),
        click.option(
            "--max-length-m",
            type=float,
            default=build.DEFAULT_MAX_LENGTH_M,
            show_default=True,
            help="Longest segment, in metres.",
        ),
    ):
        function = option(function)
    return function


@command.command("build")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--base", help="Network (name, id or folder) that this one follows: ids are kept by shape.")
@_build_options
def build_command(
    file: Path, base: str | None, out: Path | None, name: str | None, max_length_m: float, data: Path | None
) -> None:
    """Build the network of FILE: OSM data, a line layer with road classes, or a hand-drawn network."""
    begun = time.perf_counter()
    with _progress("ways read") as progress:
        network = build.compile_network(file, max_length_m=max_length_m, name=name, progress=progress)
    if base is not None:
        network = _follow(network, base, out, data)
    _save(network, out or _shelf(data) / network.network_id, begun)


@command.command()
@click.argument("name")
@click.option("--base", required=True, help="Network (name, id or folder) that NAME follows.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write (default: in the data folder).")
@_data_option
def match(name: str, base: str, out: Path | None, data: Path | None) -> None:
    """Make of the built network NAME one that follows another: ids are kept by shape, what is lost is told."""
    begun = time.perf_counter()
    network = _follow(open_network(_shelf(data), name), base, out, data)
    _save(network, out or _shelf(data) / network.network_id, begun)


def _follow(network: Network, base: str, out: Path | None, data: Path | None) -> Network:
    """Write the network as the follower of another and return it."""
    shelf = _shelf(data)
    old, folder = open_network(shelf, base), find_artefact(shelf, base)
    retired = retired_ids(folder, {**old.manifest, "network_id": old.network_id})
    with _progress("segments matched") as progress:
        succession = succeed(old, network, retired=retired, progress=progress)
    saved = save_follower(
        succession, lambda network_id: out or shelf / network_id, network.manifest, base_folder=folder
    )
    click.echo(f"follows {succession.old.network_id}:")
    for line in report_lines(succession.report):
        click.echo(f"  {line}")
    return saved


@command.command()
@click.argument("area")
@_build_options
@click.option("--overpass-url", help="Address of another Overpass service, up to and without /interpreter.")
def download(
    area: str, out: Path | None, name: str | None, max_length_m: float, data: Path | None, overpass_url: str | None
) -> None:
    """Fetch the roads of AREA, a place name or west,south,east,north, and build their network."""
    from fom.network.download import download_roads

    begun = time.perf_counter()
    raw = download_roads(area, overpass_url=overpass_url)
    raw.source["area"] = area
    network = build.compile_roads(raw, name=name or build.default_name(area), max_length_m=max_length_m)
    _save(network, out or _shelf(data) / network.network_id, begun)


@command.command("list")
@_data_option
def list_command(data: Path | None) -> None:
    """List the networks of the data folder; the one in use has a star."""
    shelf, active = _shelf(data), _active(data)
    networks = list_networks(shelf)
    if not networks:
        click.echo(f"no network in {shelf}")
    for network in networks:
        star = "*" if network.network_id == active else " "
        if network.problem:
            click.echo(f"{star} {network.folder.name}  unusable: {network.problem}")
            continue
        counts = network.manifest.get("counts", {})
        built = network.manifest.get("built_at", "")
        click.echo(f"{star} {network.network_id}  {counts.get('segments')} segments  {counts.get('km')} km  {built}")


@command.command()
@click.argument("name")
@_data_option
def activate(name: str, data: Path | None) -> None:
    """Make the network NAME (or its id) of the data folder the one in use; what its review leaves open stops it."""
    shelf = _shelf(data)
    network = load_network(find_folder(shelf, name))
    with _database(data) as database:
        with database.writing() as session:
            is_done = bring_first_into_use(session, network.network_id, network.manifest, actor=OPERATOR, now=now_us())
        if not is_done:
            _activate_reviewed(database, shelf, network.network_id, data)
    click.echo(f"in use: {network.network_id}; running servers follow it")


def _activate_reviewed(database: Database, shelf: Path, network_id: str, data: Path | None) -> None:
    """Activate a network that records are bound to the one before; exit 1 with what is open in its review."""
    config = config_from_env()
    hosts = NetworkSwitch(replace(config, data=data) if data else config, database, clock=now_us)
    hosts.prepare(network_id)
    try:
        with database.writing() as session:
            bring_into_use(session, hosts, shelf, network_id, actor=OPERATOR, now=now_us())
    except Conflict as refused:
        click.echo(f"not activated: {refused}; see /networks/{network_id}", err=True)
        unresolved = cast("Sequence[Mapping[str, str]]", refused.details.get("unresolved", ()))
        for item in unresolved[:20]:
            click.echo(f"  {item['kind']} {item['subject']}", err=True)
        sys.exit(1)


@command.command("compare")
@click.argument("one")
@click.argument("two")
@click.option(
    "--pairs", type=click.IntRange(1, 10_000), default=200, show_default=True, help="Shortest paths to sample."
)
@click.option("--seed", type=int, default=0, show_default=True)
@_data_option
def compare_command(one: str, two: str, pairs: int, seed: int, data: Path | None) -> None:
    """Compare two networks: names, ids, folders or hand-drawn files."""
    shelf = _shelf(data)
    graphs = [path_graph(open_network(shelf, named)) for named in (one, two)]
    for line in comparison_lines(compare(*graphs, pairs=pairs, seed=seed)):
        click.echo(line)


def comparison_lines(comparison: Comparison) -> Iterator[str]:
    """Yield the comparison as lines for people."""
    yield f"segments         {comparison.segments[0]:>12} {comparison.segments[1]:>12}"
    yield f"links            {comparison.links[0]:>12} {comparison.links[1]:>12}"
    yield f"kilometres       {comparison.total_m[0] / 1000:>12.3f} {comparison.total_m[1] / 1000:>12.3f}"
    yield f"common nodes     {comparison.common_nodes:>12}"
    share = comparison.differences
    if not len(share):
        yield "no node at the same place in both: no path compared"
        return
    both = np.isfinite(comparison.lengths_m).all(axis=1)
    yield f"sampled paths    {comparison.pairs:>12}, with a path in both {int(both.sum())}"
    yield f"equal to 0.1 %   {int((share <= 0.001).sum()):>12}"
    yield f"path in one only {int(np.isinf(share).sum()):>12}"
    if both.any():
        yield f"largest          {100 * float(share[both].max()):>11.3f} %"


def _shelf(data: Path | None) -> Path:
    return data / "networks" if data else config_from_env().networks


@contextmanager
def _database(data: Path | None) -> Iterator[Database]:
    config = config_from_env()
    database = open_database(replace(config, data=data) if data else config)
    try:
        yield database
    finally:
        database.dispose()


def _active(data: Path | None) -> str | None:
    with _database(data) as database, database.reading() as session:
        return active_network(session)


def build_with_progress(file: Path, shelf: Path) -> Network:
    """Build a map file into the networks folder, with a progress bar and the counts of what came of it."""
    begun = time.perf_counter()
    with _progress("ways read") as progress:
        network = build.compile_network(file, progress=progress)
    return _save(network, shelf / network.network_id, begun)


@contextmanager
def _progress(unit: str) -> Iterator[Progress]:
    """Give a function that moves a progress bar; there is no bar when the output is no terminal."""
    with tqdm(unit=f" {unit}", disable=not sys.stderr.isatty(), leave=False) as bar:

        def advance(units: int) -> None:
            bar.update(units)

        yield advance


def _save(network: Network, out: Path, begun: float) -> Network:
    """Write the network unless its folder holds it already, tell what it is, and prepare routing on it."""
    is_there = (out / MANIFEST).is_file() and read_manifest(out)["network_id"] == network.network_id
    folder = out if is_there else save_network(network, out)
    saved = load_network(folder)
    counts = network.manifest["counts"]
    seconds = time.perf_counter() - begun
    click.echo(f"{network.network_id}: {counts['segments']} segments, {counts['km']} km in {seconds:.1f} s -> {folder}")
    click.echo(
        "  "
        + ", ".join(
            f"{n} {word.replace('_', ' ')}" for word, n in counts.items() if n and word not in ("segments", "km")
        )
    )
    for title in ("dropped", "noted"):
        for reason, n in network.manifest[title].items():
            click.echo(f"  {title}: {n} × {reason}")
    begun = time.perf_counter()
    prepare_routing(folder)
    click.echo(f"  routing prepared in {time.perf_counter() - begun:.1f} s")
    return saved
