"""Words of a question that nothing found for it holds, read as these texts spell them.

What is compared are texts that were found, never the vocabulary of an index: nobody learns a word of a
document that he may not read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import takewhile

from service.text import words

_LANGUAGE = "en"
"""Of whose words tokenizers know most: of 500 questions in German, all spelled right, 94 would be read
otherwise (`welchem`, `verwundet`), of 500 in English 5, of which 4 are misspelt."""
_SHORTEST = 5
_SHORT = 6
"""Shorter words are left as they are; of those shorter than the second, another letter makes another word
(`https`, `httpx`) more often than a slip."""
_FIRST = 8
"""So many of the best hits hold what is asked, mostly, and are looked through before all others."""
_MOST = 16
"""Where these lack more words, it is no English that was asked; to look for so many would take long."""


def respelled(
    question: str, found: Sequence[str], language: str, is_one_token: Callable[[str], bool]
) -> dict[str, str]:
    """What words of a question are read as, by the words as they are written.

    A word is taken for misspelt where no text holds it or its stem, the embedder's tokenizer does not know it
    as one word, and the texts have a word that begins alike and differs by one slip: a letter too many, one
    too few, another one, or two in each other's place (Damerau 1964). Several such: the one in most texts.
    Names (a capital that does not begin the question), codes and all else that is not letters stay.

    Args:
        question: its text.
        found: the texts that were found for it, best first.
        language: that of the texts; words of others than English stay.
        is_one_token: whether the tokenizer has a token for a whole word, in lower case.
    """
    asked = dict.fromkeys(_ordinary(question) if language == _LANGUAGE else ())
    lacking = _in_none(asked, found[:_FIRST])
    if not lacking or len(lacking) > _MOST:
        return {}
    odd = [word for word in _in_none(lacking, found[_FIRST:]) if not is_one_token(word.casefold())]
    if not odd:
        return {}
    known = Counter(word for text in found for word in set(words.written(text.casefold())) if word.isalpha())
    return {word: meant for word in odd if (meant := _meant(word.casefold(), known))}


def spelled(question: str, read_as: dict[str, str]) -> str:
    """The question with its words as they are read."""
    for word in reversed(words.word_spans(question)):
        if meant := read_as.get(word.group()):
            question = question[: word.start()] + meant + question[word.end() :]
    return question


def _ordinary(question: str) -> Iterable[str]:
    for place, word in enumerate(words.written(question)):
        plain = word.islower() or (place == 0 and word.istitle())
        if plain and word.isalpha() and len(word) >= _SHORTEST and not words.is_stop_word(word):
            yield word


def _in_none(asked: Iterable[str], found: Sequence[str]) -> list[str]:
    left = list(asked)
    if left:
        texts = [text.casefold() for text in found]
        left = [word for word in left if not _is_held(word, texts)]
    return left


def _is_held(word: str, texts: Sequence[str]) -> bool:
    lower, stem = word.casefold(), words.stem(word)
    return any(lower in text or stem in text for text in texts)


def _meant(word: str, known: Counter[str]) -> str:
    near = [other for other in known if other[0] == word[0] and _is_one_slip(word, other)]
    return max(near, key=lambda other: (known[other], other), default="")


def _is_one_slip(word: str, other: str) -> bool:
    """Whether one slip of the fingers makes `word` of `other`, which is not the same."""
    alike = takewhile(lambda pair: pair[0] == pair[1], zip(word, other, strict=False))
    here = sum(1 for _ in alike)
    if word[here + 1 :] == other[here:] or word[here:] == other[here + 1 :]:
        return True
    if word[here : here + 2] == other[here : here + 2][::-1] and word[here + 2 :] == other[here + 2 :]:
        return True
    return len(word) >= _SHORT and word[here + 1 :] == other[here + 1 :]
