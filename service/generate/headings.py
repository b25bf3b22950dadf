"""The heading above a sentence that says what the sentence leaves out: the release that a change came with.

A list of changes names its release and its day once, above. Where the question names that number, or asks for
it, the sentence alone is no answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from service.generate.candidates import CandidateSentence
from service.generate.question import QuestionPart, exact
from service.generate.subjects import named_terms
from service.text.quantities import exact_values
from service.types import Quotation

_ASKS_RELEASE = re.compile(
    r"\b(?:which|what|welche[rsnm]?|quelle|qué|quale)\s(?:[\w.-]+\s){0,3}?"
    r"(?:version|release|edition|ausgabe|versión|edición|versione|edizione)s?\b",
    re.I,
)
_RELEASE = re.compile(r"\d+(?:\.\d+)+|\b(?:19|20)\d\d\b")
_NAMES_RELEASE = re.compile(r"\b(?:version|release|edition|ausgabe)\s+v?\d", re.I)
_COUNTED = re.compile(r"\s*\d+[.)]\s")
"""The place of a section among the others, which nobody asks for."""
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


def heading_of(candidate: CandidateSentence, parts: Sequence[QuestionPart]) -> Quotation | None:
    """The innermost heading that tells more of what is asked, with a colon; None where the sentence does.

    What stands first in the path is the document's own name, which every footnote shows.
    """
    path = candidate.passage.nearest(*candidate.span).chunk.heading_path[1:]
    for heading in reversed(path):
        if any(_tells(heading, candidate, part) for part in parts):
            shown = _LINK.sub(r"\1", heading)
            return Quotation(candidate.passage.n, *candidate.span, f"{shown.rstrip(':')}:")
    return None


def _tells(heading: str, candidate: CandidateSentence, part: QuestionPart) -> bool:
    numbers = {term for term in exact(part.asked(candidate.language)) if not any(map(str.isalpha, term))}
    told = named_terms(_COUNTED.sub("", heading), candidate.language)
    if (numbers - candidate.terms - candidate.about) & told:
        return True
    if part.asks_time and not part.cue(candidate.text, candidate.terms):
        return bool(exact_values(heading, candidate.language).dates)
    asks_release = _ASKS_RELEASE.search(part.text) is not None
    return asks_release and not _NAMES_RELEASE.search(candidate.text) and _RELEASE.search(heading) is not None
