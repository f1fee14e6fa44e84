"""What a page takes in its address: another name, or a value that is none of the choices, is refused as the API does.

A filter that is misspelt and passed over would show a list that answers another question.
"""

from __future__ import annotations

from collections.abc import Collection

from flask import request

from fom.errors import FieldError, InvalidInput

NUMBER_MAX = 2**31 - 1


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
    if not (text.isascii() and text.isdigit() and len(text) < 12 and least <= int(text) <= most):
        raise InvalidInput.single(name, repr(text)[:60], f"a whole number from {least} to {most}")
    return int(text)
