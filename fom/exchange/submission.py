"""What a phone sends back: the instance of an XForm, read into the answers of a report form.

The XML comes from outside: no document types, no entities, bounded size, depth and number of elements; what is not a
question of the form is named. Whether the answers hold is for `domain.forms`, and what the form asks for `xlsform`.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from fom.domain.forms import FORMS, Question
from fom.domain.instants import parse_instant
from fom.domain.positions import parse_position
from fom.errors import FieldError, InvalidInput
from fom.exchange.xlsform import FORM_ID_PREFIX, METADATA

XML_MAX_BYTES = 2 * 1024 * 1024
"""Largest submission; a track of 20,000 points of 60 bytes fits. Project decision."""
DEPTH_MAX = 8
"""Deepest nest; data, group, way, its end needs 4."""
ELEMENTS_MAX = 2_000
"""Of one submission; our longest form has about 40."""
_GROUPS = ("first", "details")
_FOREIGN = {"formhub", "__version__", "_version_"}
"""What KoboToolbox adds to every submission."""
_UNASKED = {*METADATA, "fom_form", "warning", "photo"} | _FOREIGN
_WAY = ("how", "track", "route", "from_km", "to_km", "start", "start_text", "end", "end_text")
_NUMBER = re.compile(r"[+-]?(\d{1,18}(\.\d{0,30})?|\.\d{1,30})([eE][+-]?\d{1,3})?")
_SHORT_OFFSET = re.compile(r"([+-]\d\d)(\d\d)?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One submission: which report version it is, of which form, and what was answered."""

    id: str
    """UUID of its `instanceID`."""
    form: str
    answers: Mapping[str, Any]
    words: str = ""
    device_time: str | None = None
    """When the form was finished, by the phone's clock."""
    replaces: str | None = None
    """UUID of the submission that this one corrects, its `deprecatedID`."""

    @property
    def report(self) -> dict[str, Any]:
        """Return the body of the report, as `POST /api/v1/reports` takes it."""
        place = self.answers.get("place")
        said = place.get("text", "") if isinstance(place, Mapping) else ""
        body = {"id": self.id, "form": self.form, "answers": dict(self.answers), "words": self.words}
        return body | {"place_text": said, "device_time": self.device_time}


def read_submission(xml: bytes) -> Submission:
    """Return what a submission says.

    Raises
    ------
    InvalidInput
        No XML that may be read, no form of ours, no UUID, or fields that the form does not have: every one is named.
    """
    root = _parse(xml)
    if root.get("encrypted"):
        raise InvalidInput.single("xml_submission_file", "an encrypted form", "a form without encryption")
    leaves, meta, errors = _leaves(root)
    form = _form_of(root, leaves)
    questions = {q.code: q for q in FORMS[form].questions}
    errors += [
        FieldError(name[:40], "given", f"a question of the form {form}")
        for name in leaves
        if name not in questions and name not in _UNASKED and name != "words" and not _is_part(name, questions)
    ]
    instance, former = (_uuid(meta, name, errors) for name in ("instanceID", "deprecatedID"))
    if instance is None and "instanceID" not in meta:
        errors.append(FieldError("instanceID", "nothing", "uuid: and a UUID"))
    answers: dict[str, Any] = {}
    for code, question in questions.items():
        value = _READERS.get(question.kind, _text)(question, leaves, errors)
        if value is not None:
            answers[code] = value
    if errors:
        raise InvalidInput(errors)
    return Submission(
        id=str(instance),
        form=form,
        answers=answers,
        words=leaves.get("words", "").strip(),
        device_time=_moment_or_none(leaves.get("end", "")),
        replaces=former,
    )


# the document


