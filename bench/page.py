"""docs/performance.md: the command, the machine, what is missed or lost in words, then the tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bench.machine import describe
from bench.table import REPEATS, Row, markdown

PAGE = Path(__file__).resolve().parent.parent / "docs" / "performance.md"
OWN = ("numpy", "numba", "shapely", "scipy", "networkx", "osmnx", "igraph", "geopandas")


def write(rows: Sequence[Row], *, peers: Mapping[str, str], minutes: float) -> str:
    """Write the page and return its text."""
    text = "\n".join([*_head(minutes), *_versions(peers), *_plain_words(rows), *_reading(), markdown(rows)])
    PAGE.write_text(text)
    return text


def _head(minutes: float) -> list[str]:
    return [
        "# Performance",
        "",
        f"Measured {datetime.now(UTC):%Y-%m-%d} by `make bench` (one run, {minutes:.0f} minutes) on {describe()}.",
        "Ratios count, not milliseconds: both sides ran on this machine in this run, one process after another.",
        "",
    ]


def _versions(peers: Mapping[str, str]) -> list[str]:
    found = dict(peers)
    for name in OWN:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return ["Versions: " + ", ".join(f"{name} {found[name]}" for name in sorted(found)) + ".", ""]


def _plain_words(rows: Sequence[Row]) -> list[str]:
    """Return what is missed, lost or not measured, one sentence each, before any table."""
    lost = [f"* {_where(row)}**{row.what}**: {'; '.join(row.misses)}." for row in rows if row.misses]
    missing = [f"* {_where(row)}**{row.what}**, {row.peer}: {row.note}." for row in rows if row.peer and not row.theirs]
    kept = sum(row.goal is not None and not row.missed_goals for row in rows)
    out = ["## Where we miss a bound or lose", ""]
    out += lost or ["Nowhere in this run."]
    out += ["", f"{kept} rows with a bound of the design meet it."]
    if missing:
        out += ["", "Not measured in this run:", "", *missing]
    return [*out, ""]


def _where(row: Row) -> str:
    return "" if "sparse" not in row.group else "sparse country, "


def _reading() -> list[str]:
    return [
        "## How to read the tables",
        "",
        f"A time is the median of {REPEATS} repetitions, with the least and the largest of them in brackets.",
        "A repetition is the median over its items (100 pairs of places for ours, Valhalla and OSRM, fewer for slow",
        "libraries), p95 the median of the repetitions' 95th percentiles. Builds are done once. A ratio above 1: the",
        "peer takes longer; below 1: it is faster.",
        "",
        "Every answer is checked before it is timed: our distances against plain Dijkstra, the libraries' against",
        "ours, pairs and tile features against PostGIS, routes against the closed areas, states kept live against a",
        "full assessment, weights after closures are lifted against those before. Ours snaps positions, obeys turns",
        "and returns the line. Valhalla and OSRM have their own speeds and turn costs, so their routes may differ;",
        "Valhalla's limits on polygons are raised. OSRM's files of closed roads are written beforehand and its data",
        "restored between closures; neither is timed.",
        "",
        "![Time of each kind of work over the number of segments, both axes logarithmic](pictures/growth.svg)",
        "",
    ]
