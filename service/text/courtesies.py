"""What a message says to be polite: a greeting, "could you tell me", thanks, good wishes, a signature.

No document answers it, and whatever counts the words of a question (how much of it a passage holds, how long
it is) would take it for something that is asked.
"""

from __future__ import annotations

import re

_GOODBYE = (
    r"have\s+a\s+(?:nice|good|great|wonderful|lovely)"
    r"\s+(?:day|one|evening|afternoon|morning|night|time|week(?:end)?)\b"
)
_THANKS_ALONE = (
    r"(?:and\s+)?(?:many\s+)?(?:thanks|thank\s+you|thx)"
    rf"(?:\s+(?:in\s+advance|(?:so|very)\s+much|a\s+lot|again|and\s+{_GOODBYE}"
    r"|for\s+(?:your|any|all|the)\s+(?:help|support|time|reply|answers?|advice|hints?)))*"
)
_SENTENCE_END = re.compile(
    r"((?<=[.!?])\s+|(?<!\s)[^\S\n]*+\n\s*"
    r"|(?<!\s)(?<!\bsay)(?<!\bwrite)(?<!\bsend)(?<!\bthe)(?<!\ba)(?<!\bof)(?<!\band)(?<!\bmany)\s++"
    rf"(?=(?:{_THANKS_ALONE}|(?:best|kind|warm)\s+regards)[,.!]*(?:\s++(?-i:[A-Z])[\w’'-]++){{0,3}}"
    r"[.!]*[^\S\n]*+(?:\n|\Z)))",
    re.IGNORECASE,
)
"""Also where thanks and regards are the last that is said: in haste nothing stands before them. What
follows white space is looked at where that begins, once: a message of nothing else would take seconds."""

_SIGNATURE = re.compile(r"\n-- ?\n.*\Z", re.DOTALL)
"""What stands below a line of two hyphens (RFC 3676, 4.3)."""

_NAME_WORD = r"\w[\w’']*(?:[-.]\w[\w’']*)*"
_SALUTATION = re.compile(
    r"\A(?:"
    r"(?:hi|hello|hey|hiya|howdy|greetings|good\s+(?:morning|afternoon|evening|day)|hallo|moin|servus"
    r"|guten\s+(?:tag|morgen|abend)|bonjour|bonsoir|salut|hola|buenos\s+días|buenas\s+(?:tardes|noches)|ciao)"
    r"(?:\s+(?:there|all|again|team|support|everyone|everybody|folks|guys|together|zusammen|à\s+tous)"
    rf"|\s+(?-i:(?!World)(?=[A-Z])){_NAME_WORD}){{0,3}}"  # Hello Ann, but not Hello World
    rf"|(?:dear|liebe[rs]?|sehr\s+geehrte[rs]?|cher|chère|estimad[oa]s?)(?:\s+{_NAME_WORD}\.?){{1,4}}"
    r")\s*(?:[,!]+\s*|[.:;–—-]+(?:\s+|\Z))",  # Hi-Fi and hello.txt greet nobody
    re.IGNORECASE,
)

_YOU = (
    r"(?:please\s+)?(?:can|could|would)\s+(?:you|some(?:one|body)|any(?:one|body))\s+"
    r"(?:(?:please|kindly)\s+)?"
)
_TELL = r"(?:tell\s+(?:me|us)|let\s+(?:me|us)\s+know|explain(?:\s+to\s+(?:me|us))?)"
_ASKS = (
    r"(?:\s*[,:])?\s+(?=(?:what|which|who|whom|whose|when|where|why|how|if|whether"
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
    r"(?:(?:and\s+|first\s+of\s+all,?\s+)?(?:many\s+)?(?:thanks(?!\s+to\b)|thank\s+you|thx)|best\s*(?=,|\Z)"
    r"|(?:with\s+)?(?:best|kind|warm|kindest)\s+(?:regards|wishes)"
    r"|(?:cheers|regards|sincerely|yours(?:\s+(?:sincerely|faithfully|truly))?)"
    r"(?=\s*[,.!]|\s*\Z|\s+(?-i:[A-Z]))"
    rf"|{_GOODBYE}|(?:vielen|besten)\s+dank|danke"
    r"|(?:mit\s+)?(?:freundlichen|besten|viele|liebe)\s+grüßen?|merci|cordialement|gracias|saludos)"
    r"(?!\w)[^?]{0,80}",
    re.IGNORECASE,
)

_ASKS_SOMETHING = re.compile(
    r"\b(?:what|which|who|whom|whose|when|where|why|how"
    r"|wer|wen|wem|wann|warum|wie|welche[rsnm]?|quand|comment|combien|cuándo|cómo)\b",
    re.IGNORECASE,
)
"""Such a sentence stays, however politely it begins: "Thanks, how long does it last"."""

_NAME = 4
"""So many words at the most stand behind the last closing."""


def without_courtesies(text: str) -> str:
    """The text without them; as it is where there are none, and where nothing else is said."""
    body = _SIGNATURE.sub("", text).strip()
    first, *others = _SENTENCE_END.split(body)
    sentences = [("", _SALUTATION.sub("", first)), *zip(others[::2], others[1::2], strict=True)]
    kept = [(gap, _FRAME.sub("", one)) for gap, one in _unsigned(sentences) if one and not _is(_FILLER, one)]
    said = "".join(gap + one for gap, one in kept).strip() or body
    return text if said in ("", text.strip()) else said


def _unsigned(sentences: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Without the sentences of thanks and farewell, and the name behind the last of them."""
    closings = [place for place, (_, one) in enumerate(sentences) if _is(_CLOSING, one)]
    end = len(sentences)
    if closings and _is_name(" ".join(one for _, one in sentences[closings[-1] + 1 :])):
        end = closings[-1]
    return [one for place, one in enumerate(sentences[:end]) if place not in closings]


def _is(courtesy: re.Pattern[str], sentence: str) -> bool:
    return courtesy.fullmatch(sentence) is not None and _ASKS_SOMETHING.search(sentence) is None


def _is_name(text: str) -> bool:
    if any(sign == "?" or sign.isdigit() for sign in text) or _ASKS_SOMETHING.search(text):
        return False
    return len(text.split()) <= _NAME
