"""Rows as CSV and XLSX that a spreadsheet opens without running anything in it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import openpyxl
from openpyxl.cell import WriteOnlyCell

_STARTS_FORMULA = re.compile(r"^(?:\s*[=+\-@]|[\t\r\n])")
_PLAIN_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")

Rows = tuple[Sequence[str], Iterable[Sequence[object]]]


def as_csv(head: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Return CSV in UTF-8 with the mark by which spreadsheets know it; null is an empty cell."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerows([cell(value) for value in row] for row in (head, *rows))
    return ("\ufeff" + out.getvalue()).encode()


def as_xlsx(sheets: Mapping[str, Rows]) -> bytes:
    """Return a workbook: sheet name -> (head, rows). Numbers stay numbers, every text is stored as text."""
    book = openpyxl.Workbook(write_only=True)
    for name, (head, rows) in sheets.items():
        sheet = book.create_sheet(name)
        sheet.freeze_panes = "A2"
        for row in (head, *rows):
            sheet.append([_typed(sheet, value) for value in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def cell(value: object) -> str:
    """Return a value as the text of a cell: one that could be read as a formula gets a leading apostrophe."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.10g}"
    return neutralised(str(value).replace("\x00", ""))


def neutralised(text: str) -> str:
    """Return a text that a spreadsheet shows and does not run: a formula gets a quote before it, a number stays."""
    return f"'{text}" if _STARTS_FORMULA.match(text) and not _PLAIN_NUMBER.fullmatch(text) else text


def _typed(sheet: Any, value: object) -> Any:
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    made = WriteOnlyCell(sheet, cell(value))
    made.data_type = "s"  # whatever it begins with
    return made
