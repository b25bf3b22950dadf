"""What scanners, printers and telephones do to a page, each as one fault of a strength drawn by chance."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.random import Generator
    from PIL.Image import Image

_LARGEST_TURN = 7.0
"""Degrees."""


def skewed(image: Image, random: Generator) -> Image:
    """Laid on the glass at an angle of one to seven degrees."""
    from PIL import Image as Images

    angle = float(random.uniform(1, _LARGEST_TURN)) * (1 if random.random() < 0.5 else -1)
    return image.rotate(angle, Images.Resampling.BICUBIC, expand=True, fillcolor=255)


def faint(image: Image, random: Generator) -> Image:
    """Pale ink on grey paper, as thermal paper is after a year."""
    ink, paper = random.uniform(150, 190), random.uniform(210, 235)
    return _noise(_mapped(image, lambda grey: ink + grey / 255 * (paper - ink)), random, 3)


def blurred(image: Image, random: Generator) -> Image:
    """Out of focus."""
    from PIL import ImageFilter

    return image.filter(ImageFilter.GaussianBlur(float(random.uniform(1.2, 2.2)) * image.width / 1000 + 0.6))


def noisy(image: Image, random: Generator) -> Image:
    """Grain and specks."""
    grainy = _noise(image, random, float(random.uniform(20, 40)))
    specks = random.random((image.height, image.width))
    return _mapped(grainy, lambda grey: np.where(specks < 0.004, 0, np.where(specks > 0.996, 255, grey)))


def shadowed(image: Image, random: Generator) -> Image:
    """Light from one side, and the shadow of a hand."""
    y, x = np.mgrid[0 : image.height, 0 : image.width]
    turn = random.uniform(0, 2 * np.pi)
    along = (x / image.width - 0.5) * np.cos(turn) + (y / image.height - 0.5) * np.sin(turn)
    light = 0.65 - 0.5 * along
    hand = ((x / image.width - random.random()) ** 2 + (y / image.height - random.random()) ** 2) < 0.09
    return _mapped(image, lambda grey: grey * np.clip(light, 0.25, 1) * np.where(hand, 0.6, 1.0))


def small(image: Image, random: Generator) -> Image:
    """Scanned at a third to a half of the resolution."""
    from PIL import Image as Images

    share = float(random.uniform(0.36, 0.55))
    size = round(image.width * share), round(image.height * share)
    return image.resize(size, Images.Resampling.BOX)


def squeezed(image: Image, random: Generator) -> Image:
    """Stored as a JPEG of low quality."""
    return _jpeg(image, int(random.integers(8, 20)))


def worn(image: Image, random: Generator) -> Image:
    """Printed by a head with dead dots: letters thin, broken by white columns and lines."""
    columns = random.random(image.width) < 0.03
    rows = random.random(image.height) < 0.03
    holes = random.random((image.height, image.width)) < 0.12
    gone = columns[None, :] | rows[:, None] | holes
    return _mapped(image, lambda grey: np.where(gone, 255, grey))


def photographed(image: Image, random: Generator) -> Image:
    """Held before a telephone over a dark table: perspective, uneven light, a little blur and JPEG."""
    from PIL import Image as Images
    from PIL import ImageFilter

    width, height = image.size
    border = round(0.12 * width)
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], float)
    moved = corners + border + random.uniform(-0.05, 0.05, (4, 2)) * width
    table = Images.new("L", (width + 2 * border, height + 2 * border), int(random.integers(30, 110)))
    scene = image.transform(
        table.size, Images.Transform.PERSPECTIVE, _perspective(moved, corners), Images.Resampling.BICUBIC
    )
    paper = Images.new("L", image.size, 255).transform(
        table.size, Images.Transform.PERSPECTIVE, _perspective(moved, corners), fillcolor=0
    )
    table.paste(scene, mask=paper)
    lit = shadowed(_noise(table, random, 6), random).filter(ImageFilter.GaussianBlur(width / 1200))
    return _jpeg(lit, int(random.integers(40, 70)))


def none(image: Image, random: Generator) -> Image:
    """As printed."""
    return image


FAULTS: dict[str, Callable[[Image, Generator], Image]] = {
    fault.__name__: fault
    for fault in (none, skewed, faint, blurred, noisy, shadowed, small, squeezed, worn, photographed)
}


def _mapped(image: Image, change: Callable[[Any], Any]) -> Image:
    from PIL import Image as Images

    grey = change(np.asarray(image, np.float32))
    return Images.fromarray(np.clip(grey, 0, 255).astype(np.uint8))


def _noise(image: Image, random: Generator, strength: float) -> Image:
    grain = random.normal(0, strength, (image.height, image.width))
    return _mapped(image, lambda grey: grey + grain)


def _jpeg(image: Image, quality: int) -> Image:
    from PIL import Image as Images

    stored = io.BytesIO()
    image.save(stored, "JPEG", quality=quality)
    return Images.open(stored).convert("L")


def _perspective(places: Any, sources: Any) -> tuple[float, ...]:
    """The eight numbers by which Pillow finds for each place of the result the one in the source."""
    rows, wanted = [], []
    for (x, y), (u, v) in zip(places, sources, strict=True):
        rows += [(x, y, 1, 0, 0, 0, -u * x, -u * y), (0, 0, 0, x, y, 1, -v * x, -v * y)]
        wanted += [u, v]
    return tuple(np.linalg.solve(np.array(rows), np.array(wanted)))
