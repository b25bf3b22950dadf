"""`footnote variants`: what is tried beside the pipeline in force, on the catalogue itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Any

import typer
from pydantic import SecretStr

from service.catalogue import Variants
from service.catalogue.opening import catalogue_of
from service.cli.runtime import AsJson, DataDir, out, print_json, settings_of
from service.errors import NotFound
from service.records import KnownVariant, VariantState
from service.settings import Settings
from service.variants.measures import Compared
from service.variants.opening import fingerprint_of, laid_over
from service.variants.trial import LOOK_EVERY_S, compared_sides

variants = typer.Typer(help="Candidates tried beside the pipeline in force.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The variant's name, as in the settings.")]
SECONDS = f"every process knows within {LOOK_EVERY_S:g} seconds"


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.add_typer(variants, name="variants", epilog="Example: footnote variants show candidate")


@variants.command("list")
def list_variants(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List every variant that ever ran, the last change first."""
    with catalogue_of(settings_of(data_dir)) as database:
        found = Variants(database).all()
    if as_json:
        print_json([_plain(one) for one in found])
        return
    for one in found:
        out.print(_line(one), highlight=False, markup=False)


@variants.command("show")
def show_variant(name: Name, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show what became of a variant, and what its canary has shown beside what is in force."""
    settings = settings_of(data_dir)
    fingerprint = _fingerprint(settings, name)
    with catalogue_of(settings) as database:
        known = Variants(database)
        one, seen = known.get(name, fingerprint), compared_sides(known.sums(name, fingerprint))
    if as_json:
        print_json({**_plain(one), "measures": [asdict(each) for each in seen]})
        return
    out.print(_line(one), highlight=False, markup=False)
    for line in _table(seen):
        out.print(line, highlight=False, markup=False)


@variants.command("stop")
def stop_variant(name: Name, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """End a variant: from then on it is asked nothing. The settings stay as they are."""
    settings = settings_of(data_dir)
    fingerprint = _fingerprint(settings, name)
    with catalogue_of(settings) as database:
        changed = Variants(database).stop(name, fingerprint)
    said = f"{name} is stopped; {SECONDS}." if changed else f"{name} did not run."
    _say(name, "stopped", said, changed=changed, as_json=as_json)


@variants.command("start")
def start_variant(name: Name, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Let a variant run again, after it was stopped or taken back; what it had shown is forgotten."""
    settings = settings_of(data_dir)
    fingerprint = _fingerprint(settings, name)
    with catalogue_of(settings) as database:
        changed = Variants(database).start(name, fingerprint)
    said = f"{name} runs; {SECONDS}." if changed else f"{name} runs already."
    _say(name, "running", said, changed=changed, as_json=as_json)


@variants.command("promote")
def promote_variant(name: Name, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Print the settings that put a variant in force: set them, take its section away, and restart."""
    settings = settings_of(data_dir)
    _fingerprint(settings, name)
    changes = {
        f"FOOTNOTE_{section}__{field}".upper(): _shown(value, f"variants.{name}.{section}.{field}")
        for section, fields in settings.variants[name].overrides.items()
        for field, value in fields.items()
    }
    if as_json:
        print_json(changes)
        return
    for variable, value in changes.items():
        out.print(f"{variable}={value}", highlight=False, markup=False, soft_wrap=True)


def _shown(value: Any, place: str) -> str:
    """As it is set; of a secret the place that has it, for it is printed nowhere."""
    return f"<the secret of {place}>" if isinstance(value, SecretStr) else str(value)


def _say(name: str, state: VariantState, said: str, *, changed: bool, as_json: bool) -> None:
    if as_json:
        print_json({"name": name, "state": state, "changed": changed})
    else:
        out.print(said, highlight=False)


def _fingerprint(settings: Settings, name: str) -> str:
    if name not in settings.variants:
        known = ", ".join(sorted(settings.variants)) or "none"
        raise NotFound(f"the settings have no variant {name!r} (known: {known})")
    return fingerprint_of(laid_over(settings, settings.variants[name]))


def _line(one: KnownVariant) -> str:
    state = one.state.replace("_", " ")
    parts = [one.name, one.fingerprint, state, f"since {one.since:%Y-%m-%d %H:%M} UTC", one.reason]
    return " · ".join(part for part in parts if part)


def _table(seen: list[Compared]) -> Iterator[str]:
    yield f"{'':14}{'in force':>10}{'of':>8}{'candidate':>11}{'of':>8}"
    for one in seen:
        sides = [
            f"{'' if side.mean is None else f'{side.mean:.3f}':>{width}}{side.count:>8}"
            for side, width in ((one.served, 10), (one.candidate, 11))
        ]
        yield f"{one.measure:14}{''.join(sides)}{'  worse' if one.worse else ''}"


def _plain(one: KnownVariant) -> dict[str, Any]:
    return {**asdict(one), "since": one.since.isoformat()}
