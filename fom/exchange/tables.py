"""Tables as people send them: CSV, XLSX and GeoJSON points read as rows of text.

Every cell stays the text that was in it: what it means is `domain.column_mapping`. A file that is too large, packed to
burst or not what it says is refused in words before anything of it is used.
"""

from __future__ import annotations

import csv
import io
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import openpyxl
import orjson

from fom.domain.json_bounds import VALUES_MAX, check_value
from fom.errors import InvalidInput

FILE_MAX_BYTES = 20 * 1024 * 1024
ROWS_MAX = 10_000
COLUMNS_MAX = 200
CELL_MAX = 10_000
"""Characters of one cell."""
ZIP_RATIO_MAX = 100
ZIP_TOTAL_MAX = 200 * 1024 * 1024
ZIP_FILES_MAX = 200
CELLS_MAX = 4_000_000
"""Cells looked at, empty ones included: one cell far to the right makes its row so wide."""
TEXT_MAX = 32_000_000
"""Characters of all cells: a workbook may say one long text in every cell and be small."""
LINES_MAX = 60_000
"""Lines looked at, empty ones included. Source of all: reliability goals S7, S9; project decision."""
ENCODINGS = ("utf-8", "windows-1252", "windows-1256")
"""What a CSV may be written in; the last two are what spreadsheets write in western and Arabic offices."""
DELIMITERS = ",;\t|"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: its number in the file, and a text for every header."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table of texts with distinct headers."""

    headers: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    """What the reader should know: sheets that were left out."""


def read_csv(data: bytes, *, encoding: str = "utf-8") -> Table:
    """Return the table of a CSV file, whatever separates its columns.

    Raises
    ------
    InvalidInput
        Empty, too large, too many rows, a cell too long, or not written in `encoding`.
    """
    _check_size(data)
    text = _decode(data, encoding)
    if "\x00" in text:
        raise _refused("a file with NUL characters", "a CSV text file; a workbook is sent as XLSX")
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(DELIMITERS, key=first.count)
    before = csv.field_size_limit(FILE_MAX_BYTES)
    try:
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        return _table((lines.line_num, line) for line in lines)
    except csv.Error as failed:
        raise _refused(f"a line that is no CSV ({failed})", "quotes that are closed, one row a line") from None
    finally:
        csv.field_size_limit(before)


def read_xlsx(data: bytes) -> Table:
    """Return the first visible sheet of a workbook; formulas stay the text of the formula.

    Raises
    ------
    InvalidInput
        As `read_csv`; also a file packed to burst, or with declarations that XML of a workbook never needs.
    """
    _check_size(data)
    _check_archive(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of extensions that the reader leaves out
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, keep_links=False)
        sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
        if not sheets:
            raise _refused("a workbook without a visible sheet", "one sheet with a header row")
        sheets[0].reset_dimensions()  # what a sheet claims of its size would fill every row with empty cells
        lines = enumerate(sheets[0].iter_rows(values_only=True), start=1)
        table = _table((number, [_cell_text(cell) for cell in line]) for number, line in lines)
    except (InvalidInput, MemoryError):
        raise
    except Exception:  # the reader of workbooks raises whatever a broken part leads it to
        raise _refused("a workbook that cannot be read", "an XLSX file as a spreadsheet program saves it") from None
    if len(sheets) > 1:
        others = ", ".join(sheet.title[:40] for sheet in sheets[1:6])
        return Table(table.headers, table.rows, (f"Only the sheet {sheets[0].title[:40]!r} is read, not {others}.",))
    return table


def read_geojson(data: bytes) -> Table:
    """Return the table of a GeoJSON file of points.

    Raises
    ------
    InvalidInput
        Too large, no JSON, too much or too deep, or no FeatureCollection.
    """
    _check_size(data)
    if (holders := data.count(b"{") + data.count(b"[")) > VALUES_MAX:
        raise _refused(f"{holders:,} objects and lists", f"at most {VALUES_MAX:,} values; send it in parts")
    try:
        collection = orjson.loads(data)
    except ValueError:
        raise _refused("a file that is no JSON", "a GeoJSON FeatureCollection") from None
    check_value(collection)
    if not isinstance(collection, dict):
        raise _refused(type(collection).__name__, "a GeoJSON FeatureCollection")
    return read_features(collection)


def read_features(collection: Mapping[str, Any]) -> Table:
    """Return the table of a GeoJSON FeatureCollection of points: its properties, and `lon` and `lat`."""
    features = collection.get("features")
    if collection.get("type") != "FeatureCollection" or not isinstance(features, list):
        raise _refused(repr(collection.get("type"))[:40], "a GeoJSON FeatureCollection")
    if not features:
        raise _refused("no feature", "at least one feature")
    headers: dict[str, None] = {}
    read: list[dict[str, str]] = []
    for index, feature in enumerate(features):
        properties = feature.get("properties") if isinstance(feature, Mapping) else None
        if not isinstance(properties, Mapping | None):
            raise _refused(f"features[{index}] without properties", "a GeoJSON feature")
        cells = {str(name)[:120]: _json_text(value) for name, value in (properties or {}).items()}
        cells |= _position_cells(feature.get("geometry") if isinstance(feature, Mapping) else None)
        headers |= dict.fromkeys(cells)
        read.append(cells)
    lines = [(number, [cells.get(name, "") for name in headers]) for number, cells in enumerate(read, start=1)]
    return _table([(0, list(headers)), *lines])


def _check_size(data: bytes) -> None:
    if not data.strip():
        raise _refused("an empty file", "a file with a header row and at least one row")
    if len(data) > FILE_MAX_BYTES:
        came = f"{len(data) / 1024 / 1024:.0f} MB"
        raise _refused(came, f"at most {FILE_MAX_BYTES // 1024 // 1024} MB; send it in parts")


