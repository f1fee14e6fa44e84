"""Peers that need another Python: their own virtual environment, and scripts run in it one after another.

Valhalla's and OSRM's current wheels want Python 3.12 or newer (older ones of Valhalla answer polygons 20 to 50 times
slower and would be no fair peer). What cannot be had is said, and stands in the table as not measured.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
REQUIREMENTS = HERE / "requirements-peers.txt"
WANTED = ("3.12", "3.13")


class Missing(Exception):
    """A peer that cannot be had here; the text says why."""


@cache
def find_python() -> Path:
    """Return a Python new enough for the peers' wheels: on PATH, or among the versions that pyenv keeps.

    Raises
    ------
    Missing
        There is none.
    """
    names = [f"python{version}" for version in WANTED]
    found = [Path(path) for name in names if (path := shutil.which(name))]
    pyenv = shutil.which("pyenv")
    if pyenv:
        root = subprocess.run([pyenv, "root"], capture_output=True, text=True, check=False).stdout.strip()
        found += [path for v in WANTED for path in sorted(Path(root).glob(f"versions/{v}.*/bin/python{v}"))]
    for path in [*found, Path(sys.executable)]:
        asked = [str(path), "-c", "import sys; print(sys.version_info >= (3, 12))"]
        if subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip() == "True":
            return path
    raise Missing("no Python 3.12 or newer found")


@cache
def environment(data: Path) -> Path:
    """Return the Python of a virtual environment with the peers, made in `data` if it is not there.

    Raises
    ------
    Missing
        No Python, or the packages cannot be installed.
    """
    folder = data / "peers"
    python = folder / "bin" / "python"
    note = folder / "installed.txt"
    if note.exists() and note.read_text() == REQUIREMENTS.read_text():
        return python
    base = find_python()
    print("installing the peers (once for each folder of data)", file=sys.stderr)
    pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]
    for command in (
        [str(base), "-m", "venv", "--clear", str(folder)],
        [str(python), *pip, "--require-hashes", "-r", str(REQUIREMENTS)],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()
            raise Missing(f"the peers' packages cannot be installed: {said[-1][:120] if said else 'no reason given'}")
    note.write_text(REQUIREMENTS.read_text())
    return python


def ask(data: Path, script: str, question: dict[str, Any]) -> dict[str, Any]:
    """Return the answer of a script of this folder, run in the peers' environment; its last line is JSON.

    Raises
    ------
    Missing
        The environment cannot be had, or the script failed; then its own words go to standard error.
    """
    python = environment(data)
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run(
        [str(python), str(HERE / script)],
        input=json.dumps(question), stdout=subprocess.PIPE, text=True, env=environ, check=False,
    )  # fmt: skip
    if done.returncode:
        raise Missing(f"{script} ended with {done.returncode}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def versions(data: Path) -> dict[str, str]:
    """Return names and versions of the packages in the peers' environment; empty where there is none."""
    try:
        python = environment(data)
    except Missing:
        return {}
    listed = subprocess.run(
        [str(python), "-m", "pip", "list", "--format=json", "--disable-pip-version-check"],
        capture_output=True, text=True, check=False,
    ).stdout  # fmt: skip
    return {row["name"]: row["version"] for row in json.loads(listed or "[]") if row["name"] != "pip"}
