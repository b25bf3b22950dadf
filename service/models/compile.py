"""Compiles a sentence-transformers model to OpenVINO, once: `python -m service.models.compile`.

The whole pipeline of the model (transformer, pooling, dense layers, normalisation) becomes one graph with two
outputs, the vector of the text and the vectors of its tokens. With precision `int8` weights and activations
are quantised after training (NNCF, transformer preset) on texts of the Python language reference, which every
interpreter carries.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.models.building import made_whole
from service.models.card import Card, Role
from service.models.locate import PUBLISHED_SHA256, Located, locate, weights_sha256
from service.models.projection import PROJECTION, principal, shipped
from service.models.published import files_of
from service.models.vendor import import_openvino

CALIBRATION_TEXTS = 96
QUERIES_OF_CALIBRATION = 16


def compile_model(model: str, role: Role, precision: str, folder: Path) -> None:
    """Writes the compiled model to `folder`, all of it or nothing.

    Raises:
        ValueError: the packaged weights are not the published ones.
    """
    located = locate(model)
    located = replace(located, reference=files_of(located.reference, _cache_of(folder)))
    weights = _verified_weights(located)
    with made_whole(folder) as building:
        wrapped = _Embedder(located) if role == "embedder" else _CrossEncoder(located)
        _save(wrapped, precision, building)
        card = wrapped.card(located.name, precision, weights)
        if isinstance(wrapped, _Embedder):
            np.save(building / PROJECTION, wrapped.projection(card.fingerprint))
        card.write(building)


def _cache_of(folder: Path) -> Path:
    """The cache in which a compiled model's folder lies, see `store.folder_for`."""
    return folder.parent.parent


def _verified_weights(located: Located) -> str:
    path = Path(located.reference)
    found = weights_sha256(path) if path.is_dir() else ""
    published = PUBLISHED_SHA256.get(located.name)
    if published and found and found != published:
        raise ValueError(
            f"the weights of {located.name} have SHA-256 {found}, the published ones {published}"
        )
    return found or f"hub:{located.reference}"


