"""A private PostgreSQL with PostGIS that holds the country's roads, for the rows beside it."""

from __future__ import annotations

import os
from contextlib import ExitStack
from types import TracebackType

import numpy as np
import psycopg
import shapely

from fom.maps.mvt import BUFFER, EXTENT
from fom.maps.tiles import tile_source
from fom.network.network import Network
from tests.postgres import VARIABLE, find_server_programs, server

SETTINGS = ("work_mem = '256MB'", "maintenance_work_mem = '512MB'", "max_parallel_workers_per_gather = 2", "jit = off")


def plane_scale(network: Network) -> np.ndarray:
    """Return metres of a degree east and north at the middle of a network: the plane of the peers that need one."""
    middle = float(np.asarray(network.coords)[:, 1].mean())
    return np.array([111_320.0 * np.cos(np.radians(middle)), 110_574.0])


class Postgis:
    """A connection to a fresh server; gone at the end."""

    class Missing(Exception):
        """There is no PostgreSQL here; the text says so."""

    def __enter__(self) -> Postgis:
        self._stack = ExitStack()
        url = os.environ.get(VARIABLE)
        if not url:
            programs = find_server_programs()
            if programs is None:
                raise Postgis.Missing("PostgreSQL is not installed")
            url, _ = self._stack.enter_context(server(programs))
        self._connection = self._stack.enter_context(
            psycopg.connect(url.replace("postgresql+psycopg", "postgresql"), autocommit=True)
        )
        self._run("CREATE EXTENSION IF NOT EXISTS postgis")
        for setting in SETTINGS:
            self._run(f"SET {setting}")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    def _run(self, text: str) -> None:
        self._connection.execute(text)

    @property
    def version(self) -> str:
        """Return the versions of PostGIS and PostgreSQL."""
        row = self._connection.execute("SELECT postgis_lib_version(), current_setting('server_version')").fetchone()
        assert row is not None
        return f"{row[0]} (PostgreSQL {row[1].split()[0]})"

    def load_lines(self, network: Network) -> None:
        """Load the segments as `road`: metres in the plane of the other peers, and Web Mercator for tiles."""
        scale = plane_scale(network)
        coords = np.asarray(network.coords)
        owner = np.repeat(np.arange(network.n_segments), np.diff(np.asarray(network.coord_start)))
        lat = np.radians(coords[:, 1])
        mercator = np.column_stack([np.radians(coords[:, 0]), np.arcsinh(np.tan(lat))]) * 6_378_137.0
        flat = shapely.to_wkb(shapely.linestrings(coords * scale, indices=owner), hex=True)
        web = shapely.to_wkb(
            shapely.set_srid(shapely.linestrings(mercator, indices=owner), 3857), hex=True, include_srid=True
        )
        self._run("DROP TABLE IF EXISTS road")
        shapes = "flat geometry(LineString), web geometry(LineString, 3857)"
        self._run(f"CREATE TABLE road (id int, name text, ref text, h int, {shapes})")
        names, refs = np.asarray(network.name), np.asarray(network.ref)
        rank = tile_source(network).rank
        columns = zip(names.tolist(), refs.tolist(), rank.tolist(), flat.tolist(), web.tolist(), strict=True)
        with self._connection.cursor().copy("COPY road FROM STDIN") as copy:
            for number, (name, ref, h, line, line_web) in enumerate(columns):
                copy.write_row((number, network.word(name), network.word(ref), h, line, line_web))
        self._run("CREATE INDEX ON road USING gist (flat)")
        self._run("CREATE INDEX ON road USING gist (web)")
        self._run("VACUUM ANALYZE road")

    def load_points(self, places: np.ndarray, reach: np.ndarray) -> None:
        """Load facts (k, 2), metres in the plane of the roads, as `fact`, each with its reach in metres."""
        self._run("DROP TABLE IF EXISTS fact")
        self._run("CREATE TABLE fact (place geometry(Point), reach float8)")
        points = shapely.to_wkb(shapely.points(places), hex=True)
        with self._connection.cursor().copy("COPY fact FROM STDIN") as copy:
            for place, metres in zip(points.tolist(), reach.tolist(), strict=True):
                copy.write_row((place, metres))
        self._run("VACUUM ANALYZE fact")

    def count_pairs(self) -> int:
        """Return how many pairs of fact and road lie within the fact's reach."""
        text = "SELECT count(*) FROM fact JOIN road ON ST_DWithin(road.flat, fact.place, fact.reach)"
        row = self._connection.execute(text).fetchone()
        assert row is not None
        return int(row[0])

    def tile(self, z: int, x: int, y: int, first_zoom: list[int]) -> bytes:
        """Return the tile with the features and properties of ours, as ST_AsMVT makes it."""
        names = ", name AS n, ref AS r" if z >= 10 else ""
        shown = [rank for rank, zoom in enumerate(first_zoom) if zoom <= z]
        text = f"""
            SELECT ST_AsMVT(t, 'segments', {EXTENT}, 'g', 'id') FROM (
              SELECT id, h{names}, ST_AsMVTGeom(web, ST_TileEnvelope(%s, %s, %s), {EXTENT}, {BUFFER}, true) AS g
              FROM road
              WHERE web && ST_TileEnvelope(%s, %s, %s, margin => {BUFFER}.0 / {EXTENT}) AND h = ANY(%s)
            ) t WHERE g IS NOT NULL"""
        row = self._connection.execute(text, (z, x, y, z, x, y, shown)).fetchone()
        return bytes(row[0])
