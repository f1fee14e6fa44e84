"""Vector tiles of the network over HTTP: immutable per network version, so that browsers keep them for ever."""

from __future__ import annotations

import gzip
from collections import OrderedDict
from threading import Lock
from typing import Any

from flask import Blueprint, Flask, Response, current_app, request

from fom.maps.tiles import network_tile
from fom.web.access import allows
from fom.web.edge import edge

KEPT_TILES = 512
"""Encoded tiles that a process keeps, most recently used last."""

blueprint = Blueprint("tiles", __name__)


class TileCache:
    """The gzipped bytes of the tiles asked for last."""

    def __init__(self) -> None:
        self._tiles: OrderedDict[tuple[str, int, int, int], bytes] = OrderedDict()
        self._lock = Lock()

    def get(self, network: Any, z: int, x: int, y: int) -> bytes:
        """Return a tile, made on first use."""
        key = (network.network_id, z, x, y)
        with self._lock:
            if key in self._tiles:
                self._tiles.move_to_end(key)
                return self._tiles[key]
        tile = gzip.compress(network_tile(network, z, x, y), compresslevel=5, mtime=0)
        with self._lock:
            self._tiles[key] = tile
            while len(self._tiles) > KEPT_TILES:
                self._tiles.popitem(last=False)
        return tile


@blueprint.get("/tiles/<network_id>/<int:z>/<int:x>/<int:y>.mvt")
@allows("read_picture")
def tile(network_id: str, z: int, x: int, y: int) -> Response:
    """Return one tile of a network: a map may still show the one before, or a review the one to come."""
    network = edge().hosts.drawn(network_id)
    cache: TileCache = current_app.extensions["fom.tiles"]
    body = cache.get(network, z, x, y)
    answer = Response(body, mimetype="application/vnd.mapbox-vector-tile")
    if request.accept_encodings.quality("gzip"):
        answer.headers["Content-Encoding"] = "gzip"
    else:
        answer.set_data(gzip.decompress(body))
    answer.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    answer.headers["Vary"] = "Accept-Encoding"
    return answer


def register(app: Flask) -> None:
    """Attach the address and its cache."""
    app.extensions["fom.tiles"] = TileCache()
    app.register_blueprint(blueprint)
