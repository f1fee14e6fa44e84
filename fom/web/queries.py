"""What a page takes in its address: another name, or a value that is none of the choices, is refused as the API does.

And numbers of addresses, hidden fields and lists, which are what a page wrote there or nothing.

A filter that is misspelt and passed over would show a list that answers another question.
"""

from __future__ import annotations

from collections.abc import Collection

from flask import request

from fom.errors import FieldError, InvalidInput

NUMBER_MAX = 2**31 - 1
DIGITS_MAX = 16


def check_query(*names: str, **choices: Collection[str]) -> None:
    """Refuse what the page does not take in its address; an empty value stands for none.

    Parameters
    ----------
    names
        What may be asked with any text.
    choices
        What may be asked with one of these values.

    Raises
    ------
    InvalidInput
        Every name that is not taken, and every value that is none of its choices.
    """
    taken = ", ".join((*names, *choices)) or "nothing"
    errors = [
        FieldError(name[:60], "given", f"what this page takes in its address: {taken}")
        for name in request.args
        if name not in (*names, *choices)
    ]
    errors += [
        FieldError(name, repr(value)[:60], "one of " + ", ".join(sorted(code for code in codes if code)))
        for name, codes in choices.items()
        for value in request.args.getlist(name)
        if value and value not in codes
    ]
    if errors:
        raise InvalidInput(errors)


def asked_number(name: str, *, least: int = 1, most: int = NUMBER_MAX) -> int | None:
    """Return a whole number of the address, None when it is not given; InvalidInput for anything else."""
    text = request.args.get(name, "").strip()
    if not text:
        return None
    number = whole_number(text)
    if number is None or not least <= number <= most:
        raise InvalidInput.single(name, repr(text)[:60], f"a whole number from {least} to {most}")
    return number


def whole_number(text: str) -> int | None:
    """Return the number that a hidden or chosen field holds, None when it holds none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= DIGITS_MAX else None
