"""Editions of the policy: which parameters and profiles are in force from which moment on.

A question is judged by the edition in force at its moment of knowledge, so a later publication never changes an
answer about what was known before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fom.domain.instants import NEVER_US
from fom.domain.policy import Policy
from fom.domain.profiles import PROFILES, Profile


@dataclass(frozen=True, slots=True)
class Edition:
    """A policy with its profiles, in force from `holds_from` (microseconds) until the next one."""

    number: int = 0
    """Number of the published version, 0 = the defaults."""
    holds_from: int = NEVER_US
    policy: Policy = field(default_factory=Policy)
    profiles: Mapping[str, Profile] = field(default_factory=lambda: dict(PROFILES))


def edition_at(editions: Sequence[Edition], known_at: int) -> Edition:
    """Return the edition in force at a moment, microseconds: the last of those that hold from it or before.

    `editions` in the order of their numbers, at least one; the first holds from the beginning.
    """
    return next((e for e in reversed(editions) if e.holds_from <= known_at), editions[0])
