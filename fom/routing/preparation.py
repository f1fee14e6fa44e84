"""The hierarchy of a network, made once: the order from RoutingKit's nested dissection, the arrays kept on disk.

Making the order takes seconds to a minute; everything that follows from it takes about a second. A folder that is given
keeps both, memory-mapped and shared by all processes that serve the network.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import shutil
import time
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fom.network.network import Network
from fom.routing.graph import RouterGraph
from fom.routing.hierarchy import Hierarchy, build_hierarchy

log = logging.getLogger(__name__)

FORMAT = "fom-routing/1"
FOLDER = "routing"
ABANDONED_S = 3600.0
"""A scratch folder this old belongs to nobody any more."""


def prepare_hierarchy(network: Network, graph: RouterGraph, folder: Path | None) -> Hierarchy | None:
    """Return the hierarchy of a graph, from `folder` if it holds this one, else made and kept there.

    None where the package that makes the order cannot be loaded. A folder that cannot be written is no reason to fail.
    """
    key = _key(graph)
    if folder is not None and (kept := _load(folder / FOLDER, key)) is not None:
        return kept
    order = make_order(network, graph)
    if order is None:
        return None
    hierarchy = build_hierarchy(graph, order)
    if folder is not None:
        try:
            _keep(hierarchy, folder, key)
        except OSError as error:
            log.warning("the routing hierarchy could not be kept: %s", error)
    return hierarchy


def make_order(network: Network, graph: RouterGraph) -> NDArray[np.int32] | None:
    """Return the router nodes from first to last contracted, None without RoutingKit."""
    try:
        from routingkit_cch import compute_order_inertial
    except ImportError as error:
        log.warning("routing without a hierarchy, some ten times slower: %s", error)
        return None
    places = np.asarray(network.node_lonlat)[graph.node_of].astype(np.float32)
    order = compute_order_inertial(
        graph.n_nodes,
        graph.tail.tolist(),
        graph.head.tolist(),
        places[:, 1].tolist(),
        places[:, 0].tolist(),
    )
    return np.asarray(order, np.int32)


def _key(graph: RouterGraph) -> str:
    digest = sha256(f"{FORMAT} {graph.n_nodes}".encode())
    for array in (graph.tail, graph.head):
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _load(folder: Path, key: str) -> Hierarchy | None:
    """Return what the folder keeps under this key; None for anything missing, damaged or made for another graph."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        if manifest["key"] != key:
            return None
        arrays = {}
        for name in Hierarchy._fields:
            array = np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
            if [array.dtype.str, list(array.shape)] != manifest["arrays"][name]:
                return None
            arrays[name] = np.asarray(array)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Hierarchy(**arrays)


def _keep(hierarchy: Hierarchy, folder: Path, key: str) -> None:
    """Write beside and rename, so that nobody reads a half-written hierarchy; what a killed process left goes."""
    for left in folder.glob(f".{FOLDER}-*"):
        if time.time() - left.stat().st_mtime > ABANDONED_S:
            shutil.rmtree(left, ignore_errors=True)
    scratch = folder / f".{FOLDER}-{os.getpid()}-{secrets.token_hex(4)}"
    scratch.mkdir()
    try:
        stated = {}
        for name, array in hierarchy._asdict().items():
            np.save(scratch / f"{name}.npy", array, allow_pickle=False)
            stated[name] = [array.dtype.str, list(array.shape)]
        (scratch / "manifest.json").write_text(json.dumps({"format": FORMAT, "key": key, "arrays": stated}), "utf-8")
        shutil.rmtree(folder / FOLDER, ignore_errors=True)
        os.rename(scratch, folder / FOLDER)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
