"""The XML of the OpenRosa API 1.0 that a server answers: list of forms, manifest, and what became of a submission.

Source: OpenRosa row of docs/sources.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import md5
from xml.etree.ElementTree import Element, SubElement, tostring

LIST = "http://openrosa.org/xforms/xformsList"
MANIFEST = "http://openrosa.org/xforms/xformsManifest"
RESPONSE = "http://openrosa.org/http/response"
_UNPRINTABLE = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedForm:
    """A form in the list: what a phone needs to tell whether it has it, and where to fetch it."""

    form_id: str
    name: str
    version: str
    xform: str
    about: str
    download_url: str
    manifest_url: str

    @property
    def hash(self) -> str:
        """Return the hash by which a phone tells that a form has changed; the protocol wants MD5."""
        return "md5:" + md5(self.xform.encode(), usedforsecurity=False).hexdigest()


def form_list(forms: Iterable[ListedForm]) -> bytes:
    """Return the list of forms."""
    root = Element("xforms", xmlns=LIST)
    for form in forms:
        item = SubElement(root, "xform")
        for name, text in (
            ("formID", form.form_id),
            ("name", form.name),
            ("version", form.version),
            ("hash", form.hash),
            ("descriptionText", form.about),
            ("downloadUrl", form.download_url),
            ("manifestUrl", form.manifest_url),
        ):
            SubElement(item, name).text = text
    return _document(root)


def manifest() -> bytes:
    """Return the list of files that a form needs besides: our forms need none."""
    return _document(Element("manifest", xmlns=MANIFEST))


def response(message: str, *, is_received: bool = False) -> bytes:
    """Return what the phone shows: a message, and that the submission was taken or not."""
    nature = "submit_success" if is_received else "submit_error"
    root = Element("OpenRosaResponse", xmlns=RESPONSE)
    SubElement(root, "message", nature=nature).text = _printable(message)
    return _document(root)


def _printable(text: str) -> str:
    """Return the text without what XML cannot hold: it may quote what came."""
    return _UNPRINTABLE.sub(" ", text)


def _document(root: Element) -> bytes:
    found: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return found
