"""All settings, one frozen section per stage, read once.

Sources, strongest first: arguments, `FOOTNOTE_<SECTION>__<NAME>` environment variables, a TOML file
(`FOOTNOTE_CONFIG`, else `footnote.toml` in the working folder, else in the user's configuration folder).
`footnote config` prints what is in force.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

MIB = 1024 * 1024
Fraction = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0)]


class Section(BaseModel):
    """A frozen group of settings that refuses names it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class LoadSettings(Section):
    """Which files are taken in."""

    max_file_bytes: Count = 100 * MIB


class CatalogueSettings(Section):
    """Where it is, what is kept, and for how long."""

    url: SecretStr = SecretStr("")
    """Of a PostgreSQL server, `postgresql+psycopg://USER:PASSWORD@HOST/DATABASE`; embedded mode keeps a file
    in its data folder instead."""
    lease_s: Seconds = 60
    """How long a document stays with a worker that gives no sign of life; then another one takes it."""
    keep_versions: Count = 10
    """How many versions' texts of a document stay readable."""
    keep_answers_days: Count = 30
    """How long an answer can be judged; one that was judged stays as long as its feedback."""
    keep_feedback_days: Count = 365
    """How long feedback can be learned from."""
    keep_jobs_days: Count = 30
    """How long the end of an ingest can be asked for."""
    keep_idempotency_hours: Count = 24
    """How long the same `Idempotency-Key` means the same upload."""


class ServerStoreSettings(Section):
    """The Qdrant server or cluster of server mode; what it is made of holds for a new collection."""

    url: str = "http://127.0.0.1:6333"
    grpc_port: Annotated[int, Field(ge=1, le=65535)] = 6334
    api_key: SecretStr = SecretStr("")
    timeout_s: Seconds = 5
    """Of each call."""
    alias: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")] = "footnote"
    """Stands for the collection of the index in force; two installations on one server need two."""
    shard_number: Count = 1
    replication_factor: Count = 1
    write_consistency_factor: Count = 1
    """How many replicas must have applied a write before it counts."""
    quantization: Literal["none", "scalar"] = "scalar"
    """`scalar` searches one byte a number, in memory, and scores the best by the vectors themselves."""
    on_disk_payload: bool = True


class StoreSettings(Section):
    """Where vectors and originals are kept."""

    server: ServerStoreSettings = ServerStoreSettings()

    min_free_bytes: Count = 256 * MIB
    """With less room on its disk nothing is written, so that a full disk ends no process half way."""


class BlobSettings(Section):
    """Where the original files are kept: in the data folder, or in a bucket of a storage that speaks S3."""

    bucket: str = ""
    """Unset, the originals lie in the data folder."""
    endpoint: str = ""
    """The storage's URL; unset, that of AWS."""
    region: str = "us-east-1"
    access_key_id: str = ""
    """Unset, the keys are taken from where AWS's own tools find them."""
    secret_access_key: SecretStr = SecretStr("")
    timeout_s: Seconds = 30
    """How long one request may take, and how long it is tried again."""


class ParseSettings(Section):
    """Limits of the child process that parses one file, and OCR."""

    timeout_s: Seconds = 300
    memory_bytes: Count = 4096 * MIB
    max_output_characters: Count = 50_000_000
    max_unpacked_bytes: Count = 1024 * MIB
    max_unpack_ratio: Count = 200
    max_cells: Count = 500_000
    max_pages: Count = 5_000
    max_nesting: Count = 3
    max_brackets: Count = 200_000
    """Opening square brackets in a markdown file; each may begin a link, and its end is looked for."""
    processes: Count = 2
    """How many files are parsed at once: a slow one does not hold up those behind it."""
    ocr: Literal["auto", "never"] = "auto"
    ocr_languages: str = "eng"
    ocr_dpi: Count = 300
    poor_ocr_confidence: Annotated[float, Field(ge=0, le=100)] = 60


class ChunkSettings(Section):
    """Sizes in tokens of the embedder's own tokenizer."""

    max_tokens: Count = 200
    target_tokens: Count = 70
    """The wanted size, where structure does not say otherwise."""
    min_tokens: Annotated[int, Field(ge=0)] = 24


class EmbedSettings(Section):
    """The embedding model: a sentence-transformers id or a local path."""

    model: str = "all-MiniLM-L6-v2"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["int8", "float32"] = "int8"
    threads: Annotated[int, Field(ge=0)] = 0
    """0 leaves it to the runtime: one thread a core."""
    batch_size: Count = 8


class SearchSettings(Section):
    """How many candidates each of the two lists gives."""

    candidates: Count = 50


