"""From a row of a table to the answers of a report form: which column answers what, and how its words are read.

A mapping is a plain value that is saved by name and used again. Nothing is guessed that could mean two things: units,
zones, the order of day and month and the sides of a position are asked, and what cannot be read is told cell by cell.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timezone
from types import MappingProxyType
from typing import Any

from fom.domain.answers import expectation, parse_answers
from fom.domain.forms import FORMS, Form, Question
from fom.domain.instants import MINUTE_US, format_instant
from fom.domain.positions import EXPECTED as POSITION_EXPECTED
from fom.domain.positions import format_dm, parse_position
from fom.domain.stated_times import EXPECTED as TIME_EXPECTED
from fom.domain.stated_times import ORDERS, UnreadableTime, read_time, read_zone
from fom.errors import FieldError, InvalidInput

Words = Mapping[str, Sequence[str]]
"""Code of an answer -> its words in every language."""
Box = tuple[float, float, float, float]

UNITS: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "m": {
            "m": 1.0, "metre": 1.0, "metres": 1.0, "meter": 1.0, "meters": 1.0, "cm": 0.01, "km": 1000.0, "ft": 0.3048,
        },
        "min": {
            "min": 1.0, "minute": 1.0, "minutes": 1.0, "h": 60.0, "hour": 60.0, "hours": 60.0, "s": 1 / 60, "d": 1440.0,
        },
    }
)  # fmt: skip
"""Unit of a question -> units that a cell may state, with their factor."""
PLACE_PARTS = ("place.lon", "place.lat", "place.name", "place.accuracy_m")
WAY_PARTS = ("way.start", "way.end", "way.route", "way.from_km", "way.to_km")
WORDS = "words"
"""Target of a column that is the report's own text."""
GUESSES: Mapping[str, str] = MappingProxyType(
    {
        "place.lon": "lon long longitude x easting_deg",
        "place.lat": "lat latitude y",
        "place": "place location mgrs grid position coordinates coordinate gps lieu coordonnees الموقع المكان",
        "place.name": "place_name name_of_place village town locality nom_du_lieu القرية",
        "place.accuracy_m": "accuracy accuracy_m uncertainty precision",
        "occurred": "date time when datetime date_time occurred date_and_time dtg heure quand التاريخ الوقت",
        "words": "words description remarks remark comments comment details narrative notes observations الوصف",
        "way.start": "from start origin depart de من",
        "way.end": "to end destination arrivee vers إلى الى",
        "way.route": "route key_route msr asr itineraire الطريق",
        "way.from_km": "from_km km_from start_km",
        "way.to_km": "to_km km_to end_km",
        "passed": "vehicle heaviest_vehicle heaviest class_passed vehicule",
        "type": "type event incident incident_type what evenement quoi",
        "damage": "type what damage degats",
        "class": "type what explosive_type",
        "category": "type what restriction",
    }
)
"""Target -> headers that mean it besides the words of its question. Project decision."""
FUTURE_US = 10 * MINUTE_US
"""How far a clock may run ahead. Source: doctrine, section 9.6."""
OVERRIDES = "\u202d\u202e"
"""Characters that turn text round so that it reads otherwise than it is."""


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """Which column answers what."""

    form: str
    columns: Mapping[str, str]
    """Header -> target: the code of a question, a part of a place or way, or `words`; others are left out."""
    units: Mapping[str, str] = field(default_factory=dict)
    """Header -> unit of its bare numbers."""
    zone: str = ""
    """Of times that state none: Z or an offset; empty = such times are refused."""
    order: str = ""
    """dmy or mdy; empty = 03/04/2026 is refused."""
    fixed: Mapping[str, str] = field(default_factory=dict)
    """Question -> its answer in every row that has no own."""
    datum: str = "wgs84"
    allow_outside: bool = False
    """Whether positions outside the area of the network are meant."""

    @property
    def plain(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "form": self.form, "columns": dict(self.columns), "units": dict(self.units), "zone": self.zone,
            "order": self.order, "fixed": dict(self.fixed), "datum": self.datum, "allow_outside": self.allow_outside,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class CellError:
    """One cell that cannot be used."""

    column: str
    came: str
    expected: str

    @property
    def plain(self) -> list[str]:
        """Return column, what came, what was expected."""
        return [self.column, self.came, self.expected]


@dataclass(frozen=True, slots=True)
class RowReading:
    """What a row says: answers where it can be used, else every reason why not."""

    answers: Mapping[str, Any] | None
    words: str
    errors: tuple[CellError, ...]


@dataclass(frozen=True, slots=True)
class Setting:
    """What rows are read against."""

    words: Words
    now: int
    box: Box | None = None
    """West, south, east, north of the network, with a margin."""
    questions: Words = field(default_factory=dict)
    """Code of a question -> its words, the first to tell of it."""
    subjects: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Register -> plain name, code or id -> id; a name of several rows is left out."""


def targets_of(form: Form) -> list[str]:
    """Return what columns of a table may answer for a form, in its order."""
    targets: list[str] = []
    for question in form.questions:
        if question.kind == "place":
            targets += [question.code, *PLACE_PARTS]
        elif question.kind == "way":
            targets += WAY_PARTS
        else:
            targets.append(question.code)
    return [*targets, WORDS]


def parse_mapping(raw: object, headers: Iterable[str]) -> ColumnMapping:
    """Return a checked mapping; columns that the table does not have are left out.

    Raises
    ------
    InvalidInput
        Every member that cannot be used.
    """
    if not isinstance(raw, Mapping):
        raise InvalidInput.single("mapping", type(raw).__name__, "an object")
    form = str(raw.get("form"))
    if form not in FORMS:
        raise InvalidInput.single("mapping.form", repr(form)[:40], "one of " + ", ".join(FORMS))
    known, targets = set(headers), targets_of(FORMS[form])
    texts: dict[str, dict[str, str]] = {}
    errors: list[FieldError] = []
    for name in ("columns", "units", "fixed"):
        members = raw.get(name) or {}
        if not isinstance(members, Mapping) or not all(
            isinstance(k, str) and isinstance(v, str) for k, v in members.items()
        ):
            errors.append(FieldError(f"mapping.{name}", repr(members)[:40], "an object of texts"))
            members = {}
        texts[name] = {str(k): str(v).strip() for k, v in members.items() if str(v).strip()}
    columns = {header: target for header, target in texts["columns"].items() if header in known}
    for header, target in columns.items():
        if target not in targets:
            errors.append(
                FieldError(f"mapping.columns.{header[:40]}", repr(target)[:40], "one of " + ", ".join(targets))
            )
    for target in sorted({t for t in columns.values() if t != WORDS}):
        first, *more = [header for header, other in columns.items() if other == target]
        errors += [FieldError(f"mapping.columns.{h[:40]}", target, f"one column for it: {first!r} is it") for h in more]
    errors += _check_choices(raw, texts, FORMS[form])
    if errors:
        raise InvalidInput(errors)
    return ColumnMapping(
        form=form, columns=columns, units={h: u for h, u in texts["units"].items() if h in known},
        zone=str(raw.get("zone") or "").strip(), order=str(raw.get("order") or ""), fixed=texts["fixed"],
        datum=str(raw.get("datum") or "wgs84"), allow_outside=raw.get("allow_outside") is True,
    )  # fmt: skip


def _check_choices(raw: Mapping[str, Any], texts: Mapping[str, Mapping[str, str]], form: Form) -> list[FieldError]:
    errors = []
    zone, order, datum = (raw.get(name) or "" for name in ("zone", "order", "datum"))
    try:
        if zone:
            read_zone(str(zone))
    except ValueError:
        errors.append(FieldError("mapping.zone", repr(zone)[:40], "Z or an offset such as +02:00"))
    if order and order not in ORDERS:
        errors.append(FieldError("mapping.order", repr(order)[:40], "dmy or mdy"))
    if datum and datum not in ("wgs84", "unknown"):
        errors.append(FieldError("mapping.datum", repr(datum)[:40], "wgs84 or unknown"))
    known_units = {unit for units in UNITS.values() for unit in units}
    for header, unit in texts["units"].items():
        if unit not in known_units:
            errors.append(FieldError(f"mapping.units.{header[:40]}", repr(unit)[:40], ", ".join(sorted(known_units))))
    for code in texts["fixed"]:
        question = form.find(code)
        if question is None or question.kind not in ("choice", "flag", "text"):
            errors.append(FieldError(f"mapping.fixed.{code[:40]}", "given", "a question with a choice or text"))
    return errors


def suggest_mapping(form: str, headers: Sequence[str], words: Mapping[str, Sequence[str]]) -> ColumnMapping:
    """Return the mapping that the headers suggest; `words` of a question in every language. A person confirms it.

    Zone and order of day and month are never suggested.
    """
    meanings: dict[str, set[str]] = {}
    for target in targets_of(FORMS[form]):
        plain = {plain_word(target.replace(".", " ")), *map(plain_word, GUESSES.get(target, "").split())}
        plain |= {plain_word(text) for text in words.get(target, ())}
        meanings[target] = plain
    columns: dict[str, str] = {}
    units: dict[str, str] = {}
    for header in headers:
        name, unit = split_unit(header)
        target = next((t for t, plain in meanings.items() if plain_word(name) in plain), "")
        if not target or (target in columns.values() and target != WORDS):
            continue
        columns[header] = target
        if unit:
            units[header] = unit
    if {"place.lon", "place.lat"} <= set(columns.values()) and "place" in columns.values():
        columns = {h: "place.name" if t == "place" else t for h, t in columns.items()}
    return ColumnMapping(form=form, columns=columns, units=units)


def split_unit(header: str) -> tuple[str, str]:
    """Return (name, unit) of a header such as `Depth (m)`; no unit where none stands."""
    known = {unit for units in UNITS.values() for unit in units}
    match = re.fullmatch(r"(?P<name>.*?)[\s_]*[\[(]?\s*(?P<unit>[A-Za-z]+)\s*[\])]?", header)
    is_marked = match is not None and re.search(r"[\[(_]\s*" + re.escape(match["unit"]), header) is not None
    if match is None or not is_marked or match["unit"].lower() not in known or not match["name"]:
        return header, ""
    return match["name"], match["unit"].lower()


def plain_word(text: str) -> str:
    """Return a text without case, accents, marks and the signs between words, for comparing."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(re.sub(r"[\W_]+", " ", bare.casefold()).split())


def read_row(cells: Mapping[str, str], mapping: ColumnMapping, setting: Setting) -> RowReading:
    """Return what the cells of a row (by header) say under a mapping."""
    errors: list[CellError] = []
    said: dict[str, tuple[str, str]] = {}
    words: list[str] = []
    for header, target in mapping.columns.items():
        text = cells.get(header, "").strip()
        if any(c in text for c in OVERRIDES) or any(_is_control(c) for c in text):
            errors.append(CellError(header, "a hidden character that turns or breaks text", "the text typed anew"))
        elif text and target == WORDS:
            words.append(text if "words" in plain_word(header) else f"{header}: {text}")
        elif text:
            said[target] = (header, text)
    raw: dict[str, Any] = {}
    for question in FORMS[mapping.form].questions:
        try:
            value = _answer(question, said, mapping, setting)
        except _Unusable as unusable:
            errors += unusable.errors
            continue
        if value is not None:
            raw[question.code] = value
        elif question.is_required and not _is_asked(question, mapping):
            told_as = setting.questions.get(question.code, (question.code,))[0]
            errors.append(CellError(told_as, "nothing", "a column that answers it, or one answer for every row"))
    told = {error.column for error in errors}
    unasked = {q.code.replace("_", " ") for q in FORMS[mapping.form].questions if not _is_asked(q, mapping)}
    answers = None
    try:
        answers = parse_answers(mapping.form, raw)
    except InvalidInput as refused:
        errors += [e for e in _in_columns(refused, mapping, said) if e.column not in told and e.column not in unasked]
    return RowReading(None if errors else answers, "\n".join(words)[:20_000], tuple(errors))


def _is_asked(question: Question, mapping: ColumnMapping) -> bool:
    """Return whether a column or an answer for every row is about a question."""
    targets = {target.split(".")[0] for target in mapping.columns.values()}
    return question.code in targets or question.code in mapping.fixed


class _Unusable(Exception):
    """Cells that cannot be used."""

    def __init__(self, *errors: CellError) -> None:
        super().__init__()
        self.errors = errors


Said = Mapping[str, tuple[str, str]]


def _answer(question: Question, said: Said, mapping: ColumnMapping, setting: Setting) -> Any:
    if question.kind == "place":
        return _place(said, mapping, setting)
    if question.kind == "way":
        return _way(said, mapping, setting)
    if question.code not in said:
        fixed = mapping.fixed.get(question.code)
        return None if fixed is None else _cell(question, "for every row", fixed, mapping, setting)
    return _cell(question, *said[question.code], mapping, setting)


def _cell(question: Question, header: str, text: str, mapping: ColumnMapping, setting: Setting) -> Any:
    kind = question.kind
    if kind == "choice":
        return _choice(question, header, text, setting.words)
    if kind == "choices":
        return [_choice(question, header, part, setting.words) for part in re.split(r"[;,|،]", text) if part.strip()]
    if kind == "flag":
        return _flag(header, text, setting.words)
    if kind == "moment":
        return _moment(question, header, text, mapping, setting)
    if kind in ("number", "integer"):
        return _number(question, header, text, mapping)
    if kind == "subject":
        return _subject(question.codes[0], header, text, setting)
    return text


def _choice(question: Question, header: str, text: str, words: Words) -> str:
    meant = plain_word(text)
    found = [c for c in question.codes if meant in (plain_word(c), *map(plain_word, words.get(c, ())))]
    if len(found) != 1:
        known = ", ".join(words.get(code, (code,))[0] for code in question.codes)
        raise _Unusable(CellError(header, text[:80], f"one of: {known}"))
    return found[0]


def _flag(header: str, text: str, words: Words) -> bool:
    meant = plain_word(text)
    for value, plain in ((True, ("true", "1", "y", "x", "oui", "نعم")), (False, ("false", "0", "n", "non", "لا"))):
        code = "yes" if value else "no"
        if meant in (code, *plain, *map(plain_word, words.get(code, ()))):
            return value
    raise _Unusable(CellError(header, text[:80], "yes or no"))


def _moment(question: Question, header: str, text: str, mapping: ColumnMapping, setting: Setting) -> str:
    zone: timezone | None = read_zone(mapping.zone) if mapping.zone else None
    is_late = mapping.form != "passage"  # a day alone: what limits counts to its end, what opens from its beginning
    try:
        us = read_time(text, zone=zone, order=mapping.order, end_of_day=is_late)
    except UnreadableTime as unreadable:
        raise _Unusable(CellError(header, text[:80], str(unreadable))) from None
    if question.code in ("occurred", "started") and us > setting.now + FUTURE_US:
        has_time = re.search(r"\d[:hH]\d{2}|\d{6}", text) is not None
        if has_time or us > setting.now + 24 * 60 * MINUTE_US:
            raise _Unusable(CellError(header, text[:80], "a time that is not ahead of now"))
        us = setting.now
    if us < 0:
        raise _Unusable(CellError(header, text[:80], TIME_EXPECTED))
    return format_instant(us)


def _number(question: Question, header: str, text: str, mapping: ColumnMapping) -> float | int:
    match = re.fullmatch(r"(?P<value>[-+−]?\d[\d\s\u00a0\u202f']*(?:[.,]\d+)?)\s*(?P<unit>[A-Za-z]*)\.?", text)
    if match is None:
        raise _Unusable(CellError(header, text[:80], expectation(question)))
    digits = re.sub(r"[\s\u00a0\u202f']", "", match["value"]).replace("−", "-").replace(",", ".")
    value, unit = float(digits), match["unit"].lower()
    if question.unit:
        unit = unit or mapping.units.get(header, "")
        if not unit:
            expected = f"a number with its unit, such as {text} {question.unit}, or the unit of the column chosen"
            raise _Unusable(CellError(header, text[:80], expected))
        if unit not in UNITS[question.unit]:
            raise _Unusable(CellError(header, text[:80], f"{expectation(question)}, not {unit}"))
        value *= UNITS[question.unit][unit]
    elif unit:
        raise _Unusable(CellError(header, text[:80], f"{expectation(question)}, without a unit"))
    if question.kind == "integer":
        if not value.is_integer():
            raise _Unusable(CellError(header, text[:80], expectation(question)))
        return int(value)
    return round(value, 6)


def _subject(register: str, header: str, text: str, setting: Setting) -> str:
    found = setting.subjects.get(register, {}).get(plain_word(text))
    if found is None:
        raise _Unusable(
            CellError(
                header, text[:80], f"the code or the name of one row of the register {register.replace('_', ' ')}"
            )
        )
    return found


# places


def _place(said: Said, mapping: ColumnMapping, setting: Setting) -> dict[str, Any] | None:
    place: dict[str, Any] = {}
    if "place.lon" in said or "place.lat" in said:
        place = _degrees(said, mapping, setting)
    elif "place" in said:
        place = _position(*said["place"], mapping, setting)
    if "place.name" in said:
        name = said["place.name"][1][:200]
        if not place:
            place = {"text": name, "source": "name"}
        elif place["source"] != "mgrs":
            place.setdefault("text", name)
    if not place:
        return None
    if "place.accuracy_m" in said and "lon" in place:
        size = Question("accuracy_m", "number", low=0, high=100_000, unit="m")
        place["accuracy_m"] = float(_number(size, *said["place.accuracy_m"], mapping))
    if mapping.datum != "wgs84" and "lon" in place:
        place["datum"] = mapping.datum
    return place


def _degrees(said: Said, mapping: ColumnMapping, setting: Setting) -> dict[str, Any]:
    values: dict[str, float] = {}
    errors = []
    decimals = 0
    for part, limit, name in (("lon", 180, "longitude"), ("lat", 90, "latitude")):
        header, text = said.get(f"place.{part}", (name, ""))
        match = re.fullmatch(r"[-+−]?\d{1,3}(?:[.,](?P<part>\d+))?\s*°?", text)
        value = float(text.rstrip(" °").replace("−", "-").replace(",", ".")) if match else float("nan")
        if match is None or abs(value) > limit:
            errors.append(CellError(header, text[:80] or "nothing", f"degrees of {name} from -{limit} to {limit}"))
        else:
            values[part], decimals = value, max(decimals, len(match["part"] or ""))
    if errors:
        raise _Unusable(*errors)
    header = said["place.lon"][0]
    _check_place(header, values["lon"], values["lat"], mapping, setting)
    place: dict[str, Any] = {**values, "source": "typed"}
    if decimals < 4:
        # a degree of latitude is 111 km: what two digits name is a square of a kilometre, not a point
        place["accuracy_m"] = round(15 + 0.71 * 111_320 * 10**-decimals)
    return place


def _position(header: str, text: str, mapping: ColumnMapping, setting: Setting) -> dict[str, Any]:
    if not any(c.isdigit() for c in text):
        return {"text": text[:200], "source": "name"}
    try:
        lon, lat, _ = parse_position(text, field=header)
    except InvalidInput as refused:
        raise _Unusable(*(CellError(header, text[:80], _way_out(e)) for e in refused.errors)) from None
    _check_place(header, lon, lat, mapping, setting)
    place = parse_answers("other", {"place": {"text": text, "source": "typed"}})["place"]
    return dict(place)


def _way_out(error: FieldError) -> str:
    return error.expected if error.expected != POSITION_EXPECTED else "a position: " + POSITION_EXPECTED


def _check_place(header: str, lon: float, lat: float, mapping: ColumnMapping, setting: Setting) -> None:
    if lon == 0 and lat == 0:
        raise _Unusable(CellError(header, "0/0", "a position: 0/0 is what devices write without one"))
    if setting.box is None or mapping.allow_outside or _inside(setting.box, lon, lat):
        return
    came = format_dm(lon, lat)
    if _inside(setting.box, lat, lon):
        raise _Unusable(CellError(header, came, f"longitude and latitude the other way round: {format_dm(lat, lon)}"))
    raise _Unusable(CellError(header, came, "a position in the area of the map, or the box ticked that says so"))


def _inside(box: Box, lon: float, lat: float) -> bool:
    west, south, east, north = box
    return west <= lon <= east and south <= lat <= north


def _way(said: Said, mapping: ColumnMapping, setting: Setting) -> dict[str, Any] | None:
    if "way.route" in said:
        way: dict[str, Any] = {"route": _subject("key_route", *said["way.route"], setting)}
        for end in ("from_km", "to_km"):
            if f"way.{end}" in said:
                question = Question(end, "number", low=0, high=100_000)
                way[end] = float(_number(question, *said[f"way.{end}"], mapping))
        return way
    if "way.start" not in said and "way.end" not in said:
        return None
    return {end: _position(*said[f"way.{end}"], mapping, setting) for end in ("start", "end") if f"way.{end}" in said}


def _in_columns(refused: InvalidInput, mapping: ColumnMapping, said: Said) -> list[CellError]:
    """Return what a form refuses under the headers of the table."""
    of_target = {target: header for header, target in mapping.columns.items()}
    found = []
    for error in refused.errors:
        path = error.field.removeprefix("answers.")
        code = path.split(".")[0]
        parts = [path, code, *(f"{code}.{part}" for part in ("start", "lon", "route"))]
        column = next((of_target[p] for p in parts if p in of_target), code.replace("_", " "))
        came = said[code][1][:80] if code in said else error.came
        found.append(CellError(column, came, error.expected))
    return found


def _is_control(c: str) -> bool:
    return unicodedata.category(c) == "Cc" and c not in "\n\r\t"
