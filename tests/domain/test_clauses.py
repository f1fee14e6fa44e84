"""The clause list as data: read from JSON and CSV, every fault named."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fom.domain.clauses import CLAUSES_MAX, MEMBERS, Clause, compare_clauses, parse_clauses, read_clause_text
from fom.errors import InvalidInput
from geodata.agreements import CLAUSES, NAMES

ROW = {"code": "SA 4", "title": "Roads", "summary": "Moves freely.", "secures": "movement by road"}


def faults(rows: object) -> dict[str, str]:
    with pytest.raises(InvalidInput) as refused:
        parse_clauses(rows)
    return {error.field: error.came for error in refused.value.errors}


def test_a_row_becomes_a_clause_with_safe_defaults():
    (clause,) = parse_clauses([ROW])
    assert clause.requires == "nothing"
    assert clause.movement_kinds == ("patrol", "convoy", "humanitarian", "flight")
    assert parse_clauses([clause.as_row()]) == (clause,)


def test_the_invented_agreement_of_the_demo_can_be_read():
    rows = [dict(zip(NAMES, clause, strict=True)) for clause in CLAUSES]
    assert len(parse_clauses(rows)) == len(CLAUSES)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"code": ""}, "clauses[1].code"),
        ({"title": None}, "clauses[1].title"),
        ({"summary": "x" * 2001}, "clauses[1].summary"),
        ({"requires": "begging"}, "clauses[1].requires"),
        ({"movement_kinds": ["sailing"]}, "clauses[1].movement_kinds"),
        ({"colour": "red"}, "clauses[1].colour"),
    ],
)
def test_a_bad_member_is_named(change, field):
    assert set(faults([{**ROW, **change}])) == {field}


def test_every_fault_is_named_at_once_and_a_code_stands_once():
    assert set(faults([{"code": "A"}, "text", ROW, ROW])) == {
        "clauses[1].title", "clauses[1].summary", "clauses[1].secures", "clauses[2]", "clauses[4].code",
    }  # fmt: skip
    assert "0 clauses" in faults([])["clauses"]
    assert f"{CLAUSES_MAX + 1} clauses" in faults([ROW] * (CLAUSES_MAX + 1))["clauses"]


def test_json_and_csv_say_the_same():
    as_json = read_clause_text(json.dumps({"clauses": [{**ROW, "movement_kinds": ["patrol", "flight"]}]}))
    for separator in (",", ";", "\t"):
        head = separator.join((*MEMBERS[:4], "movement_kinds"))
        line = separator.join((*(ROW[name] for name in MEMBERS[:4]), "patrol flight"))
        rows = read_clause_text(f"\ufeff{head}\r\n{line}\r\n\r\n")
        assert parse_clauses(rows) == parse_clauses(as_json)


def test_a_quoted_cell_may_hold_commas_and_lines():
    text = 'code,title,summary,secures\nSA 4,Roads,"One, two\nthree",movement\n'
    assert read_clause_text(text)[0]["summary"] == "One, two\nthree"


@pytest.mark.parametrize(
    ("text", "came"),
    [
        ("", "nothing"),
        ('[{"code": }]', "line 1"),
        ('{"rows": []}', "without a list"),
        ("name,number\na,1\n", "line 1: name,number"),
        ("code,title\nA,B,C\n", "line 2: 3 cells"),
        ('code,title\n"A,B\n', "line"),
        ("x" * 400_001, "400001 characters"),
    ],
)
def test_what_cannot_be_read_names_its_line(text, came):
    with pytest.raises(InvalidInput) as refused:
        read_clause_text(text)
    assert came in refused.value.errors[0].came


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused_in_words(text):
    with contextlib.suppress(InvalidInput):
        parse_clauses(read_clause_text(text))


def test_versions_are_compared_by_code():
    old = [Clause("A", "a", "a", "a"), Clause("B", "b", "b", "b")]
    new = [Clause("B", "b", "other", "b"), Clause("C", "c", "c", "c")]
    assert compare_clauses(old, new) == {"added": ["C"], "dropped": ["A"], "changed": ["B"]}
