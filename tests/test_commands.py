"""The commands that `make` runs, as a user without Node and without a mission meets them."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.deep import in_gate
from tests.network.osm_writing import Drawing
from tests.postgres import free_port

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.deep
def test_browser_packages_come_from_the_wheel_where_there_is_no_node(tmp_path: Path):
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("sh", "cat", "mkdir", "rm", "dirname", "uname"):
        (programs / name).symlink_to(shutil.which(name) or name)
    project = tmp_path / "project"
    (project / ".ci").mkdir(parents=True)
    for name in (".ci/browser-packages", "package.json", "package-lock.json", "requirements-node.txt"):
        shutil.copy(ROOT / name, project / name)
    shutil.copytree(ROOT / "fom", project / "fom", ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run([sys.executable, "-m", "venv", project / ".venv"], check=True)
    environment = os.environ | {"PATH": str(programs)}
    done = subprocess.run(
        [programs / "sh", ".ci/browser-packages", ".venv/bin/python"],
        cwd=project, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "no Node here" in done.stdout
    assert (project / "static/vendor/maplibre/maplibre-gl.mjs").stat().st_size > 100_000


def make_area(path: Path) -> Path:
    """Write a map file of two roads that meet."""
    places = {"a": (0.0, 0.0), "b": (5.0, 0.0), "c": (5.0, 5.0)}
    return Drawing(places, [("a b", {"highway": "primary"}), ("b c", {"highway": "track"})]).write(path)


def as_from_a_terminal() -> None:
    """Let Ctrl-C reach a command also when these tests run in the background, where shells have it ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def running(data: Path, port: int, *options: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "fom", "run", "--data", str(data), "--port", str(port), *options]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, preexec_fn=as_from_a_terminal
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def wait_until_ready(port: int, process: subprocess.Popen[str], *, seconds: float = 60) -> float:
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        assert process.poll() is None, process.communicate()[0]
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
                assert answer.status == 200
                return time.monotonic() - begun
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.1)
    raise AssertionError(f"not ready after {seconds} s")


def test_run_builds_an_area_once_serves_it_and_ends_when_interrupted(tmp_path: Path):
    area = make_area(tmp_path / "area.osm.pbf")
    data, port = tmp_path / "data", free_port()
    with running(data, port, "--network", str(area)) as process:
        wait_until_ready(port, process)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=10)[0]
        assert process.returncode == 0
    assert re.search(r"first account: \S+  password \(shown once\): \S{15,}", said)
    assert f"serving at http://127.0.0.1:{port}" in said
    built = sorted((data / "networks").iterdir())
    with running(data, port, "--network", str(area)) as process:
        wait_until_ready(port, process)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=10)[0]
    assert "password" not in said
    assert "holds a mission already" in said
    assert sorted((data / "networks").iterdir()) == built


def test_run_refuses_a_map_without_roads_and_leaves_nothing_to_serve(tmp_path: Path):
    empty = tmp_path / "empty.osm"
    empty.write_text("<osm version='0.6'/>")
    with running(tmp_path / "data", free_port(), "--network", str(empty)) as process:
        said = process.communicate(timeout=60)[0]
    assert process.returncode == 2
    assert "empty.osm" in said
    assert not list((tmp_path / "data" / "networks").glob("*"))


def test_a_port_in_use_is_said_in_one_sentence(tmp_path: Path):
    area = make_area(tmp_path / "area.osm.pbf")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with running(tmp_path / "data", port, "--network", str(area)) as process:
            said = process.communicate(timeout=60)[0]
    assert process.returncode == 1
    assert said.splitlines()[-1].startswith(f"Error: cannot listen on 127.0.0.1:{port}: Address already in use")


@pytest.mark.parametrize("wait_s", in_gate(1, [0.7, 0.0, 1.5]))
def test_it_ends_when_interrupted_while_it_is_still_opening(tmp_path: Path, wait_s: float):
    area = make_area(tmp_path / "area.osm.pbf")
    with running(tmp_path / "data", free_port(), "--network", str(area)) as process:
        assert process.stdout is not None
        assert any("serving at" in line for line in process.stdout)
        time.sleep(wait_s)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 0
