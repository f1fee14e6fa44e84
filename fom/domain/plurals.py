"""Which form of a word a language takes beside a number of things.

Source: Unicode CLDR, plural rules for cardinal numbers (whole numbers only; French `many`, from a million on, is left
out: no page counts so far).
"""

from __future__ import annotations

FORMS = {"en": ("one", "other"), "fr": ("one", "other"), "ar": ("zero", "one", "two", "few", "many", "other")}
"""Language -> the forms that each of its plural words has."""


def plural_form(language: str, n: int) -> str:
    """Return the name of the form for a whole number, n >= 0."""
    if language == "fr":
        return "one" if n < 2 else "other"
    if language != "ar" or n == 1:
        return "one" if n == 1 else "other"
    if n in (0, 2):
        return "zero" if n == 0 else "two"
    rest = n % 100
    return "few" if 3 <= rest <= 10 else "many" if rest >= 11 else "other"
