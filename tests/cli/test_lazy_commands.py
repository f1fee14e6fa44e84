"""Commands are found by their file and loaded only when used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from fom.cli import LazyGroup, _modules, main
from fom.errors import FieldError, InvalidInput, NotFound

ROOT = Path(__file__).resolve().parents[2]


def test_help_lists_every_command_with_a_sentence_and_imports_none_of_them():
    script = (
        "import sys\nfrom fom.cli import main\n"
        "try: main(['--help'], prog_name='fom')\nexcept SystemExit: pass\n"
        "print('LOADED', [m for m in sys.modules if m.startswith('fom.cli.')])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "LOADED []" in done.stdout
    for name in _modules():
        line = next(line for line in done.stdout.splitlines() if line.split()[:1] == [name])
        assert len(line.split()) > 1


@pytest.mark.parametrize("name", sorted(_modules()))
def test_every_module_of_the_folder_is_a_command_with_help(name: str):
    done = CliRunner().invoke(main, [name, "--help"])
    assert done.exit_code == 0, done.output
    assert "Usage:" in done.output


def test_an_unknown_command_ends_with_2():
    assert CliRunner().invoke(main, ["no-such-command"]).exit_code == 2


def test_every_refused_field_stands_on_a_line_of_its_own_and_the_exit_code_is_2():
    group = LazyGroup(name="fom")

    @group.command("refuse")
    def refuse() -> None:
        raise InvalidInput([FieldError("from", "x", "lon,lat"), FieldError("to", "y", "lon,lat", "r1")])

    done = CliRunner().invoke(group, ["refuse"])
    assert done.exit_code == 2
    assert done.stderr.splitlines() == ["error: from: x; expected lon,lat", "error: r1: to: y; expected lon,lat"]


def test_a_thing_that_is_not_there_ends_with_its_sentence():
    group = LazyGroup(name="fom")

    @group.command("lose")
    def lose() -> None:
        raise NotFound("network", "n1")

    done = CliRunner().invoke(group, ["lose"])
    assert (done.exit_code, done.stderr) == (2, "error: no network 'n1'\n")


@pytest.mark.deep
def test_both_doors_tell_a_refusal_in_the_same_way(tmp_path: Path):
    env = {"PATH": "/usr/bin:/bin", "FOM_DATA": str(tmp_path)}
    for door in (["-m", "fom"], ["-m", "flask", "--app", "app"]):
        command = [sys.executable, *door, "network", "build", str(tmp_path / "none.osm.pbf")]
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 2, done.stderr
        assert "none.osm.pbf" in done.stderr
        assert "Traceback" not in done.stderr


def test_a_module_without_a_command_is_a_fault_of_ours(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("fom.cli.serve.command", None)
    with pytest.raises(TypeError, match="serve"):
        LazyGroup().get_command(click.Context(main), "serve")
