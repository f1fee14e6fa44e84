"""Files of a kept picture: memory-mapped arrays and one JSON text, in a folder that appears whole or not at all.

`current` names the folder in use; a newer one is written beside it, then named. Whoever has an older one open keeps it:
its files live until they are closed. All of it may be deleted at any time.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from fom.errors import BadReferenceData
from fom.network.artefact import flush, load_array

FORMAT = "fom-kept-picture/1"
CURRENT, MANIFEST, TEXT = "current", "manifest.json", "loose.json"
ROOTS_MAX = 4
"""Networks are bound under so many policies at most; the one written longest ago makes room."""
OUTDATED_S = 60.0
"""A folder that is no longer named may still be being opened for so long."""


def read_manifest(root: Path) -> tuple[Path, dict[str, Any]] | None:
    """Return the folder in use and what its manifest says, None when nothing usable is kept."""
    try:
        folder = root / (root / CURRENT).read_text(encoding="utf-8").strip()
        manifest = orjson.loads((folder / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return None
    return (folder, manifest) if isinstance(manifest, dict) and manifest.get("format") == FORMAT else None


def read_content(folder: Path, manifest: Mapping[str, Any]) -> tuple[dict[str, NDArray[Any]], Any]:
    """Return arrays, memory-mapped, and the text. Raises BadReferenceData, OSError, ValueError or KeyError."""
    text = (folder / TEXT).read_bytes()
    if sha256(text).hexdigest() != manifest["text_sha256"]:
        raise BadReferenceData(f"{folder / TEXT}: damaged")
    arrays = {name: load_array(folder / f"{name}.npy", stated) for name, stated in manifest["arrays"].items()}
    return arrays, orjson.loads(text)


def write_content(
    root: Path, manifest: Mapping[str, Any], arrays: Iterator[tuple[str, NDArray[Any]]], text: Any
) -> None:
    """Write a folder and name it as the one in use; older ones are removed when nobody can be opening them."""
    root.mkdir(parents=True, exist_ok=True)
    scratch = root / f".{os.getpid()}-{secrets.token_hex(4)}"
    scratch.mkdir()
    try:
        stated = {}
        for name, array in arrays:
            np.save(scratch / f"{name}.npy", array, allow_pickle=False)
            stated[name] = {"dtype": array.dtype.str, "shape": list(array.shape)}
        body = orjson.dumps(text)
        (scratch / TEXT).write_bytes(body)
        whole = {"format": FORMAT, **manifest, "arrays": stated, "text_sha256": sha256(body).hexdigest()}
        (scratch / MANIFEST).write_bytes(orjson.dumps(whole))
        for file in (*scratch.iterdir(), scratch):
            flush(file)
        name = secrets.token_hex(8)
        os.rename(scratch, root / name)
        pointer = root / f".{CURRENT}-{name}"
        pointer.write_text(name, encoding="utf-8")
        flush(pointer)
        os.replace(pointer, root / CURRENT)
        flush(root)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    _remove_outdated(root, name)
    for other in sorted(root.parent.iterdir(), key=lambda folder: folder.stat().st_mtime)[:-ROOTS_MAX]:
        shutil.rmtree(other, ignore_errors=True)


def _remove_outdated(root: Path, current: str) -> None:
    for left in root.iterdir():
        is_other = left.is_dir() and left.name != current
        if is_other and time.time() - left.stat().st_mtime > OUTDATED_S:
            shutil.rmtree(left, ignore_errors=True)


@contextmanager
def alone(root: Path) -> Iterator[bool]:
    """Yield whether this process is the only one that writes here now."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / ".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True
