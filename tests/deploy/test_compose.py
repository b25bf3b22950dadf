"""docker-compose.yml: what Docker Compose itself makes of it, and what it promises."""

from __future__ import annotations

import re
import subprocess

import pytest
import yaml

from service.settings import Settings
from tests.deploy.checking import (
    DEPLOY,
    ROOT,
    SECRETS,
    composed,
    is_setting,
    services,
    unknown_settings,
)

TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
NAMES = sorted(yaml.safe_load(TEXT)["services"])
OURS = ("api", "worker", "migrate")

# Images of others that do not run otherwise.
WRITES_TO_ITSELF = {"langfuse-web", "langfuse-worker", "langfuse-clickhouse"}
IMAGE_SAYS_WHO = {"langfuse-web", "langfuse-worker", "langfuse-minio", "ollama", "ollama-pull"}


def test_the_stack_is_the_api_the_workers_and_three_engines() -> None:
    assert set(services()) == {"api", "worker", "migrate", "postgres", "qdrant", "redis"}


@pytest.mark.parametrize("profile", ["llm", "monitoring", "tracing", "*"])
def test_every_profile_is_valid(profile: str) -> None:
    assert set(services(profile)) > set(services())


@pytest.mark.parametrize("missing", SECRETS)
@pytest.mark.parametrize("value", [None, ""])
def test_it_refuses_to_start_without_a_secret_and_says_where_to_set_it(
    missing: str, value: str | None
) -> None:
    given = {name: text for name, text in SECRETS.items() if name != missing}
    done = composed(env=given if value is None else {**given, missing: value})
    assert done.returncode != 0
    assert f"{missing} is missing a value: set it in .env, see .env.example" in done.stderr


@pytest.mark.parametrize("profile", ["monitoring", "tracing"])
def test_a_profile_refuses_to_start_without_its_secrets(profile: str) -> None:
    check = services("*")[f"{profile}-secrets"]
    command = [part.replace("$$", "$") for part in check["command"]]
    names = list(check["environment"])
    everything = dict.fromkeys(names, "x")
    for environment in ({**everything, name: ""} for name in names):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode != 0
        assert "set it in .env" in done.stderr
    assert subprocess.run(command, env={**everything, "PATH": "/usr/bin:/bin"}, check=False).returncode == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_service_may_do_no_more_than_it_must(name: str) -> None:
    service = services("*")[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("read_only", False) is (name not in WRITES_TO_ITSELF)
    assert "privileged" not in service
    if name not in IMAGE_SAYS_WHO:
        assert int(service["user"].partition(":")[0]) > 0
    limits = service["deploy"]["resources"]["limits"]
    assert limits.keys() >= {"cpus", "memory", "pids"}


@pytest.mark.parametrize("name", NAMES)
def test_an_image_has_a_version(name: str) -> None:
    image = services("*")[name]["image"]
    assert re.search(r":[\w.-]+$", image), image
    assert not image.endswith(":latest")


def test_qdrant_is_new_enough() -> None:
    version = re.search(r":v(\d+)\.(\d+)", services()["qdrant"]["image"])
    assert version is not None
    assert (int(version[1]), int(version[2])) >= (1, 19)


def test_only_the_api_is_published_and_to_this_machine_alone() -> None:
    published = {name: service["ports"] for name, service in services().items() if "ports" in service}
    assert set(published) == {"api"}
    for service in services("*").values():
        assert all(port["host_ip"] == "127.0.0.1" for port in service.get("ports", []))


def test_only_the_api_reaches_outside() -> None:
    assert [name for name, service in services().items() if "outside" in service["networks"]] == ["api"]


def test_everything_that_runs_on_says_how_it_is() -> None:
    told = {name for name, service in services().items() if "test" in service.get("healthcheck", {})}
    assert told == {"api", "postgres", "qdrant", "redis"}


def test_questions_wait_for_the_tables_and_the_index_and_not_for_the_cache() -> None:
    for name in ("api", "worker"):
        waits = {other: how["condition"] for other, how in services()[name]["depends_on"].items()}
        assert waits == {
            "migrate": "service_completed_successfully",
            "qdrant": "service_healthy",
            "redis": "service_started",
        }


def test_every_setting_exists() -> None:
    for name in OURS:
        assert unknown_settings(services()[name]["environment"]) == []


@pytest.mark.parametrize("name", OURS)
def test_the_settings_have_values_that_are_understood(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in services()[name]["environment"].items():
        monkeypatch.setenv(variable, value)
    settings = Settings()
    assert settings.mode == "server"
    assert (
        settings.catalogue.url.get_secret_value() == "postgresql+psycopg://footnote:p@postgres:5432/footnote"
    )
    assert settings.store.server.api_key.get_secret_value() == "q"


def test_the_example_names_every_variable_and_no_secret() -> None:
    asked = set(re.findall(r"\$\{(\w+)", TEXT.replace("$$", "")))
    told = dict(re.findall(r"^#?([A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE))
    assert asked == set(told)
    assert {name for name in SECRETS if told[name]} == set()
    assert [name for name in told if re.search(r"PASSWORD|SECRET|KEY|SALT", name) and told[name]] == []
    assert all(is_setting(name) for name in told if "__" in name)


def test_redis_keeps_nothing_and_asks_for_its_password() -> None:
    script = services()["redis"]["entrypoint"][2].replace("$$", "$")
    assert script.startswith("exec redis-server - <<")
    assert "requirepass $REDIS_PASSWORD" in script
    assert 'save ""' in script


def test_prometheus_asks_services_that_exist() -> None:
    jobs = yaml.safe_load((DEPLOY / "monitoring" / "prometheus.yml").read_text())["scrape_configs"]
    asked = {one for job in jobs for config in job.get("static_configs", ()) for one in config["targets"]}
    named = {one for job in jobs for config in job.get("dns_sd_configs", ()) for one in config["names"]}
    hosts = {target.partition(":")[0] for target in asked} - {"127.0.0.1"} | named
    assert {"api", "worker"} <= hosts <= set(services("monitoring"))
    assert "api" in services()["api"]["environment"]["FOOTNOTE_API__ALLOWED_HOSTS"]
