"""Permanent ids of invented things: the same name under the same seed always gives the same UUID."""

from __future__ import annotations

import uuid

_ROOT = uuid.uuid5(uuid.NAMESPACE_URL, "urn:fom:demo-mission")


def make_id(seed: int, *names: object) -> str:
    """Return the UUID of a thing named by its kind and whatever tells it from its neighbours."""
    return str(uuid.uuid5(_ROOT, "/".join(map(str, (seed, *names)))))
