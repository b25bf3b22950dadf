import re

from ingestion.chunking.blocks import MANY, blocks
from ingestion.chunking.partition import Sizes, partition
from ingestion.chunking.ruler import LONGEST_STRIP, Ruler
from ingestion.types import Element, Placed


def words_of(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in re.finditer(r"\S+", text)]


def test_the_tokenizer_is_never_given_a_word_without_end() -> None:
    given_to_it: list[int] = []

    def tokenize(text: str) -> list[tuple[int, int]]:
        given_to_it.append(len(text))
        return words_of(text)

    text = "a" * (3 * LONGEST_STRIP + 1)
    Ruler(text, [(0, len(text))], tokenize)
    assert max(given_to_it) == LONGEST_STRIP
    assert sum(given_to_it) == len(text)


def test_a_long_line_is_counted_as_if_it_were_read_at_once() -> None:
    text = "seven letters each " * LONGEST_STRIP
    ruler = Ruler(text, [(0, len(text))], words_of)
    assert ruler.size(0, len(text)) == 3 * LONGEST_STRIP
    assert ruler.reach(19, len(text), 3) == 19 + len("seven letters each")


class CountingRuler(Ruler):
    """A ruler that tells how often it was asked."""

    asked = 0

    def tokens_before(self, position: int) -> int:
        self.asked += 1
        return super().tokens_before(position)


def lines_of(number: int) -> tuple[Placed, CountingRuler]:
    text = "\n".join(f"A{place % 1000}" for place in range(number))
    return Placed(Element("paragraph", text), 0, len(text)), CountingRuler(text, [(0, len(text))], words_of)


def test_each_block_is_looked_up_once_however_many_share_its_piece() -> None:
    placed, ruler = lines_of(1000)
    found = blocks([placed], ruler, 200)
    ruler.asked = 0
    pieces = partition(found, ruler, Sizes(200, 70, 24))
    assert len(found) == 1000
    assert ruler.asked <= len(found) + 2
    assert [block for piece in pieces for block in piece] == found


def test_the_shortest_blocks_of_a_machines_list_are_taken_together_and_nothing_is_lost() -> None:
    placed, ruler = lines_of(MANY + 1)
    found = blocks([placed], ruler, 200)
    assert len(found) <= MANY / 8
    assert all(ruler.size(block.start, block.end) <= 200 for block in found)
    assert "\n".join(ruler.text[block.start : block.end] for block in found) == ruler.text
