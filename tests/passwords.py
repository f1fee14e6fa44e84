"""Passwords of test missions, hashed with the least work: what a hash of the product costs is not what they test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher

from fom.services import accounts


@contextmanager
def hashed_at_once() -> Iterator[None]:
    """Hash what is hashed inside with the least work; to be proven later it takes as little."""
    ours, accounts._HASHER = accounts._HASHER, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    try:
        yield
    finally:
        accounts._HASHER = ours
