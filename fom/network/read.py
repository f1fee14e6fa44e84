"""One door to a network: the folder of a built one, or a hand-drawn file."""

from __future__ import annotations

import json
from pathlib import Path

from fom.errors import BadReferenceData, InvalidInput
from fom.network.artefact import load_network
from fom.network.network import Network


def read_network(path: Path | str) -> Network:
    """Return the network in a folder that `network build` made, or in a hand-drawn GeoJSON file of docs/formats.md.

    Raises
    ------
    InvalidInput
        Nothing is there, or the hand-drawn file has bad fields.
    BadReferenceData
        The folder or file is damaged or something else.
    """
    path = Path(path)
    if path.is_dir():
        return load_network(path)
    if not path.is_file():
        raise InvalidInput.single("network", path, "a folder made by `network build`, or a hand-drawn network file")
    from fom.network.drawn import load_network_file

    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, ValueError) as error:
        raise BadReferenceData(f"{path}: not a JSON file ({error}); expected a hand-drawn network file") from error
    return load_network_file(document)
