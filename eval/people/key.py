"""Which side of a sheet is which run: the file that whoever rates must not have."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from service.errors import InvalidInput


class Row(BaseModel):
    """One row of a sheet; `swapped` where the second run stands on the left."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    case: str
    swapped: bool


class Key(BaseModel):
    """What belongs to a sheet, by the number of the row."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sheet: str
    """Which ratings it reads: they carry the same."""
    a: str
    b: str
    rows: dict[int, Row]

    @classmethod
    def read(cls, path: Path) -> Key:
        """The key of a file.

        Raises:
            InvalidInput: it holds none.
        """
        try:
            return cls.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise InvalidInput(f"{path} holds no key of a sheet ({type(error).__name__})") from None
