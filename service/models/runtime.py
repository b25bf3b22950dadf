"""Runs a compiled model on the CPU with OpenVINO and the `tokenizers` library; never imports torch."""

from __future__ import annotations

import logging
import math
import os
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from service.models.card import Card
from service.models.vendor import import_openvino

log = logging.getLogger(__name__)

LENGTH_STEP = 16
"""Batches are padded to multiples of it: the runtime keeps compiled kernels and buffers for every length that
it meets, which without steps grows past a gigabyte over a few thousand chunks."""

MOST_AT_ONCE = 8
"""Texts that `questions` reads at once where nothing else is set: each takes memory of its own."""

Use = Literal["latency", "throughput", "questions"]
Text = str | tuple[str, str]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Batch:
    """What came out for some of the texts given: `rows` are their places among all.

    `outputs` are the model's, padded, an embedder's of shape (n, d) and (n, tokens, d); they are valid until
    the next batch is asked for. `encodings` are those of the `tokenizers` library.
    """

    rows: Sequence[int]
    outputs: tuple[Floats, ...]
    encodings: Sequence[Any]


class Encoder:
    """A compiled model. One instance for short interactive texts, another for bulk work: they share no queue.

    Args:
        folder: a compiled model, see `service.models`.
        use: `latency` gives all cores to one batch, `throughput` overlaps batches, and `questions` gives a
            core to each of several texts: a short one gains nothing from a second core, and takes it from
            the next.
        threads: CPU threads; 0 means one a core.
    """

    def __init__(self, folder: Path, use: Use, threads: int = 0) -> None:
        self.card = Card.read(folder)
        self._tokenizer = open_tokenizer(folder, self.card.max_tokens)
        self._tokenizer.enable_padding(
            pad_id=self.card.pad_id,
            pad_token=self.card.pad_token,
            pad_to_multiple_of=math.gcd(LENGTH_STEP, self.card.max_tokens),
        )
        openvino = import_openvino()
        core = openvino.Core()
        if cache := _kernel_cache(folder):
            core.set_property({"CACHE_DIR": str(cache)})
        self._compiled = core.compile_model(folder / "model.xml", "CPU", _hints(core, use, threads))
        self._local = threading.local()

    def run(self, texts: Sequence[Text]) -> Batch:
        """All outputs for one padded batch, now."""
        if not hasattr(self._local, "request"):
            self._local.request = self._compiled.create_infer_request()
        encodings = self._tokenizer.encode_batch(list(texts))
        self._local.request.infer(self._inputs(encodings))
        return Batch(range(len(texts)), _outputs(self._local.request), encodings)

    def run_all(self, texts: Sequence[Text], batch_size: int) -> Iterator[Batch]:
        """All outputs for any number of texts; batches hold texts of like length, the next run meanwhile."""
        order = sorted(range(len(texts)), key=lambda index: len(_joined(texts[index])))
        batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
        at_once = int(self._compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
        requests = [self._compiled.create_infer_request() for _ in batches[:at_once]]
        running: deque[tuple[Any, list[int], Sequence[Any]]] = deque()
        # Waited for in turn, not called back: a thread of the runtime that needs Python's lock to call back
        # may still want it when the model is let go of, and then neither moves on.
        for rows in batches:
            encodings = self._tokenizer.encode_batch([texts[index] for index in rows])
            inputs = self._inputs(encodings)
            if not requests:
                request, batch = _waited_for(running)
                yield batch
                requests.append(request)
            requests[-1].start_async(inputs)
            running.append((requests.pop(), rows, encodings))
        while running:
            yield _waited_for(running)[1]

    def _inputs(self, encodings: Sequence[Any]) -> dict[str, NDArray[np.int64]]:
        columns = {
            "input_ids": [encoding.ids for encoding in encodings],
            "attention_mask": [encoding.attention_mask for encoding in encodings],
            "token_type_ids": [encoding.type_ids for encoding in encodings],
        }
        return {name: np.array(columns[name], dtype=np.int64) for name in self.card.inputs}


def _hints(core: Any, use: Use, threads: int) -> dict[str, Any]:
    hints: dict[str, Any] = {"INFERENCE_PRECISION_HINT": "f32"}
    if use == "questions":
        _, most = core.get_property("CPU", "RANGE_FOR_STREAMS")  # the cores that the process may use
        at_once = threads or min(most, MOST_AT_ONCE)
        own = {"PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": at_once, "INFERENCE_NUM_THREADS": at_once}
        return hints | own
    hints["PERFORMANCE_HINT"] = use.upper()
    return hints | {"INFERENCE_NUM_THREADS": threads} if threads else hints


def open_tokenizer(folder: Path, max_tokens: int) -> Any:
    """The compiled model's tokenizer, of the `tokenizers` library, which cuts off at the model's length."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)
    return tokenizer


class TokenCounter:
    """Counts the tokens of a text: neither special tokens nor the model's length limit matter.

    Args:
        tokenizer_file: the tokenizer in the `tokenizers` library's JSON.
    """

    def __init__(self, tokenizer_file: Path) -> None:
        self._tokenizer = _whole(tokenizer_file)

    def __call__(self, text: str) -> int:
        """The number of tokens of `text`."""
        # The fast form leaves out where each token lies.
        return len(self._tokenizer.encode_batch_fast([text], add_special_tokens=False)[0])


class TokenFinder:
    """Finds where the tokens of texts lie, without special tokens or the model's length limit.

    Args:
        tokenizer_file: the tokenizer in the `tokenizers` library's JSON.
    """

    def __init__(self, tokenizer_file: Path) -> None:
        self._tokenizer = _whole(tokenizer_file)

    def __call__(self, texts: Sequence[str]) -> list[tuple[list[int], list[tuple[int, int]]]]:
        """For each text the ids of its tokens, and where each begins and ends, in characters."""
        found = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [(encoding.ids, encoding.offsets) for encoding in found]


def _kernel_cache(folder: Path) -> Path | None:
    """Where the runtime keeps what it makes of the model for this processor; that loads five times as fast.

    None where nothing can be written: in an image the models lie on a file system that is read-only.
    """
    cache = folder / "compiled"
    with suppress(OSError):
        cache.mkdir(exist_ok=True)
    if cache.is_dir() and os.access(cache, os.W_OK):
        return cache
    log.info("the model is prepared anew at every start: %s cannot be written", cache)
    return None


def _whole(tokenizer_file: Path) -> Any:
    """The tokenizer without the model's length limit."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _waited_for(running: deque[tuple[Any, list[int], Sequence[Any]]]) -> tuple[Any, Batch]:
    """The oldest request, which has ended, and what came out."""
    request, rows, encodings = running.popleft()
    request.wait()
    return request, Batch(rows, _outputs(request), encodings)


def _outputs(request: Any) -> tuple[Floats, ...]:
    return tuple(tensor.data for tensor in request.output_tensors)


def _joined(text: Text) -> str:
    return text if isinstance(text, str) else text[0] + text[1]
