"""What is asked: the time of travel, what was known, for which vehicle and whom."""

from __future__ import annotations

from dataclasses import dataclass

from fom.domain.instants import format_instant
from fom.domain.profiles import USER_CLASSES, Profile


@dataclass(frozen=True, slots=True)
class Question:
    """`at` and `known_at` in microseconds."""

    at: int
    known_at: int
    profile: Profile
    user_class: str

    def __post_init__(self) -> None:
        if self.user_class not in USER_CLASSES:
            raise ValueError(f"user class {self.user_class!r}: expected {' or '.join(USER_CLASSES)}")

    def members(self) -> dict[str, str]:
        """Return the question as an answer repeats it."""
        return {
            "at": format_instant(self.at),
            "known_at": format_instant(self.known_at),
            "profile": self.profile.name,
            "user_class": self.user_class,
        }
