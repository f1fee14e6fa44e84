"""The quiet base layers of the mission area: administrative units, water and the like, from the data folder."""

from __future__ import annotations

from typing import Any

import orjson

from fom.web.edge import edge


def context_features() -> list[dict[str, Any]]:
    """Return the background features in the data folder's `context`, none where there is no such folder."""
    files = sorted((edge().config.data / "context").glob("*.geojson"))
    return [feature for file in files for feature in orjson.loads(file.read_bytes())["features"]]
