"""What a message says to be polite: a greeting, "could you tell me", thanks, good wishes, a signature.

No document answers it, and whatever counts the words of a question (how much of it a passage holds, how long
it is) would take it for something that is asked.
"""

from __future__ import annotations

import re

_SENTENCE_END = re.compile(
    r"(?<=[.!?])\s+|\s*\n\s*"
    r"|(?<!many)\s+(?=(?:(?:many\s+)?(?:thanks|thank\s+you|thx)|(?:best|kind|warm)\s+regards)\b)",
    re.IGNORECASE,
)
"""Also where thanks and regards begin: in haste nothing stands before them."""

_SIGNATURE = re.compile(r"\s*\n-- ?\n.*\Z", re.DOTALL)
"""What stands below a line of two hyphens (RFC 3676, 4.3)."""

_SALUTATION = re.compile(
    r"\A(?:"
    r"(?:hi|hello|hey|hiya|howdy|greetings|good\s+(?:morning|afternoon|evening|day)|hallo|moin|servus"
    r"|guten\s+(?:tag|morgen|abend)|bonjour|bonsoir|salut|hola|buenos\s+días|buenas\s+(?:tardes|noches)|ciao)"
    r"(?:\s+(?:there|all|again|team|support|everyone|everybody|folks|guys|together|zusammen|à\s+tous)"
    r"|\s+(?-i:(?!World)[A-Z])[\w’'-]+){0,3}"  # Hello Ann, but not Hello World
    r"|(?:dear|liebe[rs]?|sehr\s+geehrte[rs]?|cher|chère|estimad[oa]s?)(?:\s+[\w’'.-]+){1,4}"
    r")\s*(?:[,!]+\s*|[.:;–—-]+(?:\s+|\Z))",  # Hi-Fi and hello.txt greet nobody
    re.IGNORECASE,
)

_YOU = (
    r"(?:please\s+)?(?:can|could|would)\s+(?:you|some(?:one|body)|any(?:one|body))\s+"
    r"(?:(?:please|kindly)\s+)?"
)
_TELL = r"(?:tell\s+(?:me|us)|let\s+(?:me|us)\s+know|explain(?:\s+to\s+(?:me|us))?)"
_ASKS = (
    r"\s*[,:]?\s+(?=(?:what|which|who|whom|whose|when|where|why|how|if|whether"
    r"|was|wer|wen|wem|wann|wo|warum|wie|welche[rsnm]?|ob)\b)"
)
_FRAME = re.compile(
    rf"\A(?:(?:{_YOU}|please\s+){_TELL}{_ASKS}|do\s+you\s+know{_ASKS}"
    rf"|(?:i|we)(?:\s+would|[’']d)\s+like\s+to\s+(?:know|ask){_ASKS}"
    rf"|(?:i|we)\s+(?:(?:want|need)\s+to\s+know|(?:am|are|was|were)\s+wondering){_ASKS}"
    rf"|(?:können|könnten|kannst|könntest)\s+(?:sie|du|ihr)\s+(?:mir|uns)\s+(?:bitte\s+)?sagen{_ASKS}"
    r"|(?:just\s+)?(?:a\s+)?(?:quick|short|small|simple)\s+question\s*[:,–—-]+\s*(?=\w))",
    re.IGNORECASE,
)

_FILLER = re.compile(
    r"(?:(?:i\s+|we\s+)?hope\s+(?:you|this|all|everything|your)\b[^?]{0,60}"
    rf"|{_YOU}help(?:\s+(?:me|us))?(?:\s+out)?(?:\s+(?:with\s+(?:this|that)|here|please))?"
    r"|please\s+help(?:\s+(?:me|us))?"
    r"|any\s+(?:help|hints?|ideas?|advice)(?:\s+(?:is|would\s+be|are)\s+[^?]{0,30}appreciated)?"
    r"|(?:i|we)\s+have\s+(?:a|one|another)\s+(?:(?:quick|short|small|simple)\s+)?question(?:\s+for\s+you)?"
    r"|(?:just\s+)?(?:a\s+)?(?:quick|short|small|simple)\s+question)\s*[.!?:,]*",
    re.IGNORECASE,
)

_CLOSING = re.compile(
    r"(?:(?:and\s+)?(?:many\s+)?(?:thanks|thank\s+you|thx|cheers)|best\s*(?=,|\Z)"
    r"|(?:with\s+)?(?:best|kind|warm|kindest)\s+(?:regards|wishes)|regards|sincerely|yours"
    r"|have\s+a\s+(?:nice|good|great)|(?:vielen|besten)\s+dank|danke"
    r"|(?:mit\s+)?(?:freundlichen|besten|viele|liebe)\s+grüßen?|merci|cordialement|gracias|saludos)"
    r"(?!\w)[^?]{0,80}",
    re.IGNORECASE,
)
_NAME = 4
"""So many words at the most stand behind the last closing."""


def without_courtesies(text: str) -> str:
    """The text without them; as it is where there are none, and where nothing else is said."""
    body = _SIGNATURE.sub("", text)
    sentences = [part for part in _SENTENCE_END.split(body.strip()) if part] or [body]
    said = _unsigned([_SALUTATION.sub("", sentences[0]), *sentences[1:]])
    kept = [_FRAME.sub("", one) for one in said if one and not _FILLER.fullmatch(one)]
    return body if not kept or kept == sentences else " ".join(kept)


def _unsigned(sentences: list[str]) -> list[str]:
    """Without the sentences of thanks and farewell, and the name behind the last of them."""
    closings = [place for place, one in enumerate(sentences) if _CLOSING.fullmatch(one)]
    end = len(sentences)
    if closings and sum(len(one.split()) for one in sentences[closings[-1] + 1 :]) <= _NAME:
        end = closings[-1]
    return [one for place, one in enumerate(sentences[:end]) if place not in closings]