class _Bounded(TreeBuilder):
    """Builds the tree of a document that is neither deep nor long."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = self._count = 0

    def start(self, tag: Any, attrs: Any) -> Any:
        """Count, and give up beyond the bounds."""
        self._depth += 1
        self._count += 1
        if self._depth > DEPTH_MAX:
            raise InvalidInput.single("xml_submission_file", "a deeper nest", f"at most {DEPTH_MAX} levels")
        if self._count > ELEMENTS_MAX:
            raise InvalidInput.single("xml_submission_file", "more elements", f"at most {ELEMENTS_MAX}")
        return super().start(tag, attrs)

    def end(self, tag: Any) -> Any:
        """Come up again."""
        self._depth -= 1
        return super().end(tag)


def _parse(xml: bytes) -> Element:
    if len(xml) > XML_MAX_BYTES:
        raise InvalidInput.single("xml_submission_file", f"{len(xml)} bytes", f"at most {XML_MAX_BYTES}")
    parser = DefusedXMLParser(target=_Bounded(), forbid_dtd=True)
    try:
        parser.feed(xml)
        root: Element = parser.close()
    except DefusedXmlException:
        raise InvalidInput.single("xml_submission_file", "a document type or entity", "plain XML") from None
    except (ParseError, ValueError, LookupError) as failed:
        raise InvalidInput.single("xml_submission_file", str(failed)[:80], "well-formed XML") from None
    return root


def _leaves(root: Element) -> tuple[dict[str, str], dict[str, str], list[FieldError]]:
    """Return (answers by name, members of `meta`, fields that came twice)."""
    leaves: dict[str, str] = {}
    meta: dict[str, str] = {}
    errors: list[FieldError] = []
    for name, text, is_meta in _walk(root):
        found = meta if is_meta else leaves
        if name in found:
            errors.append(FieldError(name[:40], "given twice", "one answer"))
        found[name] = text
    return leaves, meta, errors


def _walk(element: Element, *, is_meta: bool = False) -> Iterator[tuple[str, str, bool]]:
    for child in element:
        name = _local(child.tag)
        if name == "meta":
            yield from _walk(child, is_meta=True)
        elif name in _FOREIGN:
            yield name, "", False
        elif len(child):
            yield from _walk(child, is_meta=is_meta)
        elif name not in _GROUPS:
            yield name, child.text or "", is_meta


def _local(tag: Any) -> str:
    return str(tag).rpartition("}")[2]


def _form_of(root: Element, leaves: Mapping[str, str]) -> str:
    """Return the code of the form: from its id, or from the hidden answer where another server gave it an id."""
    form_id = root.get("id") or ""
    code = form_id.removeprefix(FORM_ID_PREFIX) if form_id.startswith(FORM_ID_PREFIX) else leaves.get("fom_form", "")
    if code not in FORMS:
        known = ", ".join(FORM_ID_PREFIX + name for name in FORMS)
        raise InvalidInput.single("id", repr(form_id)[:80], f"one of {known}")
    return code


def _is_part(name: str, questions: Mapping[str, Question]) -> bool:
    code, _, part = name.partition("_")
    question = questions.get(code)
    return question is not None and (
        (question.kind == "place" and part == "text") or (question.kind == "way" and part in _WAY)
    )


def _uuid(meta: Mapping[str, str], name: str, errors: list[FieldError]) -> str | None:
    if name not in meta:
        return None
    text = meta[name].strip()
    try:
        return str(uuid.UUID(text.removeprefix("uuid:")))
    except ValueError:
        errors.append(FieldError(name, repr(text)[:80], "uuid: and a UUID"))
        return None


def _moment(text: str) -> str:
    """Return a moment with a whole offset: phones write `+03` and `+0300`, too."""
    text = text.strip()
    return text if "T" not in text else _SHORT_OFFSET.sub(lambda m: f"{m[1]}:{m[2] or '00'}", text)


def _moment_or_none(text: str) -> str | None:
    try:
        parse_instant(moment := _moment(text))
    except ValueError:
        return None
    return moment


# answers by kind: the text as it came where it is no value, so that it is named where answers are checked


def _text(question: Question, leaves: Mapping[str, str], _: list[FieldError]) -> Any:
    return leaves.get(question.code, "").strip() or None


def _flag(question: Question, leaves: Mapping[str, str], errors: list[FieldError]) -> Any:
    text = _text(question, leaves, errors)
    return {"yes": True, "no": False}.get(text, text)


def _choices(question: Question, leaves: Mapping[str, str], _: list[FieldError]) -> Any:
    return leaves.get(question.code, "").split() or None


def _when(question: Question, leaves: Mapping[str, str], _: list[FieldError]) -> Any:
    return _moment(leaves.get(question.code, "")) or None


def _number(question: Question, leaves: Mapping[str, str], _: list[FieldError]) -> Any:
    return _as_number(leaves.get(question.code, ""))


def _integer(question: Question, leaves: Mapping[str, str], _: list[FieldError]) -> Any:
    text = leaves.get(question.code, "").strip()
    return int(text) if re.fullmatch(r"[+-]?\d{1,18}", text) else text or None


def _as_number(text: str) -> Any:
    text = text.strip()
    return float(text) if _NUMBER.fullmatch(text) else text or None


def _place(question: Question, leaves: Mapping[str, str], _: list[FieldError]) -> Any:
    return _place_of(leaves.get(question.code, ""), leaves.get(f"{question.code}_text", ""))


def _place_of(point: str, text: str) -> Any:
    """Return a place from a geopoint and what was written beside it.

    A point with an accuracy is GPS, one without was pointed out on the map. A text that is no position is a name.
    """
    text = text.strip()
    said = {"text": text} if text else {}
    if point.strip():
        numbers = _point(point)
        if numbers is None:
            return [point[:80]]
        lat, lon, accuracy_m = numbers
        how = {"source": "gps", "accuracy_m": accuracy_m} if accuracy_m > 0 else {"source": "map"}
        return {"lon": lon, "lat": lat, **how, **said}
    if not text:
        return None
    try:
        parse_position(text)
    except InvalidInput:
        return {"text": text, "source": "name"}
    return {"text": text, "source": "typed"}


def _point(text: str) -> tuple[float, float, float] | None:
    """Return (lat, lon, accuracy in metres) of `lat lon altitude accuracy`."""
    parts = text.split()
    if not 2 <= len(parts) <= 4 or not all(_NUMBER.fullmatch(part) for part in parts):
        return None
    numbers = [float(part) for part in parts] + [0.0, 0.0]
    return numbers[0], numbers[1], numbers[3]


def _way(question: Question, leaves: Mapping[str, str], errors: list[FieldError]) -> Any:
    said = {name: leaves.get(f"{question.code}_{name}", "").strip() for name in _WAY}
    how = said["how"]
    if how == "track":
        return {"track": _track(said["track"], f"{question.code}_track", errors)}
    if how == "route":
        ends = {name: _as_number(said[name]) for name in ("from_km", "to_km") if said[name]}
        return {"route": said["route"], **ends}
    if how == "ends":
        return {name: _place_of(said[name], said[f"{name}_text"]) for name in ("start", "end")}
    return how or None


def _track(text: str, name: str, errors: list[FieldError]) -> list[list[float]]:
    points = [_point(part) for part in text.split(";") if part.strip()]
    read = [point for point in points if point is not None]
    if len(read) < len(points) or len(read) < 2:
        errors.append(FieldError(name, text[:40] or "nothing", "at least two points: latitude longitude 0 accuracy;"))
    elif any(accuracy_m <= 0 for _, _, accuracy_m in read):
        errors.append(
            FieldError(name, "a line drawn by hand", "a recorded track; or the key route, or the two ends of the way")
        )
    return [[lon, lat] for lat, lon, _ in read]


_READERS = {
    "choices": _choices,
    "number": _number,
    "integer": _integer,
    "flag": _flag,
    "moment": _when,
    "place": _place,
    "way": _way,
}
