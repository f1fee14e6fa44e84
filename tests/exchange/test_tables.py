"""Tables are read as they are written, and hostile ones are refused in words before they are used."""

from __future__ import annotations

import io
import time
import zipfile
from datetime import datetime

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fom.errors import InvalidInput
from fom.exchange.sheets import as_csv, neutralised
from fom.exchange.tables import read_csv, read_features, read_xlsx

LINES = [["When", "What", "Where"], ["2026-03-10 09:00", "robbery", "5.0 N 30.0 E"]]


def workbook(*sheets: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    for place, lines in enumerate(sheets):
        sheet = book.active if place == 0 else book.create_sheet()
        for line in lines:
            sheet.append(line)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def refusal(read, *args, **more) -> str:
    with pytest.raises(InvalidInput) as refused:
        read(*args, **more)
    (error,) = refused.value.errors
    return f"{error.came}; expected {error.expected}"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_csv_is_read_whatever_separates_its_columns(delimiter: str, encoding: str):
    text = "\r\n".join(delimiter.join(line) for line in [*LINES, ["", "", ""], ["2026-03-11", "vol à main armée", "x"]])
    table = read_csv(text.encode(encoding))
    assert table.headers == ("When", "What", "Where")
    assert [(row.number, row.cells[1]) for row in table.rows] == [(2, "robbery"), (4, "vol à main armée")]


def test_headers_are_told_apart_and_short_rows_are_filled():
    table = read_csv(b"a,a,,b\n1,2,3\n")
    assert table.headers == ("a", "a (2)", "column 3", "b")
    assert table.rows[0].cells == ("1", "2", "3", "")


def test_a_workbook_is_read_as_text_with_formulas_as_they_stand_and_other_sheets_named():
    rows = [["When", "Depth (m)", "Note"], [datetime(2026, 3, 10, 9, 5), 1.5, "=HYPERLINK(A1)"], [None, 20, True]]
    table = read_xlsx(workbook(rows, [["other"]]))
    assert table.rows[0].cells == ("2026-03-10 09:05:00", "1.5", "=HYPERLINK(A1)")
    assert table.rows[1].cells == ("", "20", "true")
    assert "Sheet1" in table.notes[0]


def test_points_of_geojson_are_rows_with_their_position():
    point = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [30.5, 5.25]}, "properties": {"a": 1}}
    area = {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": []}, "properties": {"b": [1, "x"]}}
    table = read_features({"type": "FeatureCollection", "features": [point, area, {"type": "Feature"}]})
    assert table.headers == ("a", "lon", "lat", "b")
    assert table.rows[0].cells == ("1", "30.5", "5.25", "")
    assert table.rows[1].cells == ("", "a Polygon", "", "1; x"), "what is no point is told in its row"


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 30_000_000)
    return out.getvalue()


def with_part(data: bytes, name: str, text: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            new.writestr(entry, text if entry.filename == name else old.read(entry))
    return out.getvalue()


def test_a_workbook_packed_to_burst_is_refused_without_unpacking_it():
    assert "unpacks to 29 MB" in refusal(read_xlsx, bomb())


def sheet(*rows: tuple[int, str], claims: str = "") -> bytes:
    """Return a workbook whose one sheet holds a cell in each row, empty ones far to the right, and claims a size."""
    full = '<row r="{0}"><c r="{1}{0}" t="inlineStr"><is><t>x</t></is></c></row>'
    bare = '<row r="{0}"><c r="{1}{0}" s="0"/></row>'
    cells = "".join((bare if column == "XFD" else full).format(number, column) for number, column in rows)
    size = f'<dimension ref="{claims}"/>' if claims else ""
    name = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    part = f'<worksheet xmlns="{name}">{size}<sheetData>{cells}</sheetData></worksheet>'
    return with_part(workbook(LINES), "xl/worksheets/sheet1.xml", part.encode())


def test_a_sheet_that_claims_to_be_as_large_as_can_be_is_read_as_large_as_it_is():
    begun = time.process_time()
    assert len(read_xlsx(sheet((1, "A"), (2, "A"), (4, "A"), claims="A1:XFD1048576")).rows) == 2
    assert "more than 60000 lines" in refusal(read_xlsx, sheet((1, "A"), (1_048_576, "A"), claims="A1:XFD1048576"))
    assert time.process_time() - begun < 20


def test_cells_far_to_the_right_are_refused_before_their_rows_fill_the_memory():
    assert "16384 columns" not in refusal(read_xlsx, sheet((1, "A"), (2, "XFD"))), "empty cells are no columns"
    rows = [(1, "A"), *((number, "XFD") for number in range(2, 2_000))]
    assert "more than 4 million cells by row 246" in refusal(read_xlsx, sheet(*rows))


def test_a_workbook_with_entities_is_refused():
    laughs = b'<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><worksheet>&b;</worksheet>'
    assert "declarations" in refusal(read_xlsx, with_part(workbook(LINES), "xl/worksheets/sheet1.xml", laughs))


@pytest.mark.parametrize("data", [b"PK\x03\x04 broken", b"%PDF-1.7", b"\x00" * 4000, workbook(LINES)[:-300]])
def test_what_is_no_workbook_is_refused_in_words(data: bytes):
    assert "workbook" in refusal(read_xlsx, data)


def test_a_workbook_whose_parts_contradict_each_other_is_refused_in_words():
    broken = with_part(workbook(LINES), "xl/workbook.xml", b"<workbook/>")
    assert "workbook" in refusal(read_xlsx, broken)


@pytest.mark.parametrize("read", [read_csv, read_xlsx])
def test_an_empty_file_and_one_of_40_megabytes_are_refused(read):
    assert refusal(read, b"").startswith("an empty file")
    assert refusal(read, b" \r\n \n").startswith("an empty file")
    assert refusal(read, b"a,b\n" * 10_500_000).startswith("40 MB; expected at most 20 MB")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("Où,Quoi\n1,2\n".encode("windows-1252"), "line 1 that is not utf-8"),
        (b"a,b\n1,\x00\n", "NUL"),
        (b"a,b\n1," + b"x" * 1_000_000 + b"\n", "row 2, column 'b': 1,000,000 characters"),
        (b"a,b\n1,2,3\n", "row 2 with 3 columns; expected 2"),
        (b"a,b\n" + b"1,2\n" * 10_001, "more than 10000 rows"),
        (b"a,b\n", "a header without rows"),
        (b",".join(b"x" for _ in range(201)) + b"\n1\n", "201 columns"),
    ],
)
def test_a_csv_that_cannot_be_used_is_refused_with_what_was_expected(data: bytes, words: str):
    assert words in refusal(read_csv, data)


def test_a_file_of_another_office_is_read_once_its_encoding_is_chosen():
    assert read_csv("Où\n1\n".encode("windows-1252"), encoding="windows-1252").headers == ("Où",)
    assert read_csv("موقع\n1\n".encode("windows-1256"), encoding="windows-1256").headers == ("موقع",)


@given(st.text(max_size=30))
def test_no_cell_that_is_written_starts_as_a_formula_and_numbers_stay_numbers(text: str):
    written = neutralised(text)
    assert written == text or written == f"'{text}"
    assert written[:1] not in tuple("=@\t\r") or not written
    assert not written.startswith(("+", "-")) or written.strip("+-").replace(",", ".").replace(".", "", 1).isdigit()


def test_what_is_written_is_read_again():
    data = as_csv(["a", "b"], [["=1+1", "-7.5"], ['say "so"', "two\nlines"]])
    table = read_csv(data)
    assert [row.cells for row in table.rows] == [("'=1+1", "-7.5"), ('say "so"', "two\nlines")]
