"""The names in a sentence, and whether a text says them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from service.text import words

_NEW_SENTENCE = re.compile(r"[.!?:;\n|•\"“(]\s*\Z")
_SHORTEST_ROOT = 3


def folded(text: str) -> str:
    """The words alone, in lower case; marks that carry meaning inside a word stay."""
    return " ".join(map(str.casefold, words.written(text)))


def names(text: str, language: str) -> Iterable[str]:
    """Words with a capital that no sentence start explains, acronyms, and a first word that begins a name.

    None in German, where every noun has a capital.
    """
    if language == "de":
        return
    found = words.word_spans(text)
    for index, token in enumerate(found):
        word = token.group()
        if not word[0].isupper() or words.is_stop_word(word, language) or any(map(str.isdigit, word)):
            continue
        starts = index == 0 or _NEW_SENTENCE.search(text[: token.start()][-3:]) is not None
        if not starts or word[1:].isupper() or _begins_name(found, index, language):
            yield word


def says(name: str, said: str, language: str) -> bool:
    """Whether folded text holds the name, in any inflection."""
    name = folded(name)
    if name in said:
        return True
    root = words.stem(name, language)
    return len(root) >= _SHORTEST_ROOT and re.search(rf"(?:^|\s){re.escape(root)}", said) is not None


def may_be_one(one: str, other: str) -> bool:
    """Whether two names may be forms of one: they begin alike, or one is the other's initials."""
    first, second = sorted((one.casefold(), other.casefold()), key=len)
    initials = "".join(word[0] for word in second.split())
    return second.startswith(first[: max(1, min(4, len(first)))]) or first == initials


def _begins_name(found: Sequence[re.Match[str]], index: int, language: str) -> bool:
    following = found[index + 1].group() if index + 1 < len(found) else ""
    return following[:1].isupper() and not words.is_stop_word(following, language)
