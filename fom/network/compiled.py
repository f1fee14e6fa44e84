"""Numba for typed code: compiled loops that release the interpreter lock and are kept on disk between starts."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

from numba import njit

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Return `function` compiled at its first call, with its Python signature for the type checker."""
    return cast("Callable[P, R]", njit(cache=True, nogil=True)(function))
