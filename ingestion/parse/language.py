"""The language of a text, as an ISO 639-1 code.

`py3langid` (a naive Bayes model of 4 MB over byte n-grams, Lui and Baldwin 2012) rather than `lingua`, which
is more exact on single words but takes 96 MB on disk: documents are long enough.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from ingestion.types import Element

DEFAULT = "en"
_SAMPLE_CHARACTERS = 1_500
_FEWEST_LETTERS = 20
_SUREST_WRONG = 0.8
"""Below this probability the default is the better bet."""
_NOT_A_LETTER = re.compile(r"[\W\d_]+")
_LANGUAGES = (
    *(
        "af",
        "ar",
        "bg",
        "bn",
        "ca",
        "cs",
        "cy",
        "da",
        "de",
        "el",
        "en",
        "es",
        "et",
        "eu",
        "fa",
        "fi",
        "fr",
        "ga",
    ),
    *(
        "gl",
        "gu",
        "he",
        "hi",
        "hr",
        "hu",
        "hy",
        "id",
        "is",
        "it",
        "ja",
        "ka",
        "kn",
        "ko",
        "lt",
        "lv",
        "mk",
        "ml",
    ),
    *(
        "mr",
        "ms",
        "mt",
        "ne",
        "nl",
        "no",
        "pa",
        "pl",
        "pt",
        "ro",
        "ru",
        "sk",
        "sl",
        "sq",
        "sr",
        "sv",
        "sw",
        "ta",
    ),
    *("te", "th", "tl", "tr", "uk", "ur", "vi", "zh"),
)


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(_LANGUAGES)
    return identifier


def detect_language(elements: Sequence[Element]) -> str:
    """The language of the prose among `elements`; English where there is too little to tell."""
    prose = _sample(element for element in elements if element.kind not in ("code", "table"))
    letters = _NOT_A_LETTER.sub(" ", prose or _sample(elements)).strip()
    if len(letters) < _FEWEST_LETTERS:
        return DEFAULT
    language, probability = _identifier().classify(letters)
    return str(language) if probability >= _SUREST_WRONG else DEFAULT


def _sample(elements: Iterable[Element]) -> str:
    parts: list[str] = []
    room = _SAMPLE_CHARACTERS
    for element in elements:
        if room <= 0:
            break
        parts.append(element.text[:room])
        room -= len(element.text)
    return " ".join(parts)
