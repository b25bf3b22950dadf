"""Builds small random models, compiles them by the product's own path, and notes what their own library says.

    python -m tests.contract.making_models FOLDER

A process of its own, so that torch never enters the one that tests serving.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

QUESTION = "How long does the warranty of the pump last?"
TEXTS = (
    "The warranty of every pump lasts for twenty four months.",
    "steel",
    "",
    "Die Pumpe wird mit einem weichen Tuch gereinigt, 100 % ohne Lösungsmittel; 日本語 😀.",
    "The device is stored in a dry room between five and thirty degrees. " * 30,
)
MODELS = ("dense", "cls", "cross")


def main() -> None:
    import torch
    from sentence_transformers import CrossEncoder, SentenceTransformer

    from service.models import Role, folder_for, locate
    from service.models.compile import compile_model

    folder = Path(sys.argv[1])
    torch.manual_seed(7)
    packaged = locate("all-MiniLM-L6-v2").reference
    _dense_model(packaged).save(str(folder / "dense"))
    _cls_model(packaged).save(str(folder / "cls"))
    _save_cross_encoder(packaged, folder / "cross")
    said: dict[str, Any] = {}
    for name in ("dense", "cls"):
        model = SentenceTransformer(str(folder / name), device="cpu")
        said[name] = {
            "query": model.encode_query([QUESTION], normalize_embeddings=True)[0].tolist(),
            "passages": model.encode_document(list(TEXTS), normalize_embeddings=True).tolist(),
            "sentences": model.encode(list(TEXTS), prompt="", normalize_embeddings=True).tolist(),
        }
    cross = CrossEncoder(str(folder / "cross"), device="cpu")
    said["cross"] = cross.predict(
        [(QUESTION, text) for text in TEXTS], activation_fn=torch.nn.Identity()
    ).tolist()
    (folder / "said.json").write_text(json.dumps(said))
    for name in MODELS:
        role: Role = "cross_encoder" if name == "cross" else "embedder"
        path = str(folder / name)
        compile_model(path, role, "float32", folder_for(path, role, "float32", folder / "cache"))


def _dense_model(packaged: str) -> Any:
    """Mean pooling, a dense layer, prompts."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Dense, Pooling

    dense = Dense(in_features=32, out_features=24, activation_function=torch.nn.Tanh())
    return SentenceTransformer(
        modules=[_transformer(packaged, 48), Pooling(32, pooling_mode="mean"), dense],
        prompts={"query": "query: ", "document": "passage: "},
        device="cpu",
    )


def _cls_model(packaged: str) -> Any:
    """The first token's vector, without normalisation or prompts, of short texts."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling

    return SentenceTransformer(
        modules=[_transformer(packaged, 20), Pooling(32, pooling_mode="cls")], device="cpu"
    )


def _transformer(packaged: str, max_tokens: int) -> Any:
    from tempfile import TemporaryDirectory

    from sentence_transformers.sentence_transformer.modules import Transformer
    from transformers import AutoTokenizer, BertModel

    with TemporaryDirectory() as folder:
        BertModel(_config()).save_pretrained(folder)
        AutoTokenizer.from_pretrained(packaged).save_pretrained(folder)
        transformer = Transformer(folder)
    transformer.max_seq_length = max_tokens
    return transformer


def _save_cross_encoder(packaged: str, folder: Path) -> None:
    from transformers import AutoTokenizer, BertForSequenceClassification

    BertForSequenceClassification(_config(num_labels=1)).save_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(packaged)
    tokenizer.model_max_length = 64
    tokenizer.save_pretrained(folder)


def _config(**more: Any) -> Any:
    from transformers import BertConfig

    return BertConfig(
        vocab_size=30522,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        initializer_range=0.5,
        **more,
    )


if __name__ == "__main__":
    main()
