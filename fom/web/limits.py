"""How often somebody may fail to prove who he is, by the login form or by HTTP Basic."""

from __future__ import annotations

from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

FAILURES_PER_ADDRESS = "20 per 5 minutes"
FAILURES_PER_ACCOUNT_AND_ADDRESS = "6 per 5 minutes"
"""Counted for failures only, and per address, so that a stranger cannot lock an officer out of his own machine."""
EMAIL_MAX, PASSWORD_MAX = 254, 1024
"""Characters; a longer password only serves to keep the hash busy."""

limiter = Limiter(get_remote_address, storage_uri="memory://", strategy="moving-window")


def account_and_address(email: str) -> str:
    """Return what failures of an account are counted under."""
    return f"{email.strip().lower()[:EMAIL_MAX]}|{get_remote_address()}"
