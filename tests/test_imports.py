"""Imports point one way (docs/architecture.md, "Rooms"). Change this table only together with a decision record."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

MAY_IMPORT = {
    "errors": set(),
    "config": set(),
    "domain": {"errors"},
    "network": {"errors", "domain"},
    "routing": {"errors", "domain", "network"},
    "picture": {"errors", "domain", "network"},
    "maps": {"errors", "domain", "network"},
    "exchange": {"errors", "domain"},
    "store": {"errors", "domain"},
    "services": {"errors", "domain", "network", "routing", "picture", "maps", "exchange", "store"},
    "web": {"errors", "config", "domain", "services", "maps", "exchange"},
    "cli": {"errors", "config", "domain", "network", "services", "maps", "exchange", "web"},
}
"""Room -> rooms it may import. A room may always import itself."""

OUTSIDE = {
    "domain": {"numpy", "shapely", "pyproj", "mgrs"},
    "routing": {"numpy", "numba", "routingkit_cch", "shapely", "pyproj", "scipy"},
    "picture": {"numpy", "shapely", "pyproj", "numba"},
}
"""Room -> the only packages from outside the standard library that it may touch."""

FORBIDDEN_OUTSIDE = {
    "network": {"flask", "sqlalchemy"},
    "maps": {"flask", "sqlalchemy"},
    "exchange": {"flask", "sqlalchemy"},
    "store": {"flask", "geopandas", "osmnx", "folium"},
    "services": {"flask"},
    "web": {"shapely", "numpy", "geopandas", "osmnx"},
}


def modules() -> list[Path]:
    return sorted((ROOT / "fom").rglob("*.py"))


def room_of(path: Path) -> str:
    parts = path.relative_to(ROOT / "fom").with_suffix("").parts
    return parts[0]


def imported_names(source: str, package: tuple[str, ...]) -> set[str]:
    """Return dotted names of everything a module of `package` imports, relative ones resolved."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            stem = ".".join((*base, *([node.module] if node.module else [])))
            names.update(f"{stem}.{alias.name}" for alias in node.names)
    return names


def names_in(path: Path) -> set[str]:
    return imported_names(path.read_text(), ("fom", *path.relative_to(ROOT / "fom").parts)[:-1])


def rooms_imported(path: Path) -> set[str]:
    return {name.split(".")[1] for name in names_in(path) if name.startswith("fom.")}


def packages_imported(path: Path) -> set[str]:
    tops = {name.split(".")[0] for name in names_in(path)}
    return tops - set(sys.stdlib_module_names) - {"fom", "__future__", "geodata"}


def test_every_room_has_a_rule():
    assert {room_of(p) for p in modules()} - {"__init__", "__main__"} <= set(MAY_IMPORT)


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_one_way(path: Path):
    room = room_of(path)
    if room in ("__init__", "__main__"):
        return
    rooms = rooms_imported(path) - {"__version__"}
    assert rooms <= MAY_IMPORT[room] | {room}
    if room in OUTSIDE:
        assert packages_imported(path) <= OUTSIDE[room]
    assert not packages_imported(path) & FORBIDDEN_OUTSIDE.get(room, set())


APART = ("read_gpx", "read_line_positions", "read_photo", "read_csv", "read_xlsx", "read_geojson")
"""Readers of files that strangers send: handed to `read_apart`, never called by the server (docs/architecture.md)."""


def called_names(source: str) -> set[str]:
    calls = [node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return {f.id if isinstance(f, ast.Name) else f.attr for f in calls if isinstance(f, ast.Name | ast.Attribute)}


@pytest.mark.parametrize("path", [p for p in modules() if room_of(p) in ("services", "web")], ids=lambda p: p.stem)
def test_no_file_of_a_stranger_is_read_in_the_server(path: Path):
    assert not called_names(path.read_text()) & set(APART)


def test_an_arrow_turned_round_is_seen():
    source = "from fom.services import reports\nfrom ..web import app\nimport flask\n"
    names = imported_names(source, package=("fom", "domain"))
    rooms = {name.split(".")[1] for name in names if name.startswith("fom.")}
    assert rooms - MAY_IMPORT["domain"] == {"services", "web"}
    assert "flask" in names
