"""Makes a small random embedding model and pages to tune it on, and trains adapters of it.

    python -m tests.eval.making_tuned FOLDER

A process of its own, so that torch never enters the one that tests the rest.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

from eval.tune.contrastive import Recipe, train
from eval.tune.pairs import TrainingExample

SYLLABLES = ("ba", "de", "fi", "go", "lu", "ma", "ne", "pi", "ro", "su", "ta", "ve", "wi", "zo")


def main() -> None:
    folder = Path(sys.argv[1])
    _save_model(folder / "base")
    (folder / "documents").mkdir()
    draw = random.Random(5)
    for number in range(48):
        (folder / "documents" / f"{number}.md").write_text(_page(draw), encoding="utf-8")
    examples = [TrainingExample(f"What is {n}?", f"Here is {n}.", ("Nothing.",), str(n)) for n in range(12)]
    recipe = Recipe(epochs=2, batch_size=6, lora=True)
    train(str(folder / "base"), examples, recipe, folder / "adapted", lambda done, loss: None)


def _page(draw: random.Random) -> str:
    """Two sections about words of their own, which heading and text share."""
    return "\n".join(_section(["".join(draw.choices(SYLLABLES, k=3)) for _ in range(8)], draw) for _ in "ab")


def _section(words: list[str], draw: random.Random) -> str:
    sentences = (" ".join(["the", *draw.choices(words, k=8)]).capitalize() + "." for _ in range(7))
    return f"## {' '.join(words[:4])}\n\n{' '.join(sentences)}\n"


def _save_model(folder: Path) -> None:
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import AutoTokenizer, BertConfig, BertModel

    from service.models import locate

    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=30522,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=256,
    )
    raw = folder.with_name("raw")
    BertModel(config).save_pretrained(raw)
    AutoTokenizer.from_pretrained(locate("all-MiniLM-L6-v2").reference).save_pretrained(raw)
    transformer = Transformer(str(raw))
    transformer.max_seq_length = 224
    model = SentenceTransformer(modules=[transformer, Pooling(32, pooling_mode="mean")], device="cpu")
    model.save(str(folder), create_model_card=False)


if __name__ == "__main__":
    main()