class FuseSettings(Section):
    """Reciprocal Rank Fusion (Cormack, Clarke and Buettcher 2009)."""

    k: Count = 60
    dense_weight: Annotated[float, Field(ge=0)] = 1.0
    sparse_weight: Annotated[float, Field(ge=0)] = 1.0


class RerankSettings(Section):
    """How the best hits are put in order."""

    method: Literal["late", "cross_encoder", "none"] = "late"
    depth: Count = 50
    """How many of the fused hits are reranked."""
    token_dimensions: Annotated[int, Field(ge=0, le=1024)] = 128
    """Bytes kept of each token of a chunk for late interaction: about 10 KB a chunk of 80 tokens at 128. At 0
    nothing is kept. Another value needs `footnote reindex`."""
    ranker: Path | None = None
    """The learned ranker of `late`; unset, `tuned/reranker.json` in the data folder if there is one, else the
    one that Footnote brings."""
    model: str = ""
    """The cross-encoder: a sentence-transformers id or a local path."""
    second_depth: Annotated[int, Field(ge=0)] = 0
    """With `late`, how many of its best hits the cross-encoder then reads; 0 leaves it out."""
    precision: Literal["int8", "float32"] = "int8"


class DecideSettings(Section):
    """When to answer."""

    threshold: Fraction | None = None
    """The least probability to answer; unset, the calibrator's own, which keeps its promise."""
    calibrator: Path | None = None
    """What makes a probability of the evidence; unset, `tuned/calibrator.json` in the data folder if there is
    one, else the one that Footnote brings."""


class ContextSettings(Section):
    """What the generator reads."""

    max_tokens: Count = 3_000
    max_passage_tokens: Count = 600
    max_passages: Count = 8
    near_duplicate: Fraction = 0.9


class GenerateSettings(Section):
    """The language model; without a base URL the built-in extractive generator answers."""

    base_url: str = ""
    api_key: SecretStr = SecretStr("")
    model: str = ""
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.0
    max_tokens: Count = 800
    deadline_s: Seconds = 60
    max_sentences: Count = 4


class CiteSettings(Section):
    """When a sentence counts as supported by the passage that it cites."""

    min_support: Fraction = 0.5


class ApiSettings(Section):
    """The HTTP server and its limits."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    allowed_hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "[::1]", "::1")
    max_body_bytes: Count = 200 * MIB
    """Of an upload."""
    max_json_bytes: Count = MIB
    """Of every other request."""
    max_upload_files: Count = 256
    max_question_characters: Count = 2_000
    max_top_k: Count = 50
    max_concurrent_queries: Count = 16
    max_connections: Count = 512
    """At most half of the open files that the system grants the process: the rest are the store's."""
    receive_timeout_s: Seconds = 30
    shutdown_s: Seconds = 15


class LogSettings(Section):
    """Log lines go to standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "text"] = "auto"


def default_data_dir() -> Path:
    """The platform's folder for application data."""
    return Path(platformdirs.user_data_dir("footnote", appauthor=False))


def default_cache_dir() -> Path:
    """The platform's cache folder, where compiled models are kept."""
    return Path(platformdirs.user_cache_dir("footnote", appauthor=False))


def config_file() -> Path | None:
    """The TOML file in force, or None."""
    if named := os.environ.get("FOOTNOTE_CONFIG"):
        return Path(named)
    folders = (Path(), Path(platformdirs.user_config_dir("footnote", appauthor=False)))
    return next((file for folder in folders if (file := folder / "footnote.toml").is_file()), None)


class Settings(BaseSettings):
    """Everything that can be set; frozen."""

    model_config = SettingsConfigDict(
        env_prefix="FOOTNOTE_", env_nested_delimiter="__", frozen=True, extra="forbid"
    )

    mode: Literal["embedded", "server"] = "embedded"
    data_dir: Path = Field(default_factory=default_data_dir)
    cache_dir: Path = Field(default_factory=default_cache_dir)
    load: LoadSettings = LoadSettings()
    catalogue: CatalogueSettings = CatalogueSettings()
    store: StoreSettings = StoreSettings()
    blobs: BlobSettings = BlobSettings()
    parse: ParseSettings = ParseSettings()
    chunk: ChunkSettings = ChunkSettings()
    embed: EmbedSettings = EmbedSettings()
    search: SearchSettings = SearchSettings()
    fuse: FuseSettings = FuseSettings()
    rerank: RerankSettings = RerankSettings()
    decide: DecideSettings = DecideSettings()
    context: ContextSettings = ContextSettings()
    generate: GenerateSettings = GenerateSettings()
    cite: CiteSettings = CiteSettings()
    api: ApiSettings = ApiSettings()
    log: LogSettings = LogSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments over environment over the TOML file."""
        return (init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=config_file()))
