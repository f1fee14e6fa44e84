"""The workbooks: open again in a spreadsheet, hold every question in three languages, are forms to outside tools."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from pyxform.validators.odk_validate import ODK_VALIDATE_PATH
from pyxform.xls2xform import convert

from fom.domain.forms import FORMS
from fom.exchange.xlsform import LANGUAGES, build_xlsform, workbook_of, xform_of
from fom.services.odk_forms import odk_words
from tests.exchange.forms import ROWS, xlsform

CODES = tuple(FORMS)
ROOT = Path(__file__).resolve().parents[2]


def opened(code: str, **rows: list[tuple[str, str]]) -> dict[str, list[dict[str, Any]]]:
    """Return sheet -> rows by heading, as a spreadsheet reads the file."""
    book = load_workbook(io.BytesIO(workbook_of(xlsform(code, **rows))))
    sheets = {}
    for sheet in book:
        head, *lines = sheet.iter_rows(values_only=True)
        sheets[sheet.title] = [{k: v for k, v in zip(head, line, strict=True) if v is not None} for line in lines]
    return sheets


@pytest.mark.parametrize("code", CODES)
def test_a_workbook_opens_again_with_every_question_in_three_languages(code: str):
    sheets = opened(code)
    assert list(sheets) == ["survey", "choices", "settings"]
    rows = {row["name"]: row for row in sheets["survey"] if "name" in row}
    for question in FORMS[code].questions:
        labels = [rows[question.code][f"label::{language}"] for language in LANGUAGES.values()]
        assert all(labels), question.code
        if question.is_required and question.kind != "way":
            assert rows[question.code]["required"] == "yes"
    lists = {row["type"].split()[1] for row in rows.values() if row["type"].startswith("select_")}
    assert lists == {row["list_name"] for row in sheets["choices"]}
    assert sheets["settings"][0]["form_id"] == f"fom_{code}"
    assert sheets["settings"][0]["version"] == xlsform(code).version
    assert {"start", "today", "deviceid"} <= set(rows)


def test_constraints_come_from_the_questions():
    rows = {row.get("name"): row for row in opened("explosive")["survey"]}
    assert rows["cordon_m"]["constraint"] == ". >= 0 and . <= 10000"
    assert rows["cordon_m"]["constraint_message::French (fr)"] == "De 0 à 10000"
    assert rows["cordon_m"]["label::English (en)"] == "Cordon (m)"
    assert rows["look"]["constraint"] == "string-length(.) <= 4000"
    assert [row["type"] for row in rows.values()].count("geopoint") == 1


def test_the_explosive_form_opens_with_its_warning():
    asked = [row for row in opened("explosive")["survey"] if "label::English (en)" in row]
    assert (asked[0]["type"], asked[0]["label::English (en)"][:13]) == ("note", "Do not touch.")
    assert asked[0]["label::Arabic (ar)"].startswith("لا تلمس")


def test_a_form_that_asks_nothing_by_force_asks_for_words():
    assert next(row for row in opened("other")["survey"] if row.get("name") == "words")["required"] == "yes"
    assert "required" not in next(row for row in opened("bridge")["survey"] if row.get("name") == "words")


def test_the_version_follows_the_content_and_nothing_else():
    assert xlsform("air_head").version == xlsform("air_head").version
    assert xlsform("air_head").version != xlsform("air_head", air_head=[("air-2", "North")]).version
    assert xlsform("bridge").version == xlsform("bridge", air_head=[("air-2", "North")]).version


def test_a_register_without_rows_gives_a_form_that_cannot_be_sent_and_a_passage_without_key_routes():
    empty = xlsform("crossing", crossing=[])
    assert not empty.is_fillable
    assert "none_known" in xform_of(empty)
    passage = xlsform("passage", key_route=[])
    assert passage.is_fillable
    assert "way_route" not in xform_of(passage)


@pytest.mark.parametrize(
    "name",
    ["=1+1", "${words}", "${nowhere}", "${", "a\x00\x0bb\nc", "<b>&amp;</b>", "“quoted” 'it'", "  ", "٣ كم", "-2+3"],
)
def test_no_name_of_a_register_breaks_a_form_or_becomes_a_formula(name: str):
    rows = [("row 1", name), ("row-2", "Plain")]
    found = [row for row in opened("air_head", air_head=rows)["choices"] if row["list_name"] == "air_head"]
    assert [row["name"] for row in found] == ["row 1", "row-2"]
    book = load_workbook(io.BytesIO(workbook_of(xlsform("air_head", air_head=rows))))
    assert {cell.data_type for row in book["choices"].iter_rows() for cell in row if cell.value} == {"s"}
    form = xlsform("air_head", air_head=rows)
    assert "row 1" in xform_of(form)
    assert "<output" not in xform_of(form), "a name that names a question is a name"
    assert convert(workbook_of(form), file_type=".xlsx", form_name="data").xform == xform_of(form)


@pytest.mark.parametrize("code", CODES)
def test_pyxform_converts_every_form_without_a_warning(code: str):
    form = build_xlsform(FORMS[code], odk_words(), {})
    converted = convert(workbook_of(form), file_type=".xlsx", form_name="data")
    assert converted.warnings == []
    assert converted.xform == xform_of(form)
    assert f'id="fom_{code}"' in converted.xform
    assert all(f'lang="{language}"' in xform_of(xlsform(code)) for language in LANGUAGES.values())


def test_every_process_makes_the_same_form_of_the_same_content():
    """A phone compares the hash in the list of one process with the file that another may have sent."""
    program = (
        "from tests.exchange.forms import xlsform; from fom.exchange.xlsform import xform_of;"
        "print(xform_of(xlsform('passage')))"
    )
    made = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, cwd=ROOT, capture_output=True, check=True
        ).stdout.decode()
        for seed in ("1", "2")
    }
    assert made == {xform_of(xlsform("passage")) + "\n"}


@pytest.mark.deep
def test_odk_validate_finds_every_form_valid(tmp_path: Path):
    java = shutil.which("java")
    if java is None:
        pytest.skip("ODK Validate did NOT run: no Java here. Install Debian's default-jre-headless")
    files = []
    for code in CODES:
        for name, rows in (("full", {}), ("empty", {register: [] for register in ROWS})):
            file = tmp_path / f"{code}-{name}.xml"
            file.write_text(xform_of(xlsform(code, **rows)), "utf-8")
            files.append(str(file))
    command = [java, "-Djava.awt.headless=true", "-jar", os.fspath(ODK_VALIDATE_PATH)]
    found = subprocess.run([*command, *files], capture_output=True, text=True, timeout=300, check=False)
    said = found.stdout + found.stderr
    assert found.returncode == 0, said
    assert said.count("Xform is valid!") == len(files), said
    bad = tmp_path / "bad.xml"
    bad.write_text(xform_of(xlsform("bridge")).replace("/data/first/damage", "/data/first/nowhere", 1), "utf-8")
    refused = subprocess.run([*command, str(bad)], capture_output=True, text=True, timeout=300, check=False)
    assert refused.returncode != 0, "the validator finds what is wrong"
