"""The spoiled pages come from their seed, and what is found of them is counted."""

from __future__ import annotations

from itertools import islice

import numpy as np
from PIL import ImageFont

from eval.scans.faults import FAULTS
from eval.scans.measure import compared, spoiled
from eval.scans.pages import receipt


def test_the_same_seed_gives_the_same_pages() -> None:
    once, again = (list(islice(spoiled(3, 1, None), 2)) for _ in range(2))
    assert [(name, image.tobytes(), text) for name, image, text in once] == [
        (name, image.tobytes(), text) for name, image, text in again
    ]


def test_every_fault_changes_the_page() -> None:
    page = receipt(np.random.default_rng(1), ImageFont.load_default).image
    spoilt = {name: fault(page, np.random.default_rng(2)) for name, fault in FAULTS.items()}
    unchanged = [name for name, image in spoilt.items() if image.tobytes() == page.tobytes()]
    assert unchanged == ["none"]


def test_a_word_that_was_misread_and_a_space_that_was_lost_are_counted_apart() -> None:
    counts = compared("TOTAL 12.50 paid", "TOTAL12.50 paid")
    assert (counts["words found"], counts["words"]) == (2, 4)
    assert (counts["characters found"], counts["characters"]) == (14, 14)
    assert (counts["numbers found"], counts["numbers"]) == (1, 1)
