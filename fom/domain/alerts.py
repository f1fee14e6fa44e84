"""Alerts: what a subscription waits for, when quiet hours hold it, how a webhook is signed and how often it is tried.

Pure values. Which states moved, who may read what and how it is sent belong to the services (`alerts`).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from fom.domain.instants import DAY_US, MINUTE_US
from fom.domain.states import State

MOVES = ("none", "route_worse", "route", "stretch_worse", "stretch")
"""Which changes of state: of the worst state along the whole, or of any stretch; those for the worse, or all."""
WATCHED_KINDS = ("explosive", "physical", "control", "incident", "verification", "manual")
"""Kinds of records whose coming may be watched."""
WATCHED_MOVEMENTS = ("none", "unit", "all")
"""Of which movements advice is told beside those that are named: of one's unit, or of all that one may see."""
CHECKS = ("verification", "review", "inspection", "task", "expiry", "follow_up", "movement")
"""What may be overdue, or about to end, and be told of."""
ALERT_KINDS = ("state", "record", "overdue", "false_state", "advice")
CHANNELS = ("page", "email", "webhook")
STATUSES = ("waiting", "delivered", "given_up")
OUTSIDE_CLEARANCE = "confidential"
"""Nothing above this leaves by e-mail or webhook, whoever it is for. Source: project judgement."""
TRIES_MAX = 8
"""Tries to deliver: with the pauses below they reach over some eleven hours, a night's outage. Project judgement."""
FIRST_PAUSE_US = 5 * MINUTE_US
PAUSE_MAX_US = 6 * 60 * MINUTE_US
MINUTES_OF_DAY = 24 * 60


def is_wanted_move(moves: str, states: Sequence[str], old: int, new: int) -> bool:
    """Return whether a change of one state is waited for; `states` (codes, empty = any) are those it must lead to."""
    if moves == "none" or old == new:
        return False
    if moves.endswith("worse") and new < old:
        return False
    return not states or State(new).name in states


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From when to when on each day, minutes after midnight in a zone `zone_min` minutes ahead of UTC."""

    from_min: int
    to_min: int
    zone_min: int = 0

    def hold_until(self, at: int) -> int:
        """Return the moment, microseconds, at which what happens at `at` may be told: `at` itself outside of them."""
        minute_us = (at + self.zone_min * MINUTE_US) % DAY_US
        since_us = (minute_us - self.from_min * MINUTE_US) % DAY_US
        length_us = (self.to_min - self.from_min) % MINUTES_OF_DAY * MINUTE_US
        return at if since_us >= length_us else at - since_us + length_us


def pause_us(tries: int) -> int:
    """Return how long to wait after so many failed tries: five minutes, doubled each time, at most six hours."""
    return min(FIRST_PAUSE_US << max(0, tries - 1), PAUSE_MAX_US)


def webhook_key(secret: str, subscription_id: str) -> str:
    """Return the key with which the messages of a subscription are signed: made of the deployment's secret."""
    return hmac.new(secret.encode(), f"webhook {subscription_id}".encode(), hashlib.sha256).hexdigest()


def signature(key: str, timestamp: str, body: bytes) -> str:
    """Return the signature of a message: HMAC-SHA256, in hexadecimal, over timestamp, a full stop and the body."""
    return hmac.new(key.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def parse_zone(text: str) -> int:
    """Return the minutes ahead of UTC of `+03:00`; ValueError for another notation."""
    sign, hours, colon, minutes = text[:1], text[1:3], text[3:4], text[4:]
    is_written = sign in ("+", "-") and colon == ":" and _are_digits(hours, minutes) and len(minutes) == 2
    if not is_written or int(hours) > 14 or int(minutes) > 59:
        raise ValueError("a zone as +03:00")
    return (1 if sign == "+" else -1) * (60 * int(hours) + int(minutes))


def parse_clock(text: str) -> int:
    """Return the minutes after midnight of `22:30`; ValueError for another notation."""
    hours, colon, minutes = text[:2], text[2:3], text[3:]
    if colon != ":" or not _are_digits(hours, minutes) or len(minutes) != 2 or int(hours) > 23 or int(minutes) > 59:
        raise ValueError("a time of day as 22:30")
    return 60 * int(hours) + int(minutes)


def _are_digits(*texts: str) -> bool:
    return all(text.isascii() and text.isdigit() for text in texts)


def format_clock(minutes: int) -> str:
    """Return `22:30` of minutes after midnight."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
