"""What each command prints and how it ends."""

from __future__ import annotations

import json
import re
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.cli.running import Server, footnote, said

QUESTION = "How long does the warranty of the P-200 pump last?"


# --- help, settings, usage: nothing is opened ------------------------------------------------


def test_help_names_every_command(folder: Path) -> None:
    done = footnote("--help", data=folder / "data")
    assert done.returncode == 0
    for command in (
        "ingest",
        "list",
        "show",
        "delete",
        "jobs",
        "receipts",
        "fsck",
        "ask",
        "search",
        "explain",
        "drift",
        "serve",
        "worker",
        "reindex",
        "config",
        "eval",
        "tune",
        "models",
    ):
        assert re.search(rf"\b{command}\b", done.stdout), command
    assert "130" in done.stdout  # the exit codes
    assert not (folder / "data").exists()


def test_a_new_key_for_receipts_is_printed_and_nothing_opened(folder: Path) -> None:
    first, second = (footnote("receipts", "new-key", data=folder / "data").stdout.strip() for _ in range(2))
    assert (len(first), len(second), first != second) == (44, 44, True)
    assert not (folder / "data").exists()


@pytest.mark.parametrize("command", ["ingest", "serve", "models compile"])
def test_each_command_has_help_with_an_example(folder: Path, command: str) -> None:
    done = footnote(*command.split(), "--help", data=folder / "data")
    assert (done.returncode, "--data-dir" in done.stdout) == (0, True)
    assert f"Example: footnote {command}" in done.stdout


@pytest.mark.parametrize(
    "arguments", [("ask",), ("nonsense",), ("ask", "why?", "--filters", "{"), ("search", "x", "--top-k", "0")]
)
def test_wrong_usage_ends_with_2_and_says_why(folder: Path, arguments: tuple[str, ...]) -> None:
    done = footnote(*arguments, data=folder / "data")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Usage" in done.stderr
    assert "Traceback" not in done.stderr


def test_config_prints_what_is_in_force_without_secrets(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = folder / "data"
    done = footnote("config", "--data-dir", str(folder / "elsewhere"), data=data)
    assert json.loads(done.stdout)["data_dir"] == str(folder / "elsewhere")
    data.with_name("footnote.toml").write_text(
        '[generate]\napi_key = "very-secret"\n[chunk]\nmin_tokens = 7\n'
    )
    done = footnote("config", data=data)
    assert json.loads(done.stdout)["chunk"]["min_tokens"] == 7
    assert "very-secret" not in done.stdout


def test_an_option_before_the_command_is_told_where_it_stands(folder: Path) -> None:
    done = footnote("--json", "ask", QUESTION, data=folder / "data")
    assert done.returncode == 2
    assert "it stands behind the command" in " ".join(done.stderr.replace("│", " ").split())


def test_the_version_is_printed(folder: Path) -> None:
    done = footnote("--version", data=folder / "data")
    assert (done.returncode, done.stdout) == (0, f"footnote {version('footnote')}\n")


def test_the_help_of_ask_tells_how_it_ends(folder: Path) -> None:
    assert "with 3 where the documents hold none" in footnote("ask", "--help", data=folder / "data").stdout


def test_an_unknown_setting_is_named_with_the_one_that_was_meant_and_ends_with_1(folder: Path) -> None:
    data = folder / "data"
    data.with_name("footnote.toml").write_text("[chunk]\nmax_tokes = 7\n")
    done = footnote("config", data=data)
    assert done.returncode == 1
    assert "error: unknown setting chunk.max_tokes (did you mean chunk.max_tokens?)" in done.stderr
    assert "misconfigured" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("FOOTNOTE_API__PROT", "FOOTNOTE_API__PORT"),
        ("FOOTNOTE_DATADIR", "FOOTNOTE_DATA_DIR"),
        ("FOOTNOTE_CHUNKS__MAX_TOKENS", "FOOTNOTE_CHUNK__MAX_TOKENS"),
    ],
)
def test_an_unknown_variable_is_named_with_the_one_that_was_meant(
    folder: Path, given: str, meant: str
) -> None:
    done = footnote("config", data=folder / "data", settings={given: "7"})
    assert done.returncode == 1
    assert f"unknown setting {given} (did you mean {meant}?)" in done.stderr


def test_variables_of_others_are_left_alone(folder: Path) -> None:
    others = {"FOOTNOTE_JUDGE__MODEL": "m", "FOOTNOTE_IMAGE": "footnote:local", "FOOTNOTES": "yes"}
    assert footnote("config", data=folder / "data", settings=others).returncode == 0


def test_a_settings_file_that_is_no_toml_is_named(folder: Path) -> None:
    data = folder / "data"
    file = data.with_name("footnote.toml")
    file.write_text("[chunk\n")
    done = footnote("config", data=data)
    assert done.returncode == 1
    assert str(file) in done.stderr
    assert "Traceback" not in done.stderr


