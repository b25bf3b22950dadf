"""What is personal or secret is masked with its kind, and nothing else of a text changes."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.masking import Masker, open_masker
from service.masking.found import Found, apart

PERSONAL = [
    ("email", "anna.berg@example.com"),
    ("email", "o'neil+billing@mail.example.co.uk"),
    ("email", "root@intranet"),
    ("email", "jörg@müller-söhne.de"),
    ("phone", "+49 30 901820"),
    ("phone", "(212) 555-0123"),
    ("phone", "0171 2345678"),
    ("iban", "DE89 3704 0044 0532 0130 00"),
    ("iban", "GB82WEST12345698765432"),
    ("iban", "be68 5390 0754 7034"),
    ("iban", "MT84 MALT 0110 0001 2345 MTLC AST0 01S"),
    ("card", "4111 1111 1111 1111"),
    ("card", "378282246310005"),
    ("card", "3782 822463 10005"),
    ("card", "5555-5555-5555-4444"),
    ("ip", "192.168.17.4"),
    ("ip", "10.0.0.0/8"),
    ("ip", "2001:db8:85a3::8a2e:370:7334"),
    ("ip", "fe80::1%eth0"),
    ("ip", "::ffff:192.168.17.4"),
]
# Put together here, so that no scanner takes this file for a leak.
SECRETS = [
    "fn" + "_Ns53e3wrIThT2kUs6yLdOjwv3FsGA2cW0RQcvH",
    "sk-" + "proj-" + "a1B2c3D4" * 5,
    "sk-" + "lf-" + "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
    "gh" + "p_" + "Ab1" * 12,
    "AK" + "IA" + "IOSFODNN7EXAMPLE",
    "AI" + "za" + "Sy0" * 11 + "ab",
    "xox" + "b-123456789012-abcdefghij",
    "ey" + "JhbGciOiJIUzI1NiJ9.ey" + "JzdWIiOiIxMjM0NTY3ODkwIn0." + "dozjgNryP4J3jVmNHl0w",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAKC\n-----END RSA PRIVATE KEY-----",
]
HARMLESS = [
    "The warranty lasts 36 months (24 for refurbished devices) and ends on 13.10.2024 or 2024-10-13.",
    "See section 4.2.1 of release 3.11.4, order 2024-00123, article 4006381333931: 1,234,567.89 EUR.",
    "At 10:20:35 the ratio was 3:2, std::vector held 1000000 rows and 0.5 % were lost; `::` and face::dead.",
    "Object 1.3.6.1.4.1.311, host 256.1.1.1, mean 0.4111111111111111, card 4111 1111 1111 1112.",
    "Ask @support, or read password policy: at least 12 signs. The secret of success is patience.",
    "x = a[1] + b[2]; the token bucket refills; use api_key to sign in.",
]


@pytest.fixture(scope="module")
def masker() -> Masker:
    return open_masker()


@pytest.mark.parametrize(("kind", "text"), [*PERSONAL, *(("secret", secret) for secret in SECRETS)])
def test_a_find_is_replaced_by_its_kind(masker: Masker, kind: str, text: str) -> None:
    assert masker.mask(f"Before, {text}, and after.") == f"Before, [{kind}], and after."


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("password: hunter2hunter2 is wrong", "password: [secret] is wrong"),
        ('{"api_key": "abc123def456"}', '{"api_key": "[secret]"}'),
        ("postgresql://app:s3cr3t!@db/footnote", "postgresql://app:[secret]/footnote"),
        ("Authorization: Bearer abcdefghijklmnop1234", "Authorization: Bearer [secret]"),
    ],
)
def test_of_a_named_secret_the_value_alone_goes(masker: Masker, text: str, masked: str) -> None:
    assert masker.mask(text) == masked


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_like_it_stays(masker: Masker, text: str) -> None:
    assert masker.mask(text) == text


@given(st.text(st.characters(exclude_categories=["Nd", "No", "Nl", "Cs"], exclude_characters="@:=[]")))
def test_a_text_without_numbers_and_addresses_never_changes(masker: Masker, text: str) -> None:
    assert masker.mask(text) == text


@given(st.lists(st.one_of(st.sampled_from([text for _, text in PERSONAL] + SECRETS), st.text()), max_size=6))
def test_nothing_else_changes_and_nothing_is_left_to_mask(masker: Masker, parts: list[str]) -> None:
    text = "\n".join(parts)
    found = masker.find(text)
    masked = masker.mask(text)
    kept = re.split("|".join(re.escape(f"[{one.kind}]") for one in found) or "(?!)", masked)
    ends = [0, *(one.end for one in found)]
    starts = [*(one.start for one in found), len(text)]
    if not re.search(r"\[(secret|iban|card|email|ip|phone)\]", text):
        assert kept == [text[end:start] for end, start in zip(ends, starts, strict=True)]
    assert masker.mask(masked) == masked


def test_finds_that_overlap_are_one_and_named_by_what_says_most() -> None:
    finds = [Found("phone", 4, 12), Found("iban", 0, 10), Found("ip", 12, 15)]
    assert apart(finds) == [Found("iban", 0, 12), Found("ip", 12, 15)]


def test_of_words_and_numbers_around_an_account_it_alone_goes(masker: Masker) -> None:
    text = "Room AB12 3456 7890 DE89 3704 0044 0532 0130 00 2 days BE68 5390 0754 7034 from here."
    assert masker.mask(text) == "Room AB12 3456 7890 [iban] 2 days [iban] from here."


def test_masking_brings_no_language_models_along() -> None:
    asked = "import sys, service.masking as m; m.open_masker().mask('+49 30 901820'); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "phonenumbers" in loaded
    assert not loaded & {"torch", "transformers", "spacy", "thinc"}


@pytest.mark.parametrize(
    "piece", ["a", "1", "a.", ":", "1:", "@", "a@", "sk-", "eyJ", "-----BEGIN ", "1 ", "x:y@"]
)
def test_no_text_takes_longer_than_its_length_asks_for(masker: Masker, piece: str) -> None:
    masker.mask(piece * (20_000 // len(piece)))
