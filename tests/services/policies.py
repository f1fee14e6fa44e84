"""Publishing parameters in tests, as the service takes it: one makes and proposes, another confirms."""

from __future__ import annotations

from typing import Any

from fom.services.policies import list_editions
from fom.services.policy_drafts import (
    DraftRequest,
    ParameterChange,
    confirm_policy_draft,
    make_policy_draft,
    propose_policy_draft,
)
from fom.store.database import Database
from tests.services.people import CHIEF, LEAD, new_id

SEEN: dict[str, Any] = {"better": {"segments": 0, "km": 0.0}, "worse": {"segments": 0, "km": 0.0}}


def changed(base: int, values: dict[str, Any], **rest: Any) -> DraftRequest:
    """Return a request for other values, each with a reason."""
    changes = tuple(ParameterChange(name, value, f"{name} in trial") for name, value in values.items())
    return DraftRequest(id=new_id(), base=base, reason="trial", changes=changes, **rest)


def publish(database: Database, values: dict[str, Any], *, now: int) -> int:
    """Publish other values over those in force; return the number of the version."""
    with database.writing() as session:
        request = changed(list_editions(session)[-1].number, values)
        draft = make_policy_draft(session, request, actor=CHIEF, now=now)
        propose_policy_draft(session, draft["id"], seen=SEEN, actor=CHIEF, now=now)
        number: int = confirm_policy_draft(session, draft["id"], seen=SEEN, actor=LEAD, now=now)["number"]
        return number