def test_models_are_listed_for_machines(folder: Path) -> None:
    found = said(footnote("models", "list", "--json", data=folder / "data"))
    assert {model["role"] for model in found} <= {"embedder", "cross_encoder"}


def test_tune_names_its_commands_and_hands_their_options_on(folder: Path) -> None:
    done = footnote("tune", "--help", data=folder / "data")
    assert done.returncode == 0
    for command in ("reranker", "calibrator", "embedder", "support"):
        assert re.search(rf"\b{command}\b", done.stdout), command
    done = footnote("tune", "embedder", "--help", data=folder / "data")
    assert (done.returncode, "--lora" in done.stdout) == (0, True)


@pytest.mark.parametrize("arguments", [(), ("nonsense",), ("embedder", "--nonsense"), ("embedder",)])
def test_wrong_usage_of_tune_ends_with_2(folder: Path, arguments: tuple[str, ...]) -> None:
    done = footnote("tune", *arguments, data=folder / "data")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Usage: footnote tune" in done.stderr


# --- through the running server --------------------------------------------------------------


def test_ask_prints_the_answer_with_its_footnotes(server: Server) -> None:
    done = footnote("ask", QUESTION, data=server.data)
    assert done.returncode == 0, done.stderr
    assert "24 months" in done.stdout
    assert "[1]" in done.stdout
    assert "warranty.md" in done.stdout


def test_ask_prints_the_api_s_answer_for_machines(server: Server) -> None:
    given = said(footnote("ask", QUESTION, "--json", "--explain", "--top-k", "3", data=server.data))
    assert given["status"] == "answered"
    assert (
        given["citations"][0]["quote"]
        in "The warranty of the P-200 pump lasts 24 months from the day of delivery."
    )
    assert given["hits"]


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_question_that_the_documents_do_not_answer_ends_with_3(
    server: Server, options: tuple[str, ...]
) -> None:
    done = footnote("ask", "Who won the football cup in 1954?", *options, data=server.data)
    assert (done.returncode, done.stderr) == (3, "")
    assert ('"abstained"' if options else "I don't know") in done.stdout


def test_a_footnote_says_under_which_headings_it_stands(server: Server) -> None:
    (place,) = re.findall(
        r"^\[1\] .*warranty\.md.*", footnote("ask", QUESTION, data=server.data).stdout, re.M
    )
    assert place.endswith("  Warranty")


def test_who_gets_no_answer_is_shown_what_came_closest(server: Server) -> None:
    done = footnote("ask", "How long does the warranty of the P-900 pump last?", data=server.data)
    assert "I don't know" in done.stdout
    closest = done.stdout.partition("What came closest:")[2]
    assert "warranty.md" in closest
    assert "[1]" not in closest


def test_search_finds_chunks_and_keeps_to_the_filters(server: Server, documents: Path) -> None:
    found = said(footnote("search", "pump housing", "--json", data=server.data))
    assert {Path(hit["source"]).name for hit in found["hits"]} == {"warranty.md", "cleaning.md"}
    filters = json.dumps({"source_prefix": f"{documents.name}/clean"})
    found = said(footnote("search", "pump housing", "--json", "--filters", filters, data=server.data))
    assert {Path(hit["source"]).name for hit in found["hits"]} == {"cleaning.md"}


def test_ingesting_again_changes_nothing_and_says_so(server: Server, documents: Path) -> None:
    summary = said(footnote("ingest", str(documents), "--json", data=server.data))
    assert [summary[name] for name in ("done", "unchanged", "embedded", "passed_over", "failed")] == [
        2, 2, 0, 1, [],
    ]  # fmt: skip


def test_a_file_that_fails_ends_with_1_and_the_others_are_read(server: Server, folder: Path) -> None:
    (folder / "good.md").write_text("# Storage\n\nThe device is stored in a dry room.\n")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7\nthis is no pdf\n")
    done = footnote(
        "ingest",
        str(folder / "good.md"),
        str(folder / "broken.pdf"),
        str(folder / "gone.md"),
        "--json",
        data=server.data,
    )
    assert done.returncode == 1
    summary = json.loads(done.stdout)
    assert summary["done"] == 1
    assert sorted(Path(one["source"]).name for one in summary["failed"]) == ["broken.pdf", "gone.md"]
    assert all(one["code"] and one["message"] for one in summary["failed"])


def test_a_worker_beside_a_server_is_refused_with_a_hint(server: Server) -> None:
    done = footnote("worker", "--until-idle", data=server.data)
    assert done.returncode == 1
    assert "data_folder_locked" in done.stderr
    assert "hint" in done.stderr
    assert "Traceback" not in done.stderr
