"""Signed heads of the audit chain in a file outside the database: one line per day, so that a cut tail is seen.

The signature is HMAC-SHA256 with a key derived from the deployment's secret: who can only write the database cannot
forge a head, and who swaps the database for an older copy has heads that are ahead of it. Copy the file elsewhere.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
from dataclasses import dataclass
from pathlib import Path

import orjson

from fom.domain.instants import from_us
from fom.errors import BadReferenceData
from fom.store.audit import Head
from fom.store.columns import canonical_json

FILE_NAME = "audit-heads.jsonl"


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A head with the day it was taken on, the hash of the line before it in the file, and the signature."""

    day: str
    head: Head
    before: str
    signature: str


def head_key(secret: str) -> bytes:
    """Return the signing key of a deployment, derived from its secret."""
    return hmac.new(secret.encode(), b"audit heads", hashlib.sha256).digest()


def read_heads(path: Path, key: bytes) -> list[SignedHead]:
    """Return the signed heads of a file, [] when there is none.

    Raises
    ------
    BadReferenceData
        A line is unreadable, out of order or not signed with this key.
    """
    heads: list[SignedHead] = []
    for number, line in enumerate(path.read_bytes().splitlines() if path.exists() else (), start=1):
        try:
            raw = orjson.loads(line)
            signed = SignedHead(raw["day"], Head(raw["number"], raw["hash"]), raw["before"], raw["signature"])
        except (ValueError, KeyError, TypeError):
            raise BadReferenceData(f"{path.name} line {number}: not a signed head") from None
        before = heads[-1].signature if heads else ""
        expected = _sign(signed.day, signed.head, before, key)
        if signed.before != before or not hmac.compare_digest(expected, signed.signature):
            raise BadReferenceData(f"{path.name} line {number}: the signature does not hold")
        heads.append(signed)
    return heads


def write_daily_head(path: Path, key: bytes, head: Head, *, now: int) -> SignedHead | None:
    """Append today's head and sync it to disk; None when today's is there already. Processes take turns."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        heads = read_heads(path, key)
        day = from_us(now).date().isoformat()
        if heads and heads[-1].day >= day:
            return None
        before = heads[-1].signature if heads else ""
        signed = SignedHead(day, head, before, _sign(day, head, before, key))
        members = {"day": day, "number": head.number, "hash": head.hash, "before": before}
        file.write(canonical_json(members | {"signature": signed.signature}) + "\n")
        file.flush()
        os.fsync(file.fileno())
    return signed


def _sign(day: str, head: Head, before: str, key: bytes) -> str:
    message = canonical_json([day, head.number, head.hash, before]).encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest()
