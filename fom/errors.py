"""The family of errors this service raises on purpose.

Each class has a stable `code`. `fom/web/errors.py` maps classes to HTTP status, `fom/cli` to exit codes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """One bad field: where it stands, what came, what was expected."""

    field: str
    """Path to the field, for example ``features[e1].occurred`` or ``from``."""
    came: str
    expected: str
    record_id: str | None = None
    reason: str | None = None
    """Code of what people in the field meet, for clients that say it in their language; never changes."""

    def __str__(self) -> str:
        where = f"{self.record_id}: {self.field}" if self.record_id else self.field
        return f"{where}: {self.came}; expected {self.expected}"


class FomError(Exception):
    """Anything this service refuses on purpose. `code` never changes once released."""

    code = "error"


class NotFound(FomError):
    """The thing named is not here, or the asker may not know that it is."""

    code = "not_found"

    def __init__(self, kind: str, key: str) -> None:
        super().__init__(f"no {kind} {key!r}")
        self.kind, self.key = kind, key


class InvalidInput(FomError):
    """Input that cannot be used; carries every bad field at once."""

    code = "invalid_input"

    def __init__(self, errors: Sequence[FieldError]) -> None:
        if not errors:
            raise ValueError("InvalidInput needs at least one FieldError")
        self.errors = tuple(errors)
        super().__init__("\n".join(str(e) for e in self.errors))

    @classmethod
    def single(
        cls, field: str, came: object, expected: str, record_id: str | None = None, *, reason: str | None = None
    ) -> InvalidInput:
        """Return an InvalidInput about one field."""
        return cls([FieldError(field, str(came), expected, record_id, reason)])


class Conflict(FomError):
    """The request contradicts what is stored: stale version, same id with another body, an act without effect."""

    code = "conflict"

    def __init__(self, message: str, **details: object) -> None:
        super().__init__(message)
        self.details = details


class KeptConflict(Conflict):
    """A conflict whose evidence was written for triage: the transaction is committed all the same."""


class NotPermitted(FomError):
    """The actor's role does not allow the action, or a second person is still missing."""

    code = "not_permitted"


class BadReferenceData(FomError):
    """A network, policy or register file that cannot be trusted: truncated, road-less, of another version."""

    code = "bad_reference_data"


class Busy(FomError):
    """Too much of one kind is asked at once; nothing was done, and the same may be asked again in some seconds."""

    code = "busy"


class ServiceUnreachable(FomError):
    """A service outside does not answer: this machine is offline, or that service is down."""

    code = "service_unreachable"
