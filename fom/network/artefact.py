"""A network on disk: one folder with a manifest, one .npy per array and the word lists.

Written into a scratch folder beside the target, flushed to disk and renamed, so that a killed build leaves nothing
half-made. Read by memory-mapping, so that many processes share one copy.
"""

from __future__ import annotations

import ctypes
import errno
import io
import json
import math
import os
import re
import secrets
import shutil
from collections.abc import Callable, Mapping
from dataclasses import fields
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fom.errors import BadReferenceData, InvalidInput
from fom.network.indexes import Indexes
from fom.network.network import Network

FORMAT = "fom-network/1"
MANIFEST, WORDS = "manifest.json", "words.json"
WORD_FIELDS = ("highway_words", "surface_words", "barrier_words", "names")
OTHER_FIELDS = (*WORD_FIELDS, "network_id", "manifest", "indexes")
ARRAY_FIELDS = tuple(f.name for f in fields(Network) if f.name not in OTHER_FIELDS)
INDEX_FOLDER = "index"


def content_hash(network: Network) -> str:
    """Return 64 hexadecimal digits over all arrays and words: equal networks, equal hash."""
    digest = sha256()
    for field in ARRAY_FIELDS:
        array = np.ascontiguousarray(getattr(network, field))
        digest.update(f"{field} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.data.cast("B") if array.size else b"")
    digest.update(_words_text(network).encode())
    return digest.hexdigest()


def _words_text(network: Network) -> str:
    return json.dumps({f: list(getattr(network, f)) for f in WORD_FIELDS}, ensure_ascii=False, indent=0)


def save_network(network: Network, folder: Path, *, beside: Callable[[Path], dict[str, Any]] | None = None) -> Path:
    """Write the network as `folder`, replacing an earlier network there in one step; return the folder.

    `beside` writes more files into the folder before it is put into place, and returns members for the manifest.

    Raises
    ------
    InvalidInput
        `folder` is something else than a network.
    """
    folder = Path(folder)
    if folder.exists() and any(folder.iterdir() if folder.is_dir() else [folder]) and not (folder / MANIFEST).is_file():
        raise InvalidInput.single("out", folder, "a new folder or one that holds a network")
    folder.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(folder)
    scratch = folder.parent / f".{folder.name}.build-{os.getpid()}-{secrets.token_hex(4)}"
    scratch.mkdir()
    try:
        _write(network, scratch, {} if beside is None else beside(scratch))
        _move_into_place(scratch, folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return folder


def _remove_abandoned(folder: Path) -> None:
    """Remove scratch folders of earlier builds of this target whose process is gone."""
    for left in folder.parent.glob(f".{folder.name}.build-*"):
        match = re.fullmatch(r".*\.build-(\d+)-[0-9a-f]+(-old)?", left.name)
        if match and not is_running(int(match[1])):
            shutil.rmtree(left, ignore_errors=True)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _write(network: Network, folder: Path, more: dict[str, Any]) -> None:
    arrays: dict[str, Any] = {}
    for field in ARRAY_FIELDS:
        array = np.ascontiguousarray(getattr(network, field))
        np.save(folder / f"{field}.npy", array, allow_pickle=False)
        arrays[field] = {"dtype": array.dtype.str, "shape": list(array.shape)}
    (folder / WORDS).write_text(_words_text(network), encoding="utf-8")
    indexes = Indexes.of(network.segment_ids, network.coords, network.coord_start).arrays()
    (folder / INDEX_FOLDER).mkdir()
    for name, array in indexes.items():
        np.save(folder / INDEX_FOLDER / f"{name}.npy", array, allow_pickle=False)
    stated = {name: {"dtype": array.dtype.str, "shape": list(array.shape)} for name, array in indexes.items()}
    manifest = {"format": FORMAT, "network_id": network.network_id, **network.manifest, **more, "arrays": arrays}
    manifest["index_arrays"] = stated
    (folder / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=2), encoding="utf-8")
    for file in (*folder.rglob("*"), folder):
        flush(file)


def flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _move_into_place(scratch: Path, folder: Path) -> None:
    """Rename scratch to folder; where a network stands already, swap the two names in one step."""
    try:
        os.rename(scratch, folder)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        if not _exchange(scratch, folder):
            aside = scratch.with_name(scratch.name + "-old")
            os.rename(folder, aside)
            os.rename(scratch, folder)
            shutil.rmtree(aside, ignore_errors=True)
    flush(folder.parent)


def _exchange(one: Path, two: Path) -> bool:
    """Swap two names atomically where the system can; return whether it did."""
    exchange_flag, at_cwd = 2, -100
    libc = ctypes.CDLL(None, use_errno=True)
    rename = getattr(libc, "renameat2", None)
    return rename is not None and rename(at_cwd, os.fsencode(one), at_cwd, os.fsencode(two), exchange_flag) == 0


def load_network(folder: Path | str) -> Network:
    """Return the network of a folder, its arrays memory-mapped and read-only.

    Raises
    ------
    BadReferenceData
        Not a network of this version, or a file of it is missing, truncated or of another shape.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    stated = manifest.pop("arrays", None)
    if not isinstance(stated, dict) or set(stated) != set(ARRAY_FIELDS):
        raise BadReferenceData(f"{folder / MANIFEST}: names other arrays than this version reads; build it again")
    arrays = {field: load_array(folder / f"{field}.npy", stated[field]) for field in ARRAY_FIELDS}
    words = _load_words(folder / WORDS)
    indexes = _load_indexes(folder / INDEX_FOLDER, manifest.pop("index_arrays", None), arrays)
    members: dict[str, Any] = {**arrays, **words, "indexes": indexes}
    network = Network(network_id=manifest["network_id"], manifest=manifest, **members)
    _check(network, folder)
    return network


def _load_indexes(folder: Path, stated: Any, network: Mapping[str, NDArray[Any]]) -> Indexes | None:
    """Return the indexes of a network; None for an artefact made before they were kept, or when they are damaged."""
    if not isinstance(stated, dict):
        return None
    try:
        arrays = {str(name): load_array(folder / f"{name}.npy", members) for name, members in stated.items()}
        return Indexes.from_arrays(arrays, network["segment_ids"], network["coords"])
    except (BadReferenceData, KeyError, ValueError):
        return None


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a network folder. Raises BadReferenceData."""
    path = Path(folder) / MANIFEST
    if not path.is_file():
        raise BadReferenceData(f"{folder}: not a network; expected a folder with {MANIFEST}, as `network build` makes")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadReferenceData(f"{path}: not readable as JSON ({error})") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        came = manifest.get("format") if isinstance(manifest, dict) else type(manifest).__name__
        raise BadReferenceData(f"{path}: format is {came!r}; expected {FORMAT!r}: build the network again")
    if not isinstance(manifest.get("network_id"), str):
        raise BadReferenceData(f"{path}: network_id is missing")
    return manifest


def load_array(path: Path, stated: dict[str, Any]) -> NDArray[Any]:
    """Return the array of a file, mapped read-only.

    The file must begin exactly as numpy writes what the manifest states, and be exactly as long: its header is
    compared, never parsed, so that no damage to it reaches a parser.
    """
    try:
        dtype, shape = np.dtype(stated["dtype"]), tuple(int(size) for size in stated["shape"])
        if dtype.kind not in "biufS" or min(shape, default=0) < 0:
            raise ValueError(f"arrays are never of type {dtype}")
    except (KeyError, TypeError, ValueError) as error:
        raise BadReferenceData(f"{path.parent / MANIFEST}: arrays.{path.stem} is not usable ({error})") from error
    header = header_of(dtype, shape)
    size = len(header) + dtype.itemsize * math.prod(shape)
    try:
        with path.open("rb") as file:
            is_whole = file.read(len(header)) == header and file.seek(0, os.SEEK_END) == size
        if not is_whole:
            raise BadReferenceData(
                f"{path}: damaged: not a whole array of {dtype.str} {shape}; build the network again"
            )
        if math.prod(shape) == 0:
            array = np.empty(shape, dtype)
            array.flags.writeable = False
            return array
        return np.asarray(np.memmap(path, dtype, mode="r", offset=len(header), shape=shape))
    except OSError as error:
        raise BadReferenceData(f"{path}: missing or unreadable ({error}); build the network again") from error


def header_of(dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    """Return the bytes with which numpy begins the file of such an array."""
    buffer = io.BytesIO()
    descr = np.lib.format.dtype_to_descr(dtype)
    np.lib.format.write_array_header_1_0(buffer, {"descr": descr, "fortran_order": False, "shape": shape})
    return buffer.getvalue()


def _load_words(path: Path) -> dict[str, tuple[str, ...]]:
    try:
        words = json.loads(path.read_text(encoding="utf-8"))
        return {field: tuple(words[field]) for field in WORD_FIELDS}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadReferenceData(f"{path}: missing or damaged ({error}); build the network again") from error


def _check(network: Network, folder: Path) -> None:
    """Raise BadReferenceData when arrays do not fit each other: damage that sizes alone do not show."""
    n, k = network.n_segments, len(network.node_lonlat)
    checks = {
        "coord_start": len(network.coord_start) == n + 1 and network.coord_start[-1] == len(network.coords),
        "from_node": len(network.from_node) == n and _inside(network.from_node, k),
        "to_node": len(network.to_node) == n and _inside(network.to_node, k),
        "asset_start": len(network.asset_start) == n + 1 and network.asset_start[-1] == len(network.asset_of),
        "asset_of": _inside(network.asset_of, len(network.asset_ids)),
        "length_m": len(network.length_m) == n and bool(np.isfinite(network.length_m).all()),
        "forbidden_turns": _inside(network.forbidden_turns, 2 * n),
    }
    for field, is_sound in checks.items():
        if not is_sound:
            raise BadReferenceData(f"{folder / field}.npy: does not fit the other arrays; build the network again")


def _inside(index: NDArray[Any], size: int) -> bool:
    return index.size == 0 or bool(index.min() >= 0 and index.max() < size)


def verify_content(folder: Path | str) -> None:
    """Read every byte of a network and raise BadReferenceData when it is not what was built."""
    network = load_network(folder)
    if content_hash(network) != network.manifest.get("content_hash"):
        raise BadReferenceData(f"{folder}: the content is not what was built (hash differs); build the network again")
    if network.indexes is not None:
        made = Indexes.of(network.segment_ids, network.coords, network.coord_start).arrays()
        if any(not np.array_equal(array, made[name]) for name, array in network.indexes.arrays().items()):
            raise BadReferenceData(f"{folder}: its indexes are not those of its segments; build the network again")
