"""Cite: every sentence checked against the passage that it names, and mapped to the exact span.

A model's text comes in as it is written; sentences go out as soon as they are complete and checked. A
sentence without a marker, with an unknown number, or that its passage does not support is dropped and
counted. Marks that come out of a document (`[1]`, role tokens, fences) are disarmed before a model reads
them, so they are never citations. What is quoted names its place itself, and is shown as it stands there.

The check of one sentence, in the order to read the files:

    checker.py        one answer being checked: what comes in, what is dropped, how citations are numbered
    marked.py         a model's text becomes sentences, each with its markers
    links.py          addresses that no cited passage holds are taken out
    read_passage.py   the cited passages become sentences and table rows, taken apart once
    support.py        the verdict: word for word, by rule, or by the learned models
    claims.py         what the models read: which sentences the claim rests on, and what can be counted
    alignment.py      the claim along one sentence, word by word
"""

from service.cite.checker import CheckedSentence, Checker
from service.cite.closest import closest
from service.cite.support import Meaning, meaning_of, warning_of

__all__ = ["CheckedSentence", "Checker", "Meaning", "closest", "meaning_of", "warning_of"]
