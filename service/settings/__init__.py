"""All settings, one frozen section per stage, read once.

Sources, strongest first: arguments, `FOOTNOTE_<SECTION>__<NAME>` environment variables, a TOML file
(`FOOTNOTE_CONFIG`, else `footnote.toml` in the working folder, else in the user's configuration folder).
`footnote config` prints what is in force.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import platformdirs
from pydantic import Field
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from service.settings.access import AccessSettings, ClientSettings
from service.settings.asking import (
    PRESETS,
    CiteSettings,
    ContextSettings,
    DecideSettings,
    EmbedSettings,
    FuseSettings,
    GenerateSettings,
    RerankSettings,
    SearchSettings,
)
from service.settings.base import MIB, Section
from service.settings.ingesting import ChunkSettings, LoadSettings, ParseSettings
from service.settings.keeping import (
    BlobSettings,
    CatalogueSettings,
    ReceiptSettings,
    ServerStoreSettings,
    StoreSettings,
)
from service.settings.serving import ApiSettings, LogSettings
from service.settings.sharing import CacheSettings, LimitsSettings, RedisSettings
from service.settings.variants import OnlineSettings, VariantName, VariantSettings
from service.settings.watching import MetricsSettings, TracingSettings

__all__ = [
    "MIB",
    "PRESETS",
    "AccessSettings",
    "ApiSettings",
    "BlobSettings",
    "CacheSettings",
    "CatalogueSettings",
    "ChunkSettings",
    "CiteSettings",
    "ClientSettings",
    "ContextSettings",
    "DecideSettings",
    "EmbedSettings",
    "FuseSettings",
    "GenerateSettings",
    "LimitsSettings",
    "LoadSettings",
    "LogSettings",
    "MetricsSettings",
    "OnlineSettings",
    "ParseSettings",
    "ReceiptSettings",
    "RedisSettings",
    "RerankSettings",
    "SearchSettings",
    "Section",
    "ServerStoreSettings",
    "Settings",
    "StoreSettings",
    "TracingSettings",
    "VariantSettings",
    "config_file",
    "default_cache_dir",
    "default_data_dir",
    "users_config_file",
]


def default_data_dir() -> Path:
    """The platform's folder for application data."""
    return Path(platformdirs.user_data_dir("footnote", appauthor=False))


def default_cache_dir() -> Path:
    """The platform's cache folder, where compiled models are kept."""
    return Path(platformdirs.user_cache_dir("footnote", appauthor=False))


def users_config_file() -> Path:
    """Where the user's own TOML file lies, if there is one."""
    return Path(platformdirs.user_config_dir("footnote", appauthor=False)) / "footnote.toml"


def config_file() -> Path | None:
    """The TOML file in force, or None."""
    if named := os.environ.get("FOOTNOTE_CONFIG"):
        return Path(named)
    return next((file for file in (Path("footnote.toml"), users_config_file()) if file.is_file()), None)


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
    receipts: ReceiptSettings = ReceiptSettings()
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
    redis: RedisSettings = RedisSettings()
    cache: CacheSettings = CacheSettings()
    limits: LimitsSettings = LimitsSettings()
    api: ApiSettings = ApiSettings()
    access: AccessSettings = AccessSettings()
    client: ClientSettings = ClientSettings()
    log: LogSettings = LogSettings()
    tracing: TracingSettings = TracingSettings()
    metrics: MetricsSettings = MetricsSettings()
    online: OnlineSettings = OnlineSettings()
    variants: dict[VariantName, VariantSettings] = Field(default_factory=dict)

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
