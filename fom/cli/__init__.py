"""The command line: one module of this folder per command, loaded only when that command is used.

A module `fom/cli/network.py` is the command `network`, `tob_gain.py` is `tob-gain`; the first line of its docstring is
the line shown in the list, and its attribute `command` is the click command or group. Two doors lead here:
`python -m fom …` and `flask --app app …`.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from fom import __version__
from fom.errors import FomError, InvalidInput

EXIT_REFUSED = 2
"""Exit code for input that was refused, as click uses it for wrong options."""


def _modules() -> dict[str, str]:
    """Return command name -> module name, without importing any."""
    found = pkgutil.iter_modules(__path__)
    return {m.name.replace("_", "-"): m.name for m in found if not m.name.startswith("_")}


def _short_help(module: str) -> str:
    source = (Path(__file__).parent / f"{module}.py").read_text(encoding="utf-8")
    return (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]


def _telling_refusals(invoke: Callable[[click.Context], Any]) -> Callable[[click.Context], Any]:
    """Return `invoke` so that what we refuse on purpose ends with a line per thing refused and exit code 2.

    Wrapped around each command and not around the group, because `flask --app app` brings a group of its own.
    """

    def telling(ctx: click.Context) -> Any:
        try:
            return invoke(ctx)
        except FomError as refused:
            for line in refused.errors if isinstance(refused, InvalidInput) else [refused]:
                click.echo(f"error: {line}", err=True)
            ctx.exit(EXIT_REFUSED)

    return telling


class LazyGroup(click.Group):
    """A group whose commands are the modules of this folder."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, sorted."""
        return sorted({*super().list_commands(ctx), *_modules()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module and return the command; None when there is no such module."""
        module = _modules().get(cmd_name)
        if module is None:
            command = super().get_command(ctx, cmd_name)
        else:
            command = importlib.import_module(f"{__name__}.{module}").command
            if not isinstance(command, click.Command):
                raise TypeError(f"fom/cli/{module}.py: `command` is no click command")
        if command is not None and "invoke" not in vars(command):
            command.invoke = _telling_refusals(command.invoke)  # type: ignore[method-assign,assignment]
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of commands from the docstrings of their modules, importing none."""
        rows = [(name, _short_help(module)) for name, module in sorted(_modules().items())]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="fom")
def main() -> None:
    """Freedom-of-movement tracker: which roads a mission may use, why, and what else there is."""
