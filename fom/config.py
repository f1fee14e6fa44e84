"""Settings of one deployment: one frozen value, read from the environment once.

Imports nothing of ours. Every setting stands in the README's table; a test compares the two.
"""

from __future__ import annotations

import os
import re
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
    mission_zone: str = "+00:00"
    """FOM_MISSION_ZONE: zone of the mission as +03:00; quiet hours are in it."""
    smtp_url: str = ""
    """FOM_SMTP_URL: smtp://user:password@host:587 (STARTTLS), smtps://host:465, or smtp+plain://host:25 without
    encryption and password; empty = no alert goes by e-mail."""
    mail_from: str = ""
    """FOM_MAIL_FROM: address from which alerts are sent; empty = fom@ and the mail server's name."""
    public_url: str = ""
    """FOM_PUBLIC_URL: address of this service as its readers open it, for links in messages; empty = no links."""
    webhook_hosts: str = ""
    """FOM_WEBHOOK_HOSTS: origins to which webhooks may go, separated by commas; empty = none."""
    webhook_private: str = "no"
    """FOM_WEBHOOK_PRIVATE: `yes` lets webhooks go to private and local network addresses."""
    shown_days: int = 30
    """FOM_SHOWN_DAYS: days for which it is kept who was shown which states; no state rests on an older passage."""

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
        A value does not read as what it should be; the message names the variable.
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
        ("mission_zone", str),
        ("smtp_url", str),
        ("mail_from", str),
        ("public_url", str),
        ("webhook_hosts", str),
        ("webhook_private", str),
        ("shown_days", int),
    ):
        raw = env.get(f"FOM_{name.upper()}")
        if raw is None or raw == "":
            continue
        try:
            values[name] = kind(raw)
        except ValueError:
            raise ValueError(f"FOM_{name.upper()}: {raw!r} is not a whole number") from None
    config = Config(**values)  # type: ignore[arg-type]
    if not re.fullmatch(r"[+-](0\d|1[0-4]):[0-5]\d", config.mission_zone):
        raise ValueError(f"FOM_MISSION_ZONE: {config.mission_zone!r} is not a zone as +03:00")
    if config.webhook_private not in ("yes", "no"):
        raise ValueError(f"FOM_WEBHOOK_PRIVATE: {config.webhook_private!r} is neither yes nor no")
    if config.shown_days < 1:
        raise ValueError(f"FOM_SHOWN_DAYS: {config.shown_days} is less than one day")
    return config
