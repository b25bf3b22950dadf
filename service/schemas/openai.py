"""The part of OpenAI's chat completions that chat programs need, with our answer riding along.

Requests may hold fields that mean nothing here (`temperature`, `top_p`, ...): every client of that API sends
some, so they are let pass. What would change the answer's form (`n`, `tools`, `response_format`) is refused.
`filters` is ours: what the search is restricted to.
"""

from __future__ import annotations

import re
import time
from dataclasses import replace
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StrictBool, field_validator

from service.errors import InvalidInput
from service.schemas.answers import AnswerOut
from service.schemas.asking import COMPLETION, FiltersIn, refusal
from service.storable import why_unstorable_text
from service.text.answers import gap
from service.types import Answer, Citation, Warning


class TextPart(BaseModel):
    """A piece of a message."""

    type: Literal["text"]
    text: str


class MessageIn(BaseModel):
    """A turn of the conversation; the last one of the user is the question, and no other is read."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | Annotated[list[TextPart], Field(max_length=1000, fail_fast=True)] | None = None

    @field_validator("content", mode="before")
    @classmethod
    def _words_alone(cls, content: object) -> object:
        parts = content if isinstance(content, list) else []
        if any(isinstance(part, dict) and part.get("type", "text") != "text" for part in parts):
            raise refusal(
                "words_alone", "Footnote reads words: leave pictures, sound and files out of messages"
            )
        return content

    @property
    def text(self) -> str:
        """The words, of whichever form the content has."""
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content)
        return self.content or ""


class StreamOptions(BaseModel):
    """What a stream adds."""

    include_usage: bool = False


class ResponseFormat(BaseModel):
    """An answer is text with footnotes, and can be nothing else."""

    type: Literal["text"]


class ChatIn(BaseModel):
    """A chat completion request."""

    model_config = ConfigDict(extra="ignore")

    model: str = Field(examples=["footnote"])
    messages: list[MessageIn] = Field(min_length=1, max_length=1000, fail_fast=True)
    stream: StrictBool = False
    stream_options: StreamOptions | None = None
    n: Literal[1] = 1
    filters: FiltersIn = Field(default_factory=FiltersIn)
    tools: Annotated[list[object], Field(max_length=0)] | None = None
    functions: Annotated[list[object], Field(max_length=0)] | None = None
    response_format: ResponseFormat | None = None

    @field_validator("tools", "functions", mode="before")
    @classmethod
    def _no_tools(cls, tools: object) -> object:
        if tools:
            raise refusal(
                "no_tools", "Footnote answers from documents and calls no tools: leave this out, or send []"
            )
        return tools

    @property
    def question(self) -> str:
        """The last message of the user, or `InvalidInput` when there is none."""
        asked = next((message.text for message in reversed(self.messages) if message.role == "user"), "")
        if not asked.strip():
            raise InvalidInput("No message of the user holds a question.")
        if reason := why_unstorable_text(asked):
            raise InvalidInput(f"The question cannot be kept: {reason}.")
        return asked.strip()

    def noted(self, answer: Answer) -> Answer:
        """The answer, with a warning where it was asked with more than a question."""
        others = sum(bool(message.text.strip()) for message in self.messages) - 1
        if not others:
            return answer
        what = "1 other message was" if others == 1 else f"{others} other messages were"
        why = f"the last message of the user is the question; {what} not read"
        return replace(answer, warnings=(*answer.warnings, Warning("api", "other_messages_not_read", why)))


_PICTURE = re.compile(r"!\[")
_DEFINES_MARK = re.compile(r"^((?:[ \t>*+-]|\d{1,9}[.)])*)\[(?=[^\]]{1,999}\]:)", re.MULTILINE)
"""Also within a quotation or an item of a list, and with a mark of several lines (CommonMark 0.31, 4.7)."""
_LOADS = re.compile(r"<(?=(?:script|style)\b|[a-z][^<>=]*(?:[=<]|\Z))", re.IGNORECASE)
"""Begins an element of HTML that may load or run something: a script, a style, or any with an attribute that
has a value. One that is not closed yet may be given that by what is streamed next.
"""


class MessageOut(BaseModel):
    """The answer with its markers, and the footnotes beneath."""

    role: Literal["assistant"] = "assistant"
    content: str


class Choice(BaseModel):
    """The one choice that there is."""

    index: Literal[0] = 0
    message: MessageOut
    finish_reason: Literal["stop"] = "stop"


class ChatUsage(BaseModel):
    """Tokens that the language model read and wrote."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int

    @classmethod
    def of(cls, answer: Answer) -> Self:
        """From our own type."""
        read, written = answer.usage.prompt_tokens, answer.usage.completion_tokens
        return cls(prompt_tokens=read, completion_tokens=written, total_tokens=read + written)


class ChatOut(BaseModel):
    """A chat completion; `footnote` is the whole response of `POST /query`."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int = Field(default_factory=lambda: int(time.time()))
    model: str
    choices: list[Choice]
    usage: ChatUsage
    footnote: AnswerOut

    @classmethod
    def of(cls, answer: Answer, model: str) -> Self:
        """From our own type."""
        return cls(
            id=COMPLETION + answer.id,
            model=model,
            choices=[Choice(message=MessageOut(content=inert(with_footnotes(answer))))],
            usage=ChatUsage.of(answer),
            footnote=AnswerOut.of(answer, explain=False),
        )


class ChunkChoice(BaseModel):
    """The one choice of a chunk."""

    index: Literal[0] = 0
    delta: dict[Literal["role", "content"], str]
    """What it adds to the message."""
    finish_reason: Literal["stop"] | None = None


class ChatChunk(BaseModel):
    """A part of a streamed chat completion; the last one brings `footnote`."""

    id: str
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
    created: int
    model: str
    choices: list[ChunkChoice]
    usage: ChatUsage | None = None
    footnote: AnswerOut | None = None


class ModelOut(BaseModel):
    """A name under which this service answers."""

    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: Literal["footnote"] = "footnote"


class ModelsOut(BaseModel):
    """All of them."""

    object: Literal["list"] = "list"
    data: list[ModelOut]


def inert(text: str) -> str:
    """A message that makes a chat window which shows Markdown fetch nothing, and its marks lead nowhere.

    A document could name a picture, whose address would be asked for as soon as the answer is shown, with
    whatever a language model was talked into writing there. A backslash makes no words of a tag behind
    another backslash, or within an element of HTML: an entity does.
    """
    return _LOADS.sub("&lt;", _PICTURE.sub(r"!\\[", _DEFINES_MARK.sub(r"\1\\[", text)))


def with_footnotes(answer: Answer) -> str:
    """The message of a whole answer."""
    return answer.text + _beneath(answer)


def last_words(answer: Answer) -> str:
    """What follows the sentences: what is not answered, then what stands beneath."""
    if not answer.unanswered:
        return _beneath(answer)
    return gap(answer.sentences[-1].text, answer.unanswered) + answer.unanswered + _beneath(answer)


def _beneath(answer: Answer) -> str:
    """The list of the footnotes, a line each, and which words were read as others."""
    lines = [f"[{one.n}] {_place(one)}: “{_one_line(one.quote)}”" for one in answer.citations]
    read_as = [f"Read “{word}” as “{meant}”." for word, meant in answer.respelled.items()]
    return "".join("\n\n" + "\n".join(part) for part in (lines, read_as) if part)


def _place(citation: Citation) -> str:
    title = citation.document.title or citation.document.source
    return f"{title}, p. {citation.page}" if citation.page is not None else title


def _one_line(quote: str) -> str:
    return " ".join(quote.split())
