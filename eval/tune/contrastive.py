"""Contrastive fine-tuning of a sentence-transformers model on a few thousand examples, in minutes.

The loss is that of van den Oord et al. 2018 over the batch's other passages and one hard negative for each
question (`MultipleNegativesRankingLoss`). The lower half of the transformer and its embeddings stay as they
are, or everything does and low-rank adapters learn (Hu et al. 2021), which are merged in at the end: what is
saved is a plain model in either case.
"""

from __future__ import annotations

import random
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.tune.pairs import TrainingExample, batches
from service.models import files_of, locate
from service.settings import Settings

WARM_UP = 0.1
"""The share of training in which the learning rate rises; then it falls to nothing."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a model is trained.

    `temperature` divides cosines; `max_tokens` is the length that passages are cut to while training.
    `minutes` ends training early, with the learning rate at its end.
    """

    epochs: int = 4
    minutes: float = 10.0
    batch_size: int = 16
    learning_rate: float = 5e-5
    temperature: float = 0.05
    max_tokens: int = 96
    lora: bool = False
    seed: int = 13


LORA_RATE = 10.0
"""Adapters start from nothing and take larger steps: so many times the learning rate."""
LORA_RANK = 16


@dataclass(frozen=True, slots=True)
class Trained:
    """What training came to. `loss` is the mean over the last tenth of the steps."""

    steps: int
    seconds: float
    cpu_seconds: float
    """Over all cores: two busy cores spend two in a second."""
    loss: float
    parameters: int
    """Numbers that were learned."""


def train(
    model: str,
    examples: Sequence[TrainingExample],
    recipe: Recipe,
    out: Path,
    said: Callable[[float, float], None],
) -> Trained:
    """Trains what the setting `model` names and saves the result to `out`.

    `said` is called after every step with the share of training done and the loss.
    """
    import torch
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

    torch.manual_seed(recipe.seed)
    network = _opened(model)
    length = network.max_seq_length
    network.max_seq_length = min(length or recipe.max_tokens, recipe.max_tokens)
    merge = _adapted(network) if recipe.lora else _half_frozen(network)
    learned = [one for one in network.parameters() if one.requires_grad]
    loss = MultipleNegativesRankingLoss(network, scale=1.0 / recipe.temperature)
    rate = recipe.learning_rate * (LORA_RATE if recipe.lora else 1.0)
    optimizer = torch.optim.AdamW(learned, lr=rate, weight_decay=0.01)
    network.train()
    started, spent, losses = time.monotonic(), time.process_time(), []
    for done, batch in _steps(examples, recipe, started):
        for group in optimizer.param_groups:
            group["lr"] = rate * _rate_at(done)
        losses.append(_step(network, loss, optimizer, learned, batch))
        said(done, losses[-1])
    seconds, cpu_seconds = time.monotonic() - started, time.process_time() - spent
    count = sum(one.numel() for one in learned)
    merge()
    network.max_seq_length = length
    network.eval().save(str(out), create_model_card=False)
    last = losses[-max(1, len(losses) // 10) :]
    mean = sum(last) / max(1, len(last))
    return Trained(len(losses), round(seconds, 1), round(cpu_seconds, 1), round(mean, 4), count)


def _opened(model: str) -> Any:
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    quiet: Any = logging
    quiet.disable_progress_bar()  # of loading and saving, which take a moment
    return SentenceTransformer(files_of(locate(model).reference, Settings().cache_dir))


def _step(
    network: Any, loss: Any, optimizer: Any, learned: list[Any], batch: Sequence[Sequence[str]]
) -> float:
    """One step on columns of texts: questions, right passages, wrong ones."""
    import torch
    from sentence_transformers.util import batch_to_device

    features = [batch_to_device(network.preprocess(list(column)), network.device) for column in batch]
    value = loss(features, torch.empty(0))
    value.backward()
    torch.nn.utils.clip_grad_norm_(learned, 1.0)
    optimizer.step()
    optimizer.zero_grad()
    return float(value.detach())


def _steps(
    examples: Sequence[TrainingExample], recipe: Recipe, started: float
) -> Iterator[tuple[float, list[list[str]]]]:
    """The batches as columns of texts, each with the share of training that lies before it."""
    draw = random.Random(recipe.seed)
    all_batches = [
        batch for _ in range(recipe.epochs) for batch in batches(examples, recipe.batch_size, draw)
    ]
    for number, batch in enumerate(all_batches):
        done = max(number / len(all_batches), (time.monotonic() - started) / (60 * recipe.minutes))
        if done >= 1:
            return
        yield done, _columns(batch, draw)


def _columns(batch: Sequence[TrainingExample], draw: random.Random) -> list[list[str]]:
    """Where a question has no hard negative, another's passage stands in, which is one anyway."""
    following = [*batch[1:], batch[0]]
    wrong = [
        draw.choice(one.negatives) if one.negatives else other.passage
        for one, other in zip(batch, following, strict=True)
    ]
    return [[one.question for one in batch], [one.passage for one in batch], wrong]


def _rate_at(done: float) -> float:
    """Rises, then falls, both in a straight line."""
    return max(0.02, done / WARM_UP) if done < WARM_UP else (1 - done) / (1 - WARM_UP)


def _half_frozen(network: Any) -> Callable[[], None]:
    """The upper half of the layers learns, and what follows the transformer; nothing is to be merged."""
    import torch

    transformer = network[0].auto_model
    stacks = [one for one in transformer.modules() if isinstance(one, torch.nn.ModuleList)]
    layers = max(stacks, key=len)
    transformer.requires_grad_(False)
    for layer in list(layers)[len(layers) // 2 :]:
        layer.requires_grad_(True)
    return lambda: None


def _adapted(network: Any) -> Callable[[], None]:
    """Adapters beside every linear layer learn; the function that is returned merges them in."""
    from peft import LoraConfig, get_peft_model

    transformer = network[0].auto_model
    transformer.requires_grad_(False)
    config = LoraConfig(r=LORA_RANK, lora_alpha=2 * LORA_RANK, lora_dropout=0.05, target_modules="all-linear")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # peft asks transformers by a name that it will drop
        adapted = get_peft_model(transformer, config)  # puts the adapters into the transformer itself

    def merge() -> None:
        adapted.merge_and_unload()

    return merge
