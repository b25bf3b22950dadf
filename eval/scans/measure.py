"""How much OCR reads of receipts and pages drawn from known text and then spoiled, by kind and fault.

The pages come from the seed and the faces: `--fonts` takes a folder of them, else there is the one face that
comes with Pillow. Words and numbers are counted as a multiset; characters, spaces aside, in their order.
`--out` keeps each image with its text, for another reader. Seconds are of the processor.
"""

from __future__ import annotations

import io
import json
import re
import sys
import time
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eval.commands import AsJson, Out, Seed, command, run
from eval.parsing import words
from eval.scans.faults import FAULTS
from eval.scans.pages import KINDS, fonts
from ingestion.parse.image import parse
from service.errors import EmptyDocument
from service.settings import ParseSettings

if TYPE_CHECKING:
    from PIL.Image import Image

_NUMBER = re.compile(r"\d+(?:[.,:/]\d+)*")
_COUNTED = ("words", "characters", "numbers")
Scores = dict[tuple[str, str], Counter[str]]
"""By kind and fault: what was wanted and what was found, images, and milliseconds."""


def scores(seed: int, each: int, faces: Path | None, out: Path | None) -> Scores:
    """Draw `each` pages of every kind and fault, and read them."""
    found: Scores = defaultdict(Counter)
    for name, image, text in spoiled(seed, each, faces):
        if out is not None:
            image.save(out / f"{'-'.join(map(str, name))}.png")
            (out / f"{'-'.join(map(str, name))}.txt").write_text(text, encoding="utf-8")
        content = io.BytesIO()
        image.save(content, "PNG")
        started = time.process_time()
        read = _read(content.getvalue())
        spent = round(1000 * (time.process_time() - started))
        found[name[0], name[1]].update({**compared(text, read), "images": 1, "ms": spent})
    return found


def spoiled(seed: int, each: int, faces: Path | None) -> Iterator[tuple[tuple[str, str, int], Image, str]]:
    """(kind, fault, number), image and text of every page."""
    import numpy as np

    known = fonts(faces)
    for kind, draw in KINDS.items():
        for fault, spoil in FAULTS.items():
            for number in range(each):
                random = np.random.default_rng([seed, zlib.crc32(f"{kind} {fault}".encode()), number])
                page = draw(random, known[int(random.integers(len(known)))])
                yield (kind, fault, number), spoil(page.image, random), "\n".join(page.lines)


def compared(text: str, read: str) -> dict[str, int]:
    """How many words, characters and numbers of `text` there are, and were read."""
    from rapidfuzz.distance import LCSseq

    numbers = Counter(_NUMBER.findall(text))
    characters = ["".join(each.split()) for each in (text, read)]
    return {
        "words": words(text).total(),
        "words found": (words(text) & words(read)).total(),
        "numbers": numbers.total(),
        "numbers found": (numbers & Counter(_NUMBER.findall(read))).total(),
        "characters": len(characters[0]),
        "characters found": LCSseq.similarity(*characters),
    }


def table(found: Scores) -> Iterator[str]:
    """The result as lines to read, the worst fault of each kind first."""
    yield f"{'kind':10}{'fault':14}{'images':>7}{'words':>8}{'characters':>12}{'numbers':>9}{'s/image':>9}"
    for (kind, fault), counts in sorted(found.items(), key=lambda item: (item[0][0], _shares(item[1])[0])):
        yield _line(kind, fault, counts)
    for kind in KINDS:
        of_kind = [counts for (each, _), counts in found.items() if each == kind]
        yield _line(kind, "all", sum(of_kind, Counter()))


def _line(kind: str, fault: str, counts: Counter[str]) -> str:
    shares = "".join(f"{share:{width}.3f}" for share, width in zip(_shares(counts), (8, 12, 9), strict=True))
    return f"{kind:10}{fault:14}{counts['images']:7}{shares}{counts['ms'] / counts['images'] / 1000:9.2f}"


def _shares(counts: Counter[str]) -> list[float]:
    return [counts[f"{what} found"] / counts[what] for what in _COUNTED]


def _read(content: bytes) -> str:
    try:
        return "\n".join(element.text for element in parse(content, "page.png", ParseSettings()).elements)
    except EmptyDocument as error:
        raise typer.BadParameter(error.hint or str(error)) from error


def main(
    seed: Seed = 1,
    each: Annotated[int, typer.Option(min=1, help="Images of every kind and fault.")] = 2,
    faces: Annotated[Path | None, typer.Option("--fonts", help="Folder of fonts to draw in.")] = None,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """The command line."""
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    found = scores(seed, each, faces, out)
    if as_json:
        json.dump(
            {f"{kind} {fault}": counts for (kind, fault), counts in found.items()}, sys.stdout, indent=2
        )
        return
    for line in table(found):
        print(line)


if __name__ == "__main__":
    run(command(main))
