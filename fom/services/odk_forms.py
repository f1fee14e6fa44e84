"""The words that the forms of ODK and KoboToolbox need besides those of the questions."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from fom.services.form_words import LANGUAGES, form_words

_WORDS = Path(__file__).resolve().parents[2] / "geodata" / "words" / "odk.json"


@cache
def odk_words() -> dict[str, dict[str, Any]]:
    """Return language -> the words of the forms, with those that only ODK needs under `odk`."""
    own = json.loads(_WORDS.read_text("utf-8"))
    return {language: {**form_words(language), "odk": own[language]} for language in LANGUAGES}
