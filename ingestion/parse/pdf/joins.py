"""Lines to running text: hyphens at line ends undone, paragraphs put together across columns and pages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from ingestion.parse.pdf.blocks import SENTENCE_END, Block
from ingestion.parse.pdf.model import PageContent

WORD = re.compile(r"[^\W\d_]+(?:[-‐][^\W\d_]+)*")
HYPHENS = ("-", "‐", "\u00ad")
UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uff00-\uffef\u3000-\u303f]")


def vocabulary(pages: Iterable[PageContent]) -> Counter[str]:
    """How often each word of the document occurs, hyphenated compounds as one."""
    counts: Counter[str] = Counter()
    for page in pages:
        for word in page.words:
            counts.update(match.casefold() for match in WORD.findall(word.text))
    return counts


def running_text(lines: Sequence[str], words: Counter[str]) -> str:
    """The lines of one block as one line."""
    text = lines[0]
    for line in lines[1:]:
        text = _joined(text, line, words)
    return text


def _joined(text: str, line: str, words: Counter[str]) -> str:
    if not text or not line:
        return text + line
    if text.endswith(HYPHENS) and len(text) > 1 and text[-2].isalpha() and line[0].isalpha():
        return text + line if _compound(text, line, words) else text[:-1] + line
    if UNSPACED.match(text[-1]) and UNSPACED.match(line[0]):
        return text + line
    return f"{text} {line}"


def _compound(text: str, line: str, words: Counter[str]) -> bool:
    """Whether the hyphen belongs to the word: the document's own spelling decides."""
    if text.endswith("\u00ad"):
        return False
    head = _last_word(text[:-1])
    found = WORD.match(line)
    tail = found.group() if found else ""
    if not line[0].islower():
        return True
    whole, parted = f"{head}{tail}".casefold(), f"{head}-{tail}".casefold()
    if words[parted] or words[whole]:
        return words[parted] > words[whole]
    # Neither spelling occurs: two words that stand alone elsewhere are likelier a compound than a break.
    return min(words[head.casefold()], words[tail.casefold()]) >= 2 and min(len(head), len(tail)) >= 3


def _last_word(text: str) -> str:
    found = re.search(r"[^\W\d_]+$", text)
    return found.group() if found else ""


def join_paragraphs(blocks: Sequence[Block]) -> list[Block]:
    """Blocks with paragraphs that run on in the next column or page made one, which keeps its first page."""
    joined: list[Block] = []
    for block in blocks:
        if joined and _runs_on(joined[-1], block):
            before = joined[-1]
            joined[-1] = replace(before, lines=before.lines + block.lines, last=block.last)
        else:
            joined.append(block)
    return joined


def _runs_on(before: Block, block: Block) -> bool:
    if not (before.last and block.first) or not before.lines or not block.lines:
        return False
    if block.listed or before.style.mono or block.style.mono or _restyled(before, block):
        return False
    end, start = before.lines[-1], block.lines[0]
    if end.endswith(SENTENCE_END) or len(end.split()) < 4:
        return False
    if end.endswith(HYPHENS) and start[0].islower():
        return True
    return start[0].islower() or bool(UNSPACED.match(end[-1]) and UNSPACED.match(start[0]))


def _restyled(before: Block, block: Block) -> bool:
    a, b = before.style, block.style
    return abs(a.size - b.size) > 0.6 or a.bold != b.bold
