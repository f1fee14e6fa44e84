"""Settings of one deployment: one frozen value, read from the environment once.

Imports nothing of ours. Every setting stands in the README's table; a test compares the two.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Config:
    """Settings with defaults fit for development; secrets have none (the data folder keeps a generated one)."""

    data: Path = Path("data")
    """FOM_DATA: folder of networks, uploads, the SQLite file and the generated secret."""
    database_url: str = ""
    """FOM_DATABASE_URL: SQLAlchemy URL; empty = SQLite file `fom.sqlite` in the data folder."""
    host: str = "127.0.0.1"
    """FOM_HOST"""
    port: int = 8000
    """FOM_PORT"""
    secret_key: str = ""
    """FOM_SECRET_KEY: signs sessions; empty = generated once and kept in the data folder, for the owner only."""
    workers: int = 1
    """FOM_WORKERS: server processes; more than one needs PostgreSQL to share rate limits fairly."""
    threads: int = 64
    """FOM_THREADS: threads in each process; every open live map holds one."""
    dask: str = ""
    """FOM_DASK: scheduler address of a Dask cluster for long analyses, as tcp://host:port; empty = in this process."""
    mission: str = "Mission"
    """FOM_MISSION: short name shown on every page; the demo sets its own."""

    @property
    def sqlalchemy_url(self) -> str:
        """Return the database URL in force."""
        return self.database_url or f"sqlite:///{(self.data / 'fom.sqlite').resolve()}"

    @property
    def networks(self) -> Path:
        """Return the folder that holds one folder per built network."""
        return self.data / "networks"

    @property
    def evidence(self) -> Path:
        """Return the folder of the photos sent with reports."""
        return self.data / "evidence"


def config_from_env(env: Mapping[str, str] | None = None) -> Config:
    """Return the settings found in `env` (default: the process environment).

    Raises
    ------
    ValueError
        A number does not read as one; the message names the variable.
    """
    env = os.environ if env is None else env
    values: dict[str, object] = {}
    for name, kind in (
        ("data", Path),
        ("database_url", str),
        ("host", str),
        ("port", int),
        ("secret_key", str),
        ("workers", int),
        ("threads", int),
        ("dask", str),
        ("mission", str),
    ):
        raw = env.get(f"FOM_{name.upper()}")
        if raw is None or raw == "":
            continue
        try:
            values[name] = kind(raw)
        except ValueError:
            raise ValueError(f"FOM_{name.upper()}: {raw!r} is not a whole number") from None
    return Config(**values)  # type: ignore[arg-type]
