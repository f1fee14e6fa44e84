"""Every worked case, our own and the published ones, must come out as written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fom.errors import InvalidInput
from fom.services.assessing import assess_documents
from tests.golden.comparing import differences

HERE = Path(__file__).resolve().parent
PUBLISHED = HERE.parents[2] / "shared" / "golden"


def questions(folder: Path) -> list[Any]:
    """Return (case, question) of every case file in a folder; one loud skip when the folder is missing."""
    if not folder.is_dir():
        reason = f"the folder {folder} with worked cases is missing"
        return [pytest.param(None, None, id="missing", marks=pytest.mark.skip(reason=reason))]
    found = []
    for path in sorted(folder.glob("*.json")):
        if path.name.endswith(".schema.json"):
            continue
        case = json.loads(path.read_text(encoding="utf-8"))
        for number, question in enumerate(case["questions"]):
            found.append(pytest.param(case, question, id=f"{path.stem}-{question.get('sub', number)}"))
    return found


def check(case: dict[str, Any], question: dict[str, Any]) -> None:
    """Fail unless the answer is what the question expects."""
    names = ("at", "known_at", "profile", "user_class")
    asked = {name: question[name] for name in names}
    if question["expect"].get("error"):
        with pytest.raises(InvalidInput):
            assess_documents(case["network"], case["facts"], **asked)
        return
    assert differences(question["expect"], assess_documents(case["network"], case["facts"], **asked)) == []


@pytest.mark.parametrize(("case", "question"), questions(HERE))
def test_our_worked_case_comes_out_as_written(case: dict[str, Any], question: dict[str, Any]) -> None:
    check(case, question)


@pytest.mark.parametrize(("case", "question"), questions(PUBLISHED))
def test_the_published_worked_case_comes_out_as_written(case: dict[str, Any], question: dict[str, Any]) -> None:
    check(case, question)


def test_a_reason_tells_of_a_bridge_without_a_name_by_its_kind() -> None:
    case = json.loads((HERE / "G07b-class-unknown.json").read_text(encoding="utf-8"))
    question = case["questions"][0]
    asked = {part: question[part] for part in ("at", "known_at", "profile", "user_class")}
    answer = assess_documents(case["network"], case["facts"], **asked)
    [reason] = [r for r in answer["segments"][0]["reasons"] if r.get("subject") == "bridge-7"]
    assert reason["text"] == "Unnamed bridge: its limit is not known"
