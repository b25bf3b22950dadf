import io

import pytest
from pydantic import ValidationError

from ingestion.sandbox.wire import REPLY, Disconnected, ParseFailure, error_from, read_frame, write_frame
from service.errors import CorruptFile, LimitExceeded, ParseCrashed


def test_a_frame_comes_back_whole() -> None:
    stream = io.BytesIO()
    write_frame(stream, b"payload")
    stream.seek(0)
    assert read_frame(stream, 7) == b"payload"


def test_a_frame_longer_than_allowed_is_not_read() -> None:
    stream = io.BytesIO((1 << 40).to_bytes(8, "big") + b"x")
    with pytest.raises(Disconnected):
        read_frame(stream, 1000)


@pytest.mark.parametrize("content", [b"", b"\x00\x00", (5).to_bytes(8, "big") + b"abc"])
def test_a_stream_that_ends_early_is_a_disconnection(content: bytes) -> None:
    with pytest.raises(Disconnected):
        read_frame(io.BytesIO(content), 1000)


@pytest.mark.parametrize(
    "reply",
    [b"", b"[]", b'{"document": 1}', b'{"document": {"text": "x", "elements": "no"}}', b"\x80\x04K\x01."],
)
def test_a_reply_of_another_shape_is_refused(reply: bytes) -> None:
    with pytest.raises(ValidationError):
        REPLY.validate_json(reply)


def test_an_error_is_rebuilt_by_its_code_and_an_unknown_one_is_a_crash() -> None:
    assert isinstance(error_from(ParseFailure("corrupt_file", "m", "h")), CorruptFile)
    assert isinstance(error_from(ParseFailure("limit_exceeded", "m")), LimitExceeded)
    assert type(error_from(ParseFailure("data_folder_locked", "m"))) is ParseCrashed
