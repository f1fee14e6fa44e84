"""Files that somebody makes to burst, hang or fool a reader, built anew from a seed; none is kept in the project."""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from typing import Any

from fom.exchange.gpx import read_gpx, read_line_positions
from fom.exchange.photos import read_photo
from fom.exchange.tables import read_csv, read_geojson, read_xlsx
from tests.exchange.test_gpx import HEAD, file, point
from tests.exchange.test_photos import jpeg_of, photo, png_of
from tests.exchange.test_tables import LINES, bomb, sheet, with_part, workbook

Case = tuple[str, Callable[..., Any], bytes]
MB = 1024 * 1024
SHEET = "xl/worksheets/sheet1.xml"
LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY l0 "lol">'
    + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    + "]>"
)
OUTSIDE = '<?xml version="1.0"?><!DOCTYPE g [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
BLOW_UP = '<?xml version="1.0"?><!DOCTYPE g [<!ENTITY a "' + "a" * 100_000 + '">]>'
PARAMETERS = '<?xml version="1.0"?><!DOCTYPE g [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x.dtd"> %p;]>'


def _xml_of(head: str, entity: str, inside: str) -> bytes:
    return f"{head}<{inside}>{entity}</{inside}>".encode()


def _classics() -> dict[str, tuple[Callable[..., Any], Callable[[], bytes]]]:
    cases: dict[str, tuple[Callable[..., Any], Callable[[], bytes]]] = {}
    heads = {"laughs": (LAUGHS, "&l9;"), "outside": (OUTSIDE, "&x;"), "blow-up": (BLOW_UP, "&a;" * 10_000)}
    for name, (head, entity) in {**heads, "parameters": (PARAMETERS, "")}.items():
        gpx, part = _xml_of(head, entity, "gpx"), _xml_of(head, entity, "worksheet")
        cases[f"gpx {name}"] = read_gpx, partial(bytes, gpx)
        cases[f"line {name}"] = read_line_positions, partial(bytes, gpx)
        cases[f"xlsx {name}"] = read_xlsx, partial(with_part, workbook(LINES), SHEET, part)
        cases[f"styles {name}"] = read_xlsx, partial(with_part, workbook(LINES), "xl/styles.xml", part)
    attributes = " ".join(f'a{n}="1"' for n in range(1_000))
    track = f"<trk><trkseg>{point(30, 5)}</trkseg></trk>"
    return cases | {
        "gpx deep": (read_gpx, lambda: f"{HEAD}{'<a>' * 1_000_000}".encode()),
        "line deep": (read_line_positions, lambda: b"<a>" * 400_000),
        "gpx attribute": (read_gpx, lambda: file(f'<trkpt lat="5" lon="{"3" * (10 * MB)}"/>')),
        "gpx attributes": (read_gpx, lambda: f"{HEAD}{f'<a {attributes}/>' * 1_000}</gpx>".encode()),
        "gpx name": (read_gpx, lambda: f"{HEAD}<trk><name>{'x ' * (9 * MB)}</name></trk></gpx>".encode()),
        "gpx tracks": (read_gpx, lambda: f"{HEAD}{track * 201}</gpx>".encode()),
        "gpx cut": (read_gpx, lambda: file(point(30, 5) * 100)[:-40]),
        "xlsx bomb": (read_xlsx, bomb),
        "xlsx nested": (read_xlsx, lambda: with_part(workbook(LINES), SHEET, bomb())),
        "xlsx parts": (read_xlsx, lambda: _many_parts(5_000)),
        "xlsx lying size": (read_xlsx, lambda: _lying(bomb())),
        "xlsx wide": (read_xlsx, lambda: sheet((1, "A"), *((number, "XFD") for number in range(2, 2_000)))),
        "xlsx strings": (read_xlsx, lambda: _repeated_strings(rows=200, columns=200, length=9_000)),
        "png bomb": (read_photo, lambda: png_of(50_000, 50_000)),
        "jpeg bomb": (read_photo, lambda: jpeg_of(50_000, 50_000)),
        "png words": (read_photo, lambda: _png_with_words(100 * MB)),
        "jpeg cut": (read_photo, lambda: photo()[:400]),
        "png cut": (read_photo, lambda: photo("PNG")[:-60]),
        "webp cut": (read_photo, lambda: photo("WEBP")[:-60]),
        "zip as photo": (read_photo, bomb),
        "pdf as photo": (read_photo, lambda: b"%PDF-1.7\n" + photo()),
        "photo as workbook": (read_xlsx, lambda: photo() * 20),
        "csv lines": (read_csv, lambda: b"\n" * (20 * MB)),
        "csv short lines": (read_csv, lambda: b"ab\n" * (6 * MB)),
        "csv quote": (read_csv, lambda: b'a,b\n"' + b"x" * (19 * MB)),
        "csv columns": (read_csv, lambda: b"," * (19 * MB) + b"x\n1\n"),
        "json deep": (read_geojson, lambda: b"[" * (10 * MB)),
        "json empty": (read_geojson, lambda: b"[" + b"{}," * (6 * MB) + b"{}]"),
    }  # fmt: skip


