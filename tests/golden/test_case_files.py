"""The worked cases and the reader of facts files agree with the published schemas."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from fom.domain.facts_file import parse_facts
from fom.domain.instants import parse_instant
from fom.errors import InvalidInput
from fom.network.drawn import load_network_file
from fom.network.network import Network

HERE = Path(__file__).resolve().parent
PUBLISHED = HERE.parents[2] / "shared" / "golden"
pytestmark = pytest.mark.skipif(
    not PUBLISHED.is_dir(), reason=f"the folder {PUBLISHED} with the published schemas is missing"
)
MUTATIONS = 15
"""Broken copies made of each case."""

formats = jsonschema.FormatChecker(formats=())


@formats.checks("instant", raises=ValueError)
def is_instant(text: object) -> bool:
    """Return whether a text is a real date and time with a zone; other types are the schema's business."""
    if isinstance(text, str):
        parse_instant(text)
    return True


def validator(name: str) -> jsonschema.Draft202012Validator:
    schema = json.loads((PUBLISHED / name).read_text(encoding="utf-8"))
    return jsonschema.Draft202012Validator(schema, format_checker=formats)


def own_cases() -> list[Path]:
    return sorted(HERE.glob("*.json"))


@pytest.mark.parametrize("path", own_cases(), ids=lambda path: path.stem)
def test_our_case_file_has_the_published_form(path: Path) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    validator("case.schema.json").validate(case)
    validator("network.schema.json").validate(case["network"])
    if path.stem.startswith("G"):
        validator("facts.schema.json").validate(case["facts"])


@pytest.mark.parametrize("path", [p for p in own_cases() if p.stem.startswith("G")], ids=lambda path: path.stem)
def test_whatever_the_schema_refuses_the_reader_refuses(path: Path) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    schema = validator("facts.schema.json")
    network = load_network_file(case["network"])
    rng = random.Random(path.stem)
    for _ in range(MUTATIONS):
        facts = copy.deepcopy(case["facts"])
        what = break_something(facts, rng)
        if not schema.is_valid(facts):
            assert is_refused(facts, network), f"accepted although the schema refuses: {what}"


def is_refused(facts: Any, network: Network) -> bool:
    try:
        parse_facts(facts, network=network)
    except InvalidInput:
        return True
    return False


@pytest.mark.parametrize("path", [p for p in own_cases() if p.stem.startswith("G")], ids=lambda path: path.stem)
def test_whatever_the_reader_refuses_in_form_the_schema_refuses_too(path: Path) -> None:
    """Members that go missing, and members nobody knows: here schema and reader must agree both ways."""
    case = json.loads(path.read_text(encoding="utf-8"))
    schema = validator("facts.schema.json")
    for facts in without_one_member(case["facts"]):
        try:
            parse_facts(facts)
            is_accepted = True
        except InvalidInput as refused:
            is_accepted = all("record of this file" in error.expected for error in refused.errors)
        assert is_accepted == schema.is_valid(facts)


def without_one_member(facts: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for place, feature in enumerate(facts["features"]):
        for name in feature["properties"]:
            if (
                name == "segments" and "direction" in feature["properties"]
            ):  # the schema cannot say that one needs the other
                continue
            broken = copy.deepcopy(facts)
            del broken["features"][place]["properties"][name]
            yield broken


WRONG = (None, True, -1, 0, 1.5, "", "x", "2026-03-10T12:00:00", "2026-02-30T12:00:00Z", [], {}, [0, 0], float("nan"))


def break_something(facts: dict[str, Any], rng: random.Random) -> str:
    """Change one thing somewhere in a facts file and say what."""
    at: Any = facts
    path = []
    while True:
        keys = list(at) if isinstance(at, dict) else list(range(len(at)))
        if not keys:
            return "nothing"
        key = rng.choice(keys)
        path.append(str(key))
        if isinstance(at[key], dict | list) and at[key] and rng.random() < 0.85:
            at = at[key]
            continue
        kind = rng.choice(("replace", "delete", "add"))
        if kind == "replace":
            at[key] = rng.choice(WRONG)
        elif kind == "delete":
            del at[key]
        elif isinstance(at, dict):
            at["no_such_member"] = 1
        return f"{kind} {'.'.join(path)}"
