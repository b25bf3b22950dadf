"""The file of proposals, a line each: a person sets `review` to `keep` or `drop`, and mends the case.

He is asked one by one (`decide`), or writes it into the file himself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from pydantic import ValidationError

from eval.feedback.proposals import Proposal
from eval.run.records import Case
from service.errors import InvalidInput
from service.masking import Masker


def read(path: Path) -> list[Proposal]:
    """The proposals of a file; none where there is no file yet.

    Raises:
        InvalidInput: a line is no proposal.
    """
    return [proposal for _, proposal in _lines(path)] if path.is_file() else []


def add(path: Path, found: Iterable[Proposal]) -> int:
    """Adds those whose question is not in the file; what was reviewed there stays. Returns how many."""
    known = {proposal.case.id for proposal in read(path)}
    new = [proposal for proposal in found if proposal.case.id not in known]
    begun = path.read_text(encoding="utf-8") if path.is_file() else ""
    with path.open("a", encoding="utf-8") as file:
        file.write("" if begun.endswith("\n") or not begun else "\n")  # editors may leave out the last one
        file.writelines(f"{proposal.model_dump_json()}\n" for proposal in new)
    return len(new)


def decide(path: Path, ask: Callable[[Proposal, str], Proposal]) -> int:
    """Has a person decide on each proposal that is open, which is kept at once; how many are decided now.

    Args:
        ask: shows a proposal, with how far it is, and gives it back with `review` set, or as it was.
    """
    found = read(path)
    waiting = [place for place, one in enumerate(found) if not one.review]
    decided = 0
    for number, place in enumerate(waiting, start=1):
        found[place] = ask(found[place], f"{number} of {len(waiting)}")
        decided += bool(found[place].review)
        beside = path.with_name(f".{path.name}.new")
        beside.write_text("".join(f"{one.model_dump_json()}\n" for one in found), encoding="utf-8")
        beside.replace(path)
    return decided


def kept(path: Path, masker: Masker) -> list[Case]:
    """The cases that a person decided to keep, masked once more: he may have written something himself.

    Raises:
        InvalidInput: a line is no proposal, or a case that was kept expects nothing.
    """
    cases = []
    for number, proposal in _lines(path):
        if proposal.review == "keep":
            _check(proposal.case, f"{path.name}, line {number}")
            cases.append(_masked(proposal.case, masker))
    return cases


def _lines(path: Path) -> Iterator[tuple[int, Proposal]]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            yield number, Proposal.model_validate_json(line)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            place = ".".join(map(str, first["loc"]))
            raise InvalidInput(f"{path.name}, line {number}: {place}: {first['msg']}") from None


def _check(case: Case, where: str) -> None:
    if case.answerable and not (case.expected or case.answers or case.facts or case.reference):
        raise InvalidInput(
            f"{where}: the case has an answer, and nothing says which",
            hint="give it expected documents, facts or a reference, or set answerable to false",
        )


def _masked(case: Case, masker: Masker) -> Case:
    return case.model_copy(
        update={
            "question": masker.mask(case.question),
            "reference": masker.mask(case.reference),
            "answers": tuple(map(masker.mask, case.answers)),
            "facts": tuple(tuple(map(masker.mask, fact)) for fact in case.facts),
        }
    )
