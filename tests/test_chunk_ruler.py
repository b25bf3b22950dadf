import re

from ingestion.chunking.ruler import LONGEST_STRIP, Ruler


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
