"""Photos are kept as bare pictures; what is no photo, or too much of one, is refused in words."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

import pytest
from PIL import Image, PngImagePlugin

from fom.errors import InvalidInput
from fom.exchange.photos import read_photo

SECRET = b"owner of the camera"


def photo(form: str = "JPEG", *, size: tuple[int, int] = (600, 300), gps: bool = True, **more: object) -> bytes:
    image = Image.new("RGBA" if form == "PNG" else "RGB", size, (200, 40, 40))
    exif = Image.Exif()
    exif[0x010F] = SECRET.decode()
    exif[0x0112] = 6  # turned by a quarter
    if gps:
        exif.get_ifd(0x8825).update({1: "S", 2: (7.0, 18.0, 36.0), 3: "E", 4: (18.0, 12.0, 18.0)})
    out = io.BytesIO()
    image.save(out, form, exif=exif, **more)
    return out.getvalue()


def refusal(data: bytes) -> str:
    with pytest.raises(InvalidInput) as refused:
        read_photo(data)
    (error,) = refused.value.errors
    return f"{error.came}; expected {error.expected}"


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_what_is_kept_is_an_upright_picture_without_any_note_and_its_place_comes_apart(form: str):
    kept = read_photo(photo(form))
    assert kept.position == pytest.approx((18.205, -7.31))
    assert (kept.width, kept.height) == (300, 600)
    for data in (kept.data, kept.small):
        again = Image.open(io.BytesIO(data))
        assert again.format == "JPEG"
        assert not again.getexif()
        assert set(again.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        assert SECRET not in data
    assert len(kept.small) < 48_000
    assert max(Image.open(io.BytesIO(kept.small)).size) == 320


def test_comments_profiles_and_what_hangs_behind_the_picture_are_lost():
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", SECRET.decode())
    tail = io.BytesIO()
    with zipfile.ZipFile(tail, "w") as archive:
        archive.writestr("payload.html", b"<script>" + SECRET)
    polyglots = [
        photo("JPEG", comment=SECRET) + tail.getvalue(),
        photo("JPEG", icc_profile=SECRET * 40),
        photo("PNG", pnginfo=info) + b"<?php " + SECRET,
    ]
    for data in polyglots:
        assert SECRET in data
        assert SECRET not in read_photo(data).data


def png_of(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    )


def jpeg_of(width: int, height: int) -> bytes:
    """Return a small photo whose header says that it is of another size."""
    data = bytearray(photo(size=(32, 32)))
    at = data.index(b"\xff\xc0") + 5  # marker, length, bits of a sample; then height and width
    data[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "an empty file"),
        (b"\xff\xd8" + b"\0" * (40 * 1024 * 1024), "40 MB; expected at most 12 MB"),
        (png_of(9_000, 5_000), "9000 by 5000 pixels; expected at most 40 million"),
        (png_of(50_000, 50_000), "far too many pixels; expected at most 40 million"),
        (jpeg_of(50_000, 50_000), "far too many pixels; expected at most 40 million"),
        (b"PK\x03\x04" + b"\0" * 500, "no whole photo"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no whole photo"),
        (b"GIF89a" + b"\0" * 100, "no whole photo"),
        (photo()[:400], "no whole photo"),
    ],
)
def test_what_is_no_photo_or_too_much_of_one_is_refused_in_words(data: bytes, words: str):
    assert words in refusal(data)


@pytest.mark.parametrize("position", [{1: "N"}, {1: "N", 2: (0, 0, 0), 3: "E", 4: (0, 0, 0)}])
def test_a_place_that_cannot_be_is_none(position: dict[int, object]):
    exif = Image.Exif()
    exif.get_ifd(0x8825).update({k: v for k, v in position.items() if v is not None})
    out = io.BytesIO()
    Image.new("RGB", (40, 40)).save(out, "JPEG", exif=exif)
    assert read_photo(out.getvalue()).position is None
