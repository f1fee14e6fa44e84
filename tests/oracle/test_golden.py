"""The oracle itself must give the published worked cases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.oracle.answer import assess
from tests.oracle.expectations import unmet

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = (ROOT / "tests" / "golden", ROOT.parent / "shared" / "golden")


def questions() -> list[Any]:
    """Return (case, question) of every case file found, the project's own copies first."""
    out = []
    for folder in FOLDERS:
        for path in sorted(folder.glob("G*.json")):
            case = json.loads(path.read_text(encoding="utf-8"))
            for number, question in enumerate(case["questions"]):
                name = f"{folder.parent.name}-{path.stem}-{question.get('sub', number)}"
                out.append(pytest.param(case, question, id=name))
        if not out:
            reason = f"the folder {folder} with the worked cases is missing"
            out.append(pytest.param(None, None, id=str(folder.parent.name), marks=pytest.mark.skip(reason=reason)))
    return out


@pytest.mark.parametrize(("case", "question"), questions())
def test_the_oracle_gives_the_answer_of_the_worked_case(case: dict[str, Any], question: dict[str, Any]) -> None:
    names = ("at", "known_at", "profile", "user_class")
    answer = assess(case["network"], case["facts"], **{name: question[name] for name in names})
    assert unmet(question["expect"], answer) == []
