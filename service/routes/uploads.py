"""The parts of an upload form, checked before anything is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import Request, UploadFile
from pydantic import Field, TypeAdapter, ValidationError

from service.catalogue import checked_groups, checked_source
from service.errors import InvalidInput, LimitExceeded
from service.records import Upload
from service.routes.context import services_of
from service.schemas.asking import FieldName, ScalarIn
from service.storable import MAX_FIELDS
from service.types import Scalar

FORM_FIELDS = frozenset({"file", "source", "metadata", "groups"})
MAX_FIELD_BYTES = 64 * 1024
"""Of a form's field that is no file."""

_metadata = TypeAdapter(Annotated[dict[FieldName, ScalarIn], Field(max_length=MAX_FIELDS)])


async def only_known_fields(request: Request) -> None:
    """Refuse a form's unknown and second fields: what is ignored in silence was promised to somebody.

    Raises:
        InvalidInput: the form has a field that is none of ours, or what cannot be one of them.
    """
    form = await request.form()
    if "groups" in form and services_of(request).access is None:
        raise InvalidInput(
            "groups: nobody can be kept from reading a document here, because readers are told apart by API "
            "keys and this service has none.",
            hint="Leave the field out; whoever reaches this service may read every document.",
        )
    if unknown := [name for name in form if name not in FORM_FIELDS]:
        raise InvalidInput(
            f"{unknown[0][:100]}: the form has no such field.",
            hint=f"It has {', '.join(sorted(FORM_FIELDS))}.",
        )
    if len(form.getlist("metadata")) > 1:
        raise InvalidInput("metadata: the form has it more than once.", hint="Send one JSON object.")
    if any(isinstance(part, str) for part in form.getlist("file")):
        raise InvalidInput("file: a part without a file name is no file.", hint="Give it a file name.")


def parse_groups(groups: Sequence[str]) -> tuple[str, ...]:
    """The `groups` fields; one empty value is no group, so that a document can be opened to all again.

    Raises:
        InvalidInput: one is not fit to be a group's name.
    """
    return () if list(groups) == [""] else checked_groups(groups)


def named_uploads(
    files: Sequence[UploadFile], sources: Sequence[str] | None, max_file_bytes: int
) -> list[Upload]:
    """Each file with the source that names it: the one given, else its own name.

    Raises:
        InvalidInput: sources and files do not match, or a source is not fit to be a name.
        LimitExceeded: a file is larger than the settings allow.
    """
    if sources is not None and len(sources) != len(files):
        raise InvalidInput(
            f"{len(files)} files came with {len(sources)} sources.",
            hint="Give one `source` for each `file`, in the same order, or none.",
        )
    names = [checked_source(source) for source in sources or [file.filename or "" for file in files]]
    if len(set(names)) < len(names):
        raise InvalidInput(
            "Two files of one upload have the same source.", hint="Give each its own `source`."
        )
    for file in files:
        _check_size(file, max_file_bytes)
    return [
        Upload(source=name, filename=checked_source(_base_name(file.filename or name)), content=file.file)
        for name, file in zip(names, files, strict=True)
    ]


def parse_metadata(text: str) -> dict[str, Scalar]:
    """The `metadata` field: a JSON object whose values are texts, numbers or booleans."""
    try:
        return dict(_metadata.validate_json(text))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part)[:100] for part in ("metadata", *first["loc"]))
        raise InvalidInput(
            f"{place}: {first['msg']}", hint='Send a flat JSON object such as {"year": 2024}.'
        ) from None


def _check_size(file: UploadFile, max_file_bytes: int) -> None:
    if (file.size or 0) > max_file_bytes:
        raise LimitExceeded(
            f"A file has {file.size:,} bytes; the limit is {max_file_bytes:,} (setting load.max_file_bytes).",
            hint="Split it, or raise FOOTNOTE_LOAD__MAX_FILE_BYTES.",
        )


def _base_name(filename: str) -> str:
    """The last part of a path in either system's form; a browser may send the whole of it."""
    return filename.replace("\\", "/").rstrip("/").rpartition("/")[2]
