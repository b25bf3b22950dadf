"""Where commands print for people: no text of a document, a model or a server gives the terminal orders."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.text import Text
from typing_extensions import override

_ORDERS = (*range(9), *range(0x0B, 0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
"""Control characters but for tab and line feed, with which escape sequences begin; and the signs that turn
the direction of writing, by which a name reads as another one."""
_SHOWN = dict.fromkeys(_ORDERS, "\N{REPLACEMENT CHARACTER}")
_SPELT = {order: f"\\u{order:04x}" for order in _ORDERS if order >= ord(" ")}
"""JSON spells the others itself."""


class Terminal(Console):
    """Prints as `rich` does; what is no text is shown as a replacement character."""

    @override
    def render_str(self, text: str, **how: Any) -> Text:
        return super().render_str(text.translate(_SHOWN), **how)


def spelt(json: str) -> str:
    """The same JSON, with such characters in its texts written as their numbers."""
    return json.translate(_SPELT)
