"""Heavy questions take turns: plans, what-ifs, benchmarks and the past use all of a core for a while.

Without a limit a handful of them would hold up reports; with one, reports and the live map stay quick.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from fom.errors import Busy

AT_ONCE = max(2, os.cpu_count() or 2)
"""Heavy questions that a process answers at the same time."""
PATIENCE_S = 20.0
"""How long one waits for its turn before it is turned away."""

View = TypeVar("View", bound=Callable[..., Any])
_turns = threading.BoundedSemaphore(AT_ONCE)


def takes_turns(view: View) -> View:
    """Let the view wait for its turn; 503 with `Retry-After` when none comes."""

    @wraps(view)
    def waiting(*args: Any, **kwargs: Any) -> Any:
        if not _turns.acquire(timeout=PATIENCE_S):
            raise Busy("Many heavy questions are being answered; ask again in some seconds.")
        try:
            return view(*args, **kwargs)
        finally:
            _turns.release()

    return waiting  # type: ignore[return-value]
