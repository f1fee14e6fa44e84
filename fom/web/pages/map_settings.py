"""What a page with a map tells its script: the network in use, its bounds and the style."""

from __future__ import annotations

from typing import Any

from fom.maps.style import map_style_values
from fom.maps.tiles import MAX_ZOOM, MIN_ZOOM, network_bounds, network_credit
from fom.web.edge import edge


def map_settings() -> dict[str, Any]:
    """Return the settings that `static/js/map/canvas.js` reads."""
    network = edge().host.network
    return {
        "network": network.network_id,
        "segments": network.n_segments,
        "bounds": network_bounds(network),
        "credit": network_credit(network),
        "zooms": [MIN_ZOOM, MAX_ZOOM],
        "style": map_style_values(),
    }
