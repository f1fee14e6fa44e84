"""Photos read with bounds and made anew: what is kept is the picture and nothing else of the file.

What a camera writes beside the picture (its owner, its place, its clock) stays out of the file; the place is handed
back apart. Whatever hangs on a file behind its picture is lost in the making.
"""

from __future__ import annotations

import io
import math
import warnings
from dataclasses import dataclass
from typing import Any

from PIL import ExifTags, Image, ImageOps

from fom.errors import InvalidInput

PHOTO_MAX_BYTES = 12 * 1024 * 1024
PIXELS_MAX = 40_000_000
FORMATS = ("JPEG", "PNG", "WEBP")
MEDIA_TYPES = ("image/jpeg", "image/png", "image/webp")
KEPT_TYPE = "image/jpeg"
LONGEST_PX = 4_000
"""Longer sides are shrunk to this before a photo is kept. Project decision, like the next two."""
SMALL_PX = 320
QUALITY = 85
EXPECTED = "a photo as JPEG, PNG or WebP"


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture made anew, whole and small, and where the camera said that it was."""

    data: bytes
    small: bytes
    width: int
    height: int
    position: tuple[float, float] | None
    """(lon, lat); never in the file."""
    __pydantic_config__ = {"val_json_bytes": "base64"}  # noqa: RUF012 - read as such by `apart`


def read_photo(data: bytes) -> Photo:
    """Return the picture of a file by its content, whatever it was called.

    Raises
    ------
    InvalidInput
        Empty, too large in bytes or pixels, or no photo.
    """
    if not data:
        raise _refused("an empty file", EXPECTED)
    if len(data) > PHOTO_MAX_BYTES:
        raise _refused(f"{len(data) / 1024 / 1024:.0f} MB", f"at most {PHOTO_MAX_BYTES // 1024 // 1024} MB")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of large pictures: the bound is ours, below
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                if image.width * image.height > PIXELS_MAX:
                    came = f"{image.width} by {image.height} pixels"
                    raise _refused(came, f"at most {PIXELS_MAX // 1_000_000} million pixels")
                position = _position(image)
                return _made_anew(image, position)
    except (InvalidInput, MemoryError):
        raise
    except Image.DecompressionBombError:
        raise _refused("a picture of far too many pixels", f"at most {PIXELS_MAX // 1_000_000} million") from None
    except Exception:  # readers of pictures raise whatever a broken file leads them to
        raise _refused("a file that is no whole photo", EXPECTED) from None


def _made_anew(image: Image.Image, position: tuple[float, float] | None) -> Photo:
    image.thumbnail((LONGEST_PX, LONGEST_PX))  # first, so that what is turned and converted is small already
    upright = ImageOps.exif_transpose(image)
    bare = Image.new("RGB", upright.size, "white")  # a fresh picture carries no comment, profile or note
    if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
        layer = upright.convert("RGBA")
        bare.paste(layer, mask=layer.getchannel("A"))
    else:
        bare.paste(upright.convert("RGB"))
    small = bare.copy()
    small.thumbnail((SMALL_PX, SMALL_PX))
    return Photo(_jpeg(bare, QUALITY), _jpeg(small, 75), bare.width, bare.height, position)


def _jpeg(image: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, optimize=True)
    return out.getvalue()


def _position(image: Image.Image) -> tuple[float, float] | None:
    """Return (lon, lat) of the camera's notes, None where it says none or none that can be."""
    try:
        gps = image.getexif().get_ifd(ExifTags.IFD.GPSInfo)
        lat, lon = _degrees(gps[2], gps[1], "S"), _degrees(gps[4], gps[3], "W")
    except Exception:  # notes of cameras are as broken as files can be
        return None
    if not (math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 90) or (
        lon == 0 and lat == 0
    ):
        return None
    return lon, lat


def _degrees(parts: Any, letter: Any, negative: str) -> float:
    degrees, minutes, seconds = (float(part) for part in parts)
    size = degrees + minutes / 60 + seconds / 3600
    return -size if str(letter).strip("\x00 ").upper() == negative else size


def _refused(came: str, expected: str) -> InvalidInput:
    return InvalidInput.single("photo", came, expected)
