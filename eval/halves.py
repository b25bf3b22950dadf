"""Public sets of which half of the articles is learned from, and the other half reported on."""

from __future__ import annotations

import zlib

RANKED = ("squad2", "stackfaq", "covidfaq", "clapnq")
"""Those that taught the shipped ranker."""
DECIDED = (*RANKED, "scifact", "chunking")
"""Those that taught the shipped calibrator."""

FAQS = ("stackfaq", "covidfaq")
"""Answers to questions of which several are much the same: the labels name one, and others answer as well."""

EDITIONS = ("sec10q",)
"""Reports of one form, by company and quarter: with another name or number, another one of them is asked."""


def is_first_half(group: str) -> bool:
    """Whether an article is of the half that is learned from: drawn by its name."""
    return zlib.crc32(group.encode()) % 2 == 0
