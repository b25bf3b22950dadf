"""Cases out of what readers said of answers: `footnote eval collect`.

Where the setting `catalogue.feedback_to_cases` allows it, judged questions are written to a file of
proposals, with personal data and secrets masked. Names of people are not found by that, so a person decides:
`--review` asks him of each whether it is kept, and lets him mend the case in his editor. `--reviewed` then
makes the cases that were kept into a set that `footnote eval run --data` asks. Collecting again adds what is
new, and leaves reviews alone.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from pydantic import ValidationError

from eval.commands import DataDir, Tenant, command, run
from eval.feedback.proposals import Proposal, proposals
from eval.feedback.reviewing import add, decide, kept
from eval.run.records import Case
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
    out: Annotated[
        Path | None, typer.Option("--out", help="The file of proposals, or of cases with --reviewed.")
    ] = None,
    data_dir: DataDir = None,
    tenant: Tenant = "",
    review: Annotated[Path | None, typer.Option(help="A file of proposals: decide on each.")] = None,
    reviewed: Annotated[Path | None, typer.Option(help="A file of proposals that was reviewed.")] = None,
) -> None:
    """The command line."""
    if review is not None:
        print(f"{decide(review, asked)} decided; --reviewed {review} makes cases of those that are kept")
        return
    if out is None:
        raise typer.BadParameter("where to? give --out")
    if reviewed is not None:
        cases = kept(reviewed, open_masker())
        out.write_text("".join(f"{case.model_dump_json()}\n" for case in cases), encoding="utf-8")
        print(f"{len(cases)} cases in {out}")
        return
    settings = Settings() if data_dir is None else Settings(data_dir=data_dir)
    if settings.mode == "server" and not tenant:
        raise Misconfigured("On a server it must be said whose feedback is collected.", hint="give --tenant")
    print(f"{collected(settings, tenant, out)} new proposals in {out}: --review {out} decides on each")


def asked(proposal: Proposal, how_far: str) -> Proposal:
    """Shows a proposal to a person and asks what is to become of it; he may mend the case first."""
    while True:
        print(f"\n{how_far}: rated {proposal.rating}; {proposal.comment or 'no comment'}")
        print(proposal.case.model_dump_json(indent=1, exclude_defaults=True))
        answer = typer.prompt("keep, drop, edit or later", default="later")
        if answer == "later":
            return proposal
        if answer in ("keep", "drop"):
            return proposal.model_copy(update={"review": answer})
        if answer == "edit":
            proposal = edited(proposal)


def edited(proposal: Proposal) -> Proposal:
    """The proposal with its case as the person's editor left it; as it was where that is no case."""
    editor = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    with TemporaryDirectory(prefix="footnote-review-") as scratch:
        file = Path(scratch) / "case.json"
        file.write_text(proposal.case.model_dump_json(indent=1), encoding="utf-8")
        subprocess.run([*editor, str(file)], check=False)
        text = file.read_text(encoding="utf-8")
    try:
        case = Case.model_validate_json(text)
    except ValidationError as error:
        print(f"This is no case: {error.errors(include_url=False)[0]['msg']}. It stays as it was.")
        return proposal
    return proposal.model_copy(update={"case": case})


if __name__ == "__main__":
    run(command(main))