class _Embedder:
    """A SentenceTransformer as one traceable module."""

    role: Role = "embedder"

    def __init__(self, located: Located) -> None:
        from sentence_transformers import SentenceTransformer

        self.model = SentenceTransformer(
            located.reference, device="cpu", model_kwargs={"attn_implementation": "eager"}
        ).eval()
        self.tokenizer = self.model.tokenizer
        self.max_tokens = int(self.model.max_seq_length or 512)

    def module(self, names: tuple[str, ...]) -> Any:
        import torch

        model = self.model

        class Pipeline(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.stages = torch.nn.ModuleList(list(model))

            def forward(self, *inputs: Any) -> Any:
                features: dict[str, Any] = dict(zip(names, inputs, strict=True))
                for stage in self.stages:
                    features = stage(features)
                return features["sentence_embedding"], features["token_embeddings"]

        return Pipeline().eval()

    def card(self, name: str, precision: str, weights: str) -> Card:
        prompts = {key: text for key, text in (self.model.prompts or {}).items() if text}
        modules: list[Any] = list(self.model)
        stages = [
            (type(stage).__name__, json.dumps(stage.get_config_dict(), sort_keys=True, default=str))
            for stage in modules[1:]
        ]
        identity = json.dumps([weights, stages, prompts, self.max_tokens], sort_keys=True)
        return Card(
            name=name,
            role=self.role,
            precision=precision,
            weights=weights,
            fingerprint=hashlib.sha256(identity.encode()).hexdigest()[:16],
            dimension=int(self.model.get_embedding_dimension() or 0),
            max_tokens=self.max_tokens,
            prompts=prompts,
            pad_id=int(self.tokenizer.pad_token_id or 0),
            pad_token=str(self.tokenizer.pad_token),
            inputs=tuple(self.tokenizer.model_input_names),
        )

    def examples(self, texts: list[str]) -> Iterator[Any]:
        for text in texts:
            yield self.tokenizer([text], truncation=True, max_length=self.max_tokens, return_tensors="pt")

    def projection(self, fingerprint: str) -> NDArray[np.float32]:
        """That of the package, or one for the tokens of the calibration texts."""
        if (known := shipped(fingerprint)) is not None:
            return known
        tokens = self.model.encode(_calibration_texts(), output_value="token_embeddings", prompt="")
        return principal(vectors.cpu().numpy() for vectors in tokens)


class _CrossEncoder:
    """A CrossEncoder with one relevance label as one traceable module."""

    role: Role = "cross_encoder"

    def __init__(self, located: Located) -> None:
        from sentence_transformers import CrossEncoder

        self.model = CrossEncoder(
            located.reference, device="cpu", model_kwargs={"attn_implementation": "eager"}
        )
        self.tokenizer = self.model.tokenizer
        limit = self.model.max_seq_length or 512
        self.max_tokens = int(limit)

    def module(self, names: tuple[str, ...]) -> Any:
        import torch

        transformer = self.model.model.eval()

        class Scorer(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.transformer = transformer

            def forward(self, *inputs: Any) -> Any:
                return self.transformer(**dict(zip(names, inputs, strict=True))).logits

        return Scorer().eval()

    def card(self, name: str, precision: str, weights: str) -> Card:
        identity = json.dumps([weights, self.max_tokens])
        return Card(
            name=name,
            role=self.role,
            precision=precision,
            weights=weights,
            fingerprint=hashlib.sha256(identity.encode()).hexdigest()[:16],
            dimension=int(self.model.num_labels),
            max_tokens=self.max_tokens,
            pad_id=int(self.tokenizer.pad_token_id or 0),
            pad_token=str(self.tokenizer.pad_token),
            inputs=tuple(self.tokenizer.model_input_names),
        )

    def examples(self, texts: list[str]) -> Iterator[Any]:
        for text in texts:
            question = " ".join(text.split()[:8])
            yield self.tokenizer(
                [question], [text], truncation=True, max_length=self.max_tokens, return_tensors="pt"
            )


def _save(wrapped: _Embedder | _CrossEncoder, precision: str, folder: Path) -> None:
    import torch

    openvino = import_openvino()

    names = tuple(wrapped.tokenizer.model_input_names)
    examples = [tuple(example[name] for name in names) for example in wrapped.examples(_calibration_texts())]
    with torch.no_grad():
        graph = openvino.convert_model(wrapped.module(names), example_input=examples[0])
    for port, name in zip(graph.inputs, names, strict=True):
        port.get_tensor().set_names({name})
        port.get_node().set_partial_shape(openvino.PartialShape([-1, -1]))
    graph.validate_nodes_and_infer_types()
    if precision == "int8":
        graph = _quantised(graph, names, examples)
    openvino.save_model(graph, folder / "model.xml", compress_to_fp16=False)
    wrapped.tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))


def _quantised(graph: Any, names: tuple[str, ...], examples: list[tuple[Any, ...]]) -> Any:
    import nncf

    batches = [{name: tensor.numpy() for name, tensor in zip(names, row, strict=True)} for row in examples]
    return nncf.quantize(
        graph,
        nncf.Dataset(batches),
        model_type=nncf.ModelType.TRANSFORMER,
        subset_size=len(batches),
    )


def _calibration_texts() -> list[str]:
    """Short and long passages of the Python language reference."""
    from pydoc_data.topics import topics

    paragraphs = [
        " ".join(paragraph.split())
        for name in sorted(topics)
        for paragraph in topics[name].split("\n\n")
        if len(paragraph) > 200
    ]
    step = max(1, len(paragraphs) // CALIBRATION_TEXTS)
    long = paragraphs[::step][:CALIBRATION_TEXTS]
    short = [" ".join(text.split()[:12]) for text in long[:QUERIES_OF_CALIBRATION]]
    return [*long, *short]


def main() -> None:
    """Entry point of the child process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("role", choices=("embedder", "cross_encoder"))
    parser.add_argument("precision", choices=("int8", "float32"))
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    compile_model(given.model, given.role, given.precision, given.folder)


if __name__ == "__main__":
    main()
