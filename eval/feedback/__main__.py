"""Cases out of what readers said of answers: `footnote eval collect`.

Where the setting `catalogue.feedback_to_cases` allows it, judged questions are written to a file of
proposals, with personal data and secrets masked. Names of people are not found by that, so a person decides:
he sets `review` of each line to `keep` or `drop`, and mends the case. `--reviewed` then makes the cases that
were kept into a set that `footnote eval run --data` asks. Collecting again adds what is new, and leaves
reviews alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from eval.commands import DataDir, Tenant, command, run
from eval.feedback.proposals import proposals
from eval.feedback.reviewing import add, kept
from service.catalogue import Answers
from service.catalogue.opening import catalogue_of
from service.catalogue.tenants import everything_of
from service.errors import Misconfigured
from service.masking import open_masker
from service.settings import Settings
from service.types import LOCAL


def collected(settings: Settings, tenant: str, out: Path) -> int:
    """Adds what is new to the file of proposals; how many that were.

    Raises:
        Misconfigured: feedback may not be used for this, or there is no catalogue.
    """
    if not settings.catalogue.feedback_to_cases:
        raise Misconfigured(
            "Feedback may not be made into cases here (setting catalogue.feedback_to_cases).",
            hint="set FOOTNOTE_CATALOGUE__FEEDBACK_TO_CASES=true where those who asked were told",
        )
    scope = everything_of(tenant) if tenant else LOCAL
    with catalogue_of(settings) as database:
        judged = Answers(database).judgements(scope)
    return add(out, proposals(judged, open_masker()))


def main(
    out: Annotated[Path, typer.Option("--out", help="The file of proposals, or of cases with --reviewed.")],
    data_dir: DataDir = None,
    tenant: Tenant = "",
    reviewed: Annotated[Path | None, typer.Option(help="A file of proposals that was reviewed.")] = None,
) -> None:
    """The command line."""
    if reviewed is not None:
        cases = kept(reviewed, open_masker())
        out.write_text("".join(f"{case.model_dump_json()}\n" for case in cases), encoding="utf-8")
        print(f"{len(cases)} cases in {out}")
        return
    settings = Settings() if data_dir is None else Settings(data_dir=data_dir)
    if settings.mode == "server" and not tenant:
        raise Misconfigured("On a server it must be said whose feedback is collected.", hint="give --tenant")
    print(f"{collected(settings, tenant, out)} new proposals in {out}: set `review` of each, then --reviewed")


if __name__ == "__main__":
    run(command(main))
