"""The folder that holds one folder per built network: what is there, and which one a name means."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fom.errors import BadReferenceData, NotFound
from fom.network.artefact import MANIFEST, read_manifest
from fom.network.network import Network
from fom.network.read import read_network


@dataclass(frozen=True, slots=True)
class Shelved:
    """One network folder; `problem` says why it cannot be used, '' if it can."""

    folder: Path
    manifest: dict[str, Any]
    problem: str = ""

    @property
    def network_id(self) -> str:
        """Return the network's id, or the folder's name when the manifest cannot be read."""
        return str(self.manifest.get("network_id", self.folder.name))


def list_networks(shelf: Path) -> list[Shelved]:
    """Return the networks of a folder, by name, the latest build of a name first."""
    found = []
    for folder in sorted(shelf.iterdir()) if shelf.is_dir() else []:
        if folder.name.startswith(".") or not (folder / MANIFEST).exists():
            continue
        try:
            found.append(Shelved(folder, read_manifest(folder)))
        except BadReferenceData as error:
            found.append(Shelved(folder, {}, str(error)))
    found.sort(key=lambda s: str(s.manifest.get("built_at", "")), reverse=True)
    return sorted(found, key=lambda s: str(s.manifest.get("name", s.folder.name)))


def find_folder(shelf: Path, name: str) -> Path:
    """Return the folder of a network id, or of the latest build of a name.

    Raises
    ------
    NotFound
        Neither is there.
    """
    networks = [s for s in list_networks(shelf) if not s.problem]
    for network in networks:
        if network.network_id == name:
            return network.folder
    for network in networks:
        if network.manifest.get("name") == name:
            return network.folder
    raise NotFound("network", name)


def open_network(shelf: Path, named: str) -> Network:
    """Return the network that a command means: a name or id on the shelf, a folder, or a hand-drawn file.

    Raises
    ------
    NotFound
        Nothing of that name is there.
    BadReferenceData, InvalidInput
        It is there but cannot be used.
    """
    path = Path(named)
    if path.exists():
        return read_network(path)
    return read_network(find_folder(shelf, named))


def find_artefact(shelf: Path, named: str) -> Path | None:
    """Return the folder of the built network that a command means, None for a hand-drawn file."""
    path = Path(named)
    if path.exists():
        return path if path.is_dir() else None
    return find_folder(shelf, named)
