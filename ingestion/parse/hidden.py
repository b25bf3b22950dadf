"""Characters that a reader does not see, but a search index and a language model would.

Text can be smuggled in Unicode tag characters and variation selectors, turned around with bidirectional
controls, or broken up by zero-width characters so that no filter finds a word. They go; what scripts and
emoji need stays: joiners after Arabic and Indic letters, joiners inside emoji, the three flags that are
spelled in tags (Unicode Technical Standard 51), one variation selector after an emoji or a Han character.
"""

from __future__ import annotations

from collections import Counter

import regex

_JOINING_SCRIPTS = (
    *(
        "Arabic",
        "Syriac",
        "Nko",
        "Mandaic",
        "Mongolian",
        "Devanagari",
        "Bengali",
        "Gurmukhi",
        "Gujarati",
        "Oriya",
    ),
    *(
        "Tamil",
        "Telugu",
        "Kannada",
        "Malayalam",
        "Sinhala",
        "Khmer",
        "Myanmar",
        "Tibetan",
        "Balinese",
        "Javanese",
    ),
)
_AFTER_JOINING_LETTER = "(?<=[" + "".join(rf"\p{{Script={name}}}" for name in _JOINING_SCRIPTS) + "])"
_FLAGS = "|".join(
    "".join(chr(0xE0000 + ord(letter)) for letter in region) for region in ("gbeng", "gbsct", "gbwls")
)

_UNSEEN = regex.compile(
    rf"""
      (?P<keep>
          \U0001F3F4(?:{_FLAGS})\U000E007F
        | (?<=\p{{Emoji}})[\uFE0E\uFE0F]
        | (?<=[\p{{Extended_Pictographic}}\uFE0F\U0001F3FB-\U0001F3FF])\u200D(?=\p{{Extended_Pictographic}})
        | {_AFTER_JOINING_LETTER}[\u200C\u200D]
        | (?<=\p{{Han}})[\U000E0100-\U000E01EF\uFE00-\uFE02]
        | (?<=\p{{Script=Mongolian}})[\u180B-\u180D\u180F]
      )
    | (?P<tag_characters>[\U000E0000-\U000E00FF\U000E01F0-\U000E0FFF]+)
    | (?P<variation_selectors>[\uFE00-\uFE0F\U000E0100-\U000E01EF\u180B-\u180D\u180F]+)
    | (?P<bidirectional_controls>[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069\u206A-\u206F]+)
    | (?P<zero_width>[\u034F\u180E\u200B-\u200D\u2060-\u2065\uFEFF\u3164\uFFA0\uFFF9-\uFFFB]+)
    | (?P<soft_hyphens>\u00AD+)
    | (?P<control_characters>[\x00-\x08\x0E-\x1F\x7F-\x84\x86-\x9F\uFDD0-\uFDEF\uFFFE\uFFFF]+)
    """,
    regex.VERBOSE,
)
_SUSPECT = regex.compile(
    r"[\x00-\x08\x0E-\x1F\x7F-\x84\x86-\x9F\u00AD\u034F\u061C\u180B-\u180F\u200B-\u200F\u202A-\u202E"
    r"\u2060-\u206F\u3164\uFDD0-\uFDEF\uFE00-\uFE0F\uFEFF\uFFA0\uFFF9-\uFFFB\uFFFE\uFFFF"
    r"\U000E0000-\U000E0FFF]"
)


def visible_text(text: str) -> tuple[str, Counter[str]]:
    """`text` without the characters that nobody sees, and how many went, by cause."""
    causes: Counter[str] = Counter()
    if not _SUSPECT.search(text):
        return text, causes

    def judge(match: regex.Match[str]) -> str:
        found: str = match.group()
        cause = match.lastgroup or "keep"
        if cause == "keep":
            return found
        causes[cause] += len(found)
        return ""

    seen: str = _UNSEEN.sub(judge, text)
    return seen, causes
