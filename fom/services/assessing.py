"""Assess a facts file on a network, without a database: what the command line and the API's pure form answer."""

from __future__ import annotations

from typing import Any

from fom.domain.facts_file import FactsFile, parse_facts
from fom.domain.instants import parse_instant
from fom.domain.profiles import USER_CLASSES
from fom.errors import FieldError, InvalidInput
from fom.network.drawn import load_network_file
from fom.network.network import Network
from fom.picture.picture import Picture
from fom.picture.question import Question


def assess_documents(
    network_doc: object, facts_doc: object, *, at: str, known_at: str, profile: str, user_class: str
) -> dict[str, Any]:
    """Return the answer document for a drawn network file and a facts file.

    Raises
    ------
    InvalidInput
        Every bad field of the first of network, facts, question that has one.
    """
    network = load_network_file(network_doc)
    return assess_facts(network, facts_doc, at=at, known_at=known_at, profile=profile, user_class=user_class)


def assess_facts(
    network: Network, facts_doc: object, *, at: str, known_at: str | None, profile: str, user_class: str
) -> dict[str, Any]:
    """Return the answer document for a network and a facts file; `known_at` None = `at`.

    Raises
    ------
    InvalidInput
        Every bad field of the facts, else of the question.
    """
    facts = parse_facts(facts_doc, network=network)
    question = make_question(facts, at=at, known_at=known_at, profile=profile, user_class=user_class)
    picture = Picture(network, facts.records, policy=facts.policy, profiles=facts.profiles)
    return picture.assess(question).answer()


def make_question(facts: FactsFile, *, at: str, known_at: str | None, profile: str, user_class: str) -> Question:
    """Return the question of texts; `known_at` None = `at`. Raises InvalidInput with every bad one."""
    errors: list[FieldError] = []
    moments: list[int] = []
    for field, text in (("at", at), ("known_at", at if known_at is None else known_at)):
        try:
            moments.append(parse_instant(text))
        except (ValueError, OverflowError):
            errors.append(FieldError(field, repr(text), "an ISO 8601 time with Z or an offset"))
    if profile not in facts.profiles:
        errors.append(FieldError("profile", repr(profile), " or ".join(facts.profiles)))
    if user_class not in USER_CLASSES:
        errors.append(FieldError("user_class", repr(user_class), " or ".join(USER_CLASSES)))
    if errors:
        raise InvalidInput(errors)
    return Question(moments[0], moments[1], facts.profiles[profile], user_class)
