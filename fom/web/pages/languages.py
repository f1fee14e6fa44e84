"""The language of a page: chosen once, kept by the browser. Words from data, with every value isolated from them.

A page of one language says nothing here and is English; a page of several passes `in_language()` to its template. A
value keeps its own direction: `<bdi>` in a page, isolating signs in an attribute or a script.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, current_app, request, url_for
from markupsafe import Markup, escape
from werkzeug.exceptions import MethodNotAllowed

from fom.domain.plurals import plural_form
from fom.services.form_words import LANGUAGES, RIGHT_TO_LEFT, Pattern, bar_words, direction_of, page_words
from fom.web.pages.shell import YEAR_S, shown_text

LANGUAGE_COOKIE = "language"
ISOLATES = {"auto": "\u2068", "ltr": "\u2066", "rtl": "\u2067"}
END = "\u2069"
"""Direction -> the sign that begins an isolate of it, and their end: what lies between turns nothing around it."""


def chosen_language() -> str:
    """Return the language asked for: by the address, else the one chosen before, else what the browser prefers."""
    for name in (request.args.get("language"), request.cookies.get(LANGUAGE_COOKIE)):
        if name in LANGUAGES:
            return str(name)
    return request.accept_languages.best_match(LANGUAGES) or LANGUAGES[0]


def keep_language(answer: Response) -> Response:
    """Let the browser keep a language that the address asks for; to be run after the requests of a blueprint."""
    if request.args.get("language") in LANGUAGES:
        answer.set_cookie(LANGUAGE_COOKIE, chosen_language(), max_age=YEAR_S, samesite="Lax")
    return answer


def in_language() -> dict[str, Any]:
    """Return what a template needs of the language chosen: code, direction, and the languages to choose from."""
    language = chosen_language()
    names = {name: page_words(name)["language_name"] for name in LANGUAGES}
    return {"language": language, "direction": direction_of(language), "languages": names}


def language_address(language: str) -> str:
    """Return the address of this page in another language; the desk's where this is the answer to a form of it."""
    adapter = current_app.create_url_adapter(request)
    try:
        endpoint, named = ("", {}) if adapter is None else adapter.match(request.path, method="GET")
    except MethodNotAllowed:
        named = {name: request.form[name] for name in ("report", "record") if request.form.get(name)}
        return url_for("desk.show", **named, language=language)
    return url_for(endpoint, **{**request.args.to_dict(), **named, "language": language})


def filled(pattern: Pattern, language: str, **values: object) -> Markup:
    """Return words for a page with their values in place; those of a number of things in the form for `n`."""
    safe = {name: isolated(value, language) for name, value in values.items()}
    return escape(_form(pattern, language, values)).format(**safe)


def isolated(value: object, language: str | None = None) -> Markup:
    """Return a value for a page in its own direction; words that were told already in that of their language."""
    return Markup('<bdi dir="{}">{}</bdi>').format(_direction(value, language), shown_text(value))


def filled_text(pattern: Pattern, language: str, **values: object) -> str:
    """Return words as plain text, for attributes and scripts; isolating signs only where text might turn."""
    told = {name: _isolated_text(value, language) for name, value in values.items()}
    return _form(pattern, language, values).format(**told)


def as_text(told: Markup) -> str:
    """Return what was told for a page as plain text in the language chosen."""
    return _bare(told, chosen_language())


def _form(pattern: Pattern, language: str, values: Mapping[str, object]) -> str:
    if isinstance(pattern, str):
        return pattern
    return pattern[plural_form(language, int(str(values["n"])))]


def _bare(value: object, language: str) -> str:
    if not isinstance(value, Markup):
        return str(shown_text(value))
    text = str(value)
    if language in RIGHT_TO_LEFT:
        text = text.replace("</bdi>", END)
        for direction, mark in ISOLATES.items():
            text = text.replace(f'<bdi dir="{direction}">', mark)
    return Markup(text).striptags()  # noqa: S704  # the tags go


def _isolated_text(value: object, language: str) -> str:
    text = _bare(value, language)
    if language not in RIGHT_TO_LEFT and text.isascii():
        return text
    return f"{ISOLATES[_direction(value, language)]}{text}{END}"


def _direction(value: object, language: str | None) -> str:
    """Return the direction of a value: of our own words the language's, of a figure without a letter left to right."""
    if isinstance(value, Markup) and language is not None:
        return direction_of(language)
    return "auto" if any(sign.isalpha() for sign in str(value)) else "ltr"


def register(app: Flask) -> None:
    """Make every page English that does not say otherwise, and give templates the words of the bar."""
    app.add_template_global(bar_words, "bar_words")
    app.add_template_global(page_words, "page_words")
    app.add_template_global(language_address, "in_language_address")
    app.add_template_global(filled, "filled")
    app.context_processor(lambda: {"language": LANGUAGES[0], "direction": "ltr"})
