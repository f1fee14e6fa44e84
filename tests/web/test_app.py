"""The application as commands and servers make it: from settings, without touching what is not needed."""

from __future__ import annotations

import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from app import create_app, kept_secret
from fom.config import Config

ROOT = Path(__file__).resolve().parents[2]


def test_the_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path):
    with ThreadPoolExecutor(8) as threads:
        secrets = set(threads.map(lambda _: kept_secret(tmp_path / "new"), range(8)))
    assert len(secrets) == 1
    assert len(secrets.pop()) >= 48
    kept = tmp_path / "new" / "secret"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert [f.name for f in kept.parent.iterdir()] == ["secret"]


def test_a_secret_of_the_settings_is_used_and_none_is_kept(tmp_path: Path):
    app = create_app(Config(data=tmp_path, secret_key="of the settings"))
    assert app.secret_key == "of the settings"
    assert list(tmp_path.iterdir()) == []


def test_an_application_on_an_empty_folder_lives_and_says_that_it_is_not_ready(tmp_path: Path):
    client = create_app(Config(data=tmp_path, secret_key="x")).test_client()
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503
    assert client.get("/login").status_code == 200


def test_app_py_serves(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, str(ROOT / "app.py"), "--help"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "Serve pages and API" in done.stdout