CLASSICS = _classics()
"""The known ones: reader, and what makes the file; every one must be refused."""


def mutated(seed: int) -> Case:
    """Return a good file with bytes changed, cut, doubled or moved; it is read or refused, and nothing else."""
    rng = random.Random(seed)
    name, read, data = rng.choice(
        [
            ("gpx", read_gpx, file(point(30, 5, "2026-03-10T09:00:00Z") * 50)),
            ("jpeg", read_photo, photo()),
            ("png", read_photo, photo("PNG")),
            ("webp", read_photo, photo("WEBP")),
            ("xlsx", read_xlsx, workbook(LINES)),
            ("sheet", read_xlsx, with_part(workbook(LINES), SHEET, _worn(rng, _part(workbook(LINES))))),
        ]
    )
    return f"{name} {seed}", read, data if name == "sheet" else _worn(rng, data)


def _worn(rng: random.Random, data: bytes) -> bytes:
    worn = bytearray(data)
    for _ in range(rng.choice((1, 3, 30))):
        at, length = rng.randrange(len(worn)), rng.choice((1, 2, 4, 40))
        act = rng.randrange(4)
        if act == 0:
            worn[at : at + length] = rng.randbytes(length)
        elif act == 1:
            worn[at : at + length] = rng.choice((b"\xff", b"\0", b"\x7f")) * length
        elif act == 2 and len(worn) > 2 * length:
            del worn[at : at + length]
        else:
            worn[at:at] = worn[at : at + length] * rng.choice((1, 2, 50))
    return bytes(worn)


def _part(data: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(SHEET)


def _many_parts(count: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(count):
            archive.writestr(f"xl/{number}.xml", b"<a/>")
    return out.getvalue()


def _lying(data: bytes) -> bytes:
    """Return an archive whose directory and headers say that its parts are small."""
    size = struct.pack("<I", 30_000_000)
    return data.replace(size, struct.pack("<I", 1_000))


def _repeated_strings(*, rows: int, columns: int, length: int) -> bytes:
    """Return a workbook in which every cell is the same long text: small as a file, gigabytes as a table."""
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    cell = '<c t="s"><v>0</v></c>'
    table = f'<worksheet xmlns="{space}"><sheetData>{f"<row>{cell * columns}</row>" * rows}</sheetData></worksheet>'
    texts = f'<sst xmlns="{space}" count="1" uniqueCount="1"><si><t>{"w" * length}</t></si></sst>'
    noise = random.Random(1).randbytes(200_000)  # so that the ratio of the whole is an ordinary one
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    named = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'.encode()
    data, out = with_part(workbook([["w"]]), SHEET, table.encode()), io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            new.writestr(entry, old.read(entry).replace(b"</Types>", named))
        new.writestr("xl/sharedStrings.xml", texts)
        new.writestr("docProps/thumbnail.jpeg", noise)
    return out.getvalue()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png_with_words(size: int) -> bytes:
    words = b"Comment\0\0" + zlib.compress(b"w" * size, 9)
    data = photo("PNG")
    return data[:33] + _chunk(b"zTXt", words) + data[33:-200]
