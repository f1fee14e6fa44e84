"""Tables and workbooks as we write them, read again by outside programs: the same cells, and none of them runs."""

from __future__ import annotations

import codecs
import io
import itertools
import shutil
import subprocess
from pathlib import Path
from typing import Any

import openpyxl
import pandas
import pyogrio
import pytest

from fom.domain.forms import FORMS
from fom.exchange.sheets import as_csv, cell
from fom.exchange.xlsform import workbook_of
from tests.exchange.forms import xlsform

HOSTILE = [
    '=HYPERLINK("http://x.example","y")', "=1+1", "+1+1", "-2+3", "@SUM(A1)", "\t=1+1", " =1+1", "\r=1+1",
    "=cmd|' /C x'!A0",
]  # fmt: skip
PLAIN = ["Cedar strip", "-7.5", "12", "vol à main armée", "٣ كم", 'say "so"', "a;b,c"]
HEAD = ["name", "note"]
LINES = [[text, f"row {number}"] for number, text in enumerate([*HOSTILE, *PLAIN])]
AS_UTF8 = "--infilter=Text - txt - csv (StarCalc):44,34,76,1"
"""Comma, quotes, UTF-8, from line 1: what it proposes to a person for a file with a mark; headless it guesses."""


def same_text(read: Any, written: str) -> bool:
    """Return whether a cell says what was written; an outside program may make a number of a number."""
    if isinstance(read, int | float):
        return float(written) == float(read)
    said = str(read).removeprefix("'")
    return said.strip() == written.strip()


def test_pandas_and_gdal_read_every_cell_of_a_csv_as_text(tmp_path: Path):
    data = as_csv(HEAD, LINES)
    table = pandas.read_csv(io.BytesIO(data), dtype=str, keep_default_na=False, encoding="utf-8-sig")
    assert list(table.columns) == HEAD
    assert [same_text(cell, line[0]) for cell, line in zip(table["name"], LINES, strict=True)] == [True] * len(LINES)
    file = tmp_path / "list.csv"
    file.write_bytes(data)
    found = pyogrio.read_dataframe(file, read_geometry=False)
    assert [same_text(cell, line[0]) for cell, line in zip(found["name"], LINES, strict=True)] == [True] * len(LINES)
    assert not [cell for cell in table["name"] if cell.lstrip()[:1] in "=@" or cell in HOSTILE]


def test_a_cell_of_a_list_is_neutral_and_a_number_stays_one():
    assert [cell(text) for text in HOSTILE] == [f"'{text}" for text in HOSTILE]
    assert [cell(value) for value in (-7.5, 3, 12345678901, True, None)] == ["-7.5", "3", "12345678901", "yes", ""]


@pytest.mark.parametrize("code", FORMS)
def test_gdal_and_pandas_read_a_form_as_openpyxl_does(code: str, tmp_path: Path):
    data = workbook_of(xlsform(code, air_head=[(f"row {n}", text) for n, text in enumerate(HOSTILE)]))
    book = openpyxl.load_workbook(io.BytesIO(data))
    file = tmp_path / "form.xlsx"
    file.write_bytes(data)
    whole = pandas.read_excel(io.BytesIO(data), sheet_name=None, dtype=str, keep_default_na=False)
    assert list(whole) == book.sheetnames == list(pyogrio.list_layers(file)[:, 0])
    for sheet in book:
        head, *lines = [
            ["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)
        ]
        assert [list(row) for row in whole[sheet.title].itertuples(index=False)] == lines
        found = gdal_rows(file, sheet.title)
        assert found[0] == head
        assert len(found) == len(lines) + 1
        pairs = zip(itertools.chain(*found[1:]), itertools.chain(*lines), strict=True)
        assert all(str(cell) == written or same_text(cell, written) for cell, written in pairs)
        assert {cell.data_type for row in sheet.iter_rows() for cell in row if cell.value is not None} <= {"s", "n"}


def gdal_rows(file: Path, sheet: str) -> list[list[Any]]:
    """Return the rows of a sheet as GDAL reads them; whether it takes the first for names it decides itself."""
    table = pyogrio.read_dataframe(file, layer=sheet, read_geometry=False)
    rows = [["" if pandas.isna(cell) else cell for cell in row] for row in table.itertuples(index=False)]
    return rows if table.columns[0] == "Field1" else [list(table.columns), *rows]


def converted(file: Path) -> Path:
    """Return the file opened and saved as a workbook by LibreOffice or Gnumeric, whichever is here."""
    out = file.with_name(f"{file.stem}-again.xlsx")
    office, gnumeric = shutil.which("soffice") or shutil.which("libreoffice"), shutil.which("ssconvert")
    if office is None and gnumeric is None:
        pytest.skip("NO outside spreadsheet ran: install Debian's libreoffice-calc-nogui or gnumeric")
    if office is not None:
        folder = file.parent / "out"
        home = f"-env:UserInstallation=file://{file.parent}/home"
        marked = [AS_UTF8] if file.read_bytes().startswith(codecs.BOM_UTF8) else []
        command = [office, home, "--headless", *marked, "--convert-to", "xlsx", "--outdir", str(folder), str(file)]
        subprocess.run(command, check=True, capture_output=True, timeout=300)
        return folder / f"{file.stem}.xlsx"
    subprocess.run([str(gnumeric), str(file), str(out)], check=True, capture_output=True, timeout=300)
    return out


@pytest.mark.deep
def test_a_spreadsheet_runs_no_cell_of_a_csv(tmp_path: Path):
    file = tmp_path / "list.csv"
    file.write_bytes(as_csv(HEAD, LINES))
    (sheet,) = openpyxl.load_workbook(converted(file)).worksheets
    cells = [row[0] for row in sheet.iter_rows(min_row=2)]
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    read = [cell.value for cell in cells]
    assert [same_text(cell, line[0]) for cell, line in zip(read, LINES, strict=True)] == [True] * len(LINES)


@pytest.mark.deep
@pytest.mark.parametrize("code", FORMS)
def test_a_spreadsheet_opens_a_form_with_every_cell(code: str, tmp_path: Path):
    file = tmp_path / "form.xlsx"
    file.write_bytes(workbook_of(xlsform(code, air_head=[(f"row {n}", text) for n, text in enumerate(HOSTILE)])))
    ours, again = openpyxl.load_workbook(file), openpyxl.load_workbook(converted(file))
    assert ours.sheetnames == again.sheetnames
    for sheet in ours:
        cells = {
            cell.coordinate: str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value is not None
        }
        other = {
            cell.coordinate: cell for row in again[sheet.title].iter_rows() for cell in row if cell.value is not None
        }
        assert {name: str(cell.value) for name, cell in other.items()} == cells
        assert {cell.data_type for cell in other.values()} <= {"s", "n"}