def _decode(data: bytes, encoding: str) -> str:
    if encoding not in ENCODINGS:
        raise InvalidInput.single("encoding", repr(encoding)[:40], "one of " + ", ".join(ENCODINGS))
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    elif data[:3] == b"\xef\xbb\xbf":
        encoding = "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as failed:
        line = data.count(b"\n", 0, failed.start) + 1
        raise _refused(
            f"a character in line {line} that is not {encoding}",
            "the file saved as CSV UTF-8, or the encoding that it was saved in chosen above",
        ) from None


def _check_archive(data: bytes) -> None:
    """Refuse a workbook that would burst or that declares entities; sizes are those that reading is held to."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            inflated = sum(entry.file_size for entry in entries)
            if len(entries) > ZIP_FILES_MAX:
                raise _refused(f"a workbook of {len(entries)} parts", f"at most {ZIP_FILES_MAX} parts")
            if inflated > ZIP_TOTAL_MAX or inflated > ZIP_RATIO_MAX * len(data):
                raise _refused(
                    f"a workbook that unpacks to {inflated / 1024 / 1024:.0f} MB",
                    f"at most {ZIP_TOTAL_MAX // 1024 // 1024} MB, and {ZIP_RATIO_MAX} times its size",
                )
            for entry in entries:
                if entry.filename.endswith((".xml", ".rels", ".vml")):
                    _check_part(archive.read(entry))
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, EOFError, ValueError):
        raise _refused("a file that is no workbook", "an XLSX file as a spreadsheet program saves it") from None


def _check_part(part: bytes) -> None:
    if part[:2] in (b"\xff\xfe", b"\xfe\xff") or b"<!DOCTYPE" in part or b"<!ENTITY" in part:
        raise _refused("a workbook with declarations in its XML", "a workbook as a spreadsheet program saves it")


def _table(lines: Iterable[tuple[int, Sequence[str]]]) -> Table:
    """Return the table of numbered lines: the first that says anything is the header; empty ones are left out."""
    headers: tuple[str, ...] = ()
    rows: list[Row] = []
    length = 0
    for number, cells in _filled(lines):
        length += sum(map(len, cells))
        if length > TEXT_MAX:
            came = f"more than {TEXT_MAX // 1_000_000} million characters by row {number}"
            raise _refused(came, "a table of reports; send it in parts")
        if not headers:
            headers = _distinct(cells)
            continue
        if len(rows) == ROWS_MAX:
            raise _refused(f"more than {ROWS_MAX} rows", f"at most {ROWS_MAX} rows; send it in parts")
        if len(cells) > len(headers) and any(cell.strip() for cell in cells[len(headers) :]):
            raise _refused(f"row {number} with {len(cells)} columns", f"{len(headers)} columns as in the header row")
        padded = [*cells[: len(headers)], *[""] * (len(headers) - len(cells))]
        longest = max(range(len(padded)), key=lambda at: len(padded[at]))
        if len(padded[longest]) > CELL_MAX:
            raise _refused(
                f"row {number}, column {headers[longest]!r}: {len(padded[longest]):,} characters",
                f"at most {CELL_MAX:,} characters in a cell",
            )
        rows.append(Row(number, tuple(cell.strip() for cell in padded)))
    if not headers or not rows:
        raise _refused("a header without rows" if headers else "nothing", "a header row and at least one row")
    return Table(headers, tuple(rows))


def _filled(lines: Iterable[tuple[int, Sequence[str]]]) -> Iterator[tuple[int, Sequence[str]]]:
    cells_seen = 0
    for looked_at, (number, cells) in enumerate(lines):
        cells_seen += len(cells)
        if cells_seen > CELLS_MAX:
            came = f"more than {CELLS_MAX // 1_000_000} million cells by row {number}"
            raise _refused(came, "one table from the first column on; delete what stands far to the right")
        if looked_at == LINES_MAX:
            raise _refused(f"more than {LINES_MAX} lines", f"at most {ROWS_MAX} rows; delete the empty lines")
        if any(cell.strip() for cell in cells):
            yield number, cells


def _distinct(cells: Sequence[str]) -> tuple[str, ...]:
    """Return headers without blanks at the end; empty ones get a number, equal ones a number behind."""
    named = [" ".join(cell.split())[:120] for cell in cells]
    while named and not named[-1]:
        named.pop()
    if len(named) > COLUMNS_MAX:
        raise _refused(f"{len(named)} columns", f"at most {COLUMNS_MAX} columns")
    seen: dict[str, int] = {}
    distinct = []
    for place, name in enumerate(named, start=1):
        name = name or f"column {place}"
        seen[name] = seen.get(name, 0) + 1
        distinct.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(distinct)


def _cell_text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, int | float):
        return f"{cell:.15g}"
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ", timespec="seconds")
    if isinstance(cell, date | time):
        return cell.isoformat()
    return str(cell) if not isinstance(cell, timedelta) else f"{cell.total_seconds() / 60:g} min"


def _json_text(value: object) -> str:
    if isinstance(value, list):
        return "; ".join(_json_text(item) for item in value)
    return _cell_text(value) if not isinstance(value, Mapping) else str(dict(value))[:CELL_MAX]


def _position_cells(geometry: object) -> dict[str, str]:
    if not isinstance(geometry, Mapping):
        return {}
    coordinates = geometry.get("coordinates")
    if geometry.get("type") == "Point" and isinstance(coordinates, list) and len(coordinates) >= 2:
        return {"lon": _json_text(coordinates[0]), "lat": _json_text(coordinates[1])}
    return {"lon": f"a {geometry.get('type')}"[:40], "lat": ""}


def _refused(came: str, expected: str) -> InvalidInput:
    return InvalidInput.single("file", came, expected)
