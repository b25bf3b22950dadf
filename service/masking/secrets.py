r"""Keys, tokens and passwords, known by their form.

Written out: detect-secrets, the library for this, has had no release since 2024, reads line by line, and does
not say where in a line a secret stands. The forms are those that the issuers publish.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from service.masking.found import Found

# Each repetition has an end, so that no text takes longer than its length asks for.
FORMS = (
    r"(?<![A-Za-z0-9])fn_[0-9A-Za-z]{32,64}",  # Footnote
    r"\b(?:sk|pk|rk)[-_][A-Za-z0-9_-]{16,256}",  # OpenAI, Anthropic, Stripe, Langfuse
    r"\bgh[pousr]_[A-Za-z0-9]{36,255}",  # GitHub
    r"\bgithub_pat_[A-Za-z0-9_]{22,255}",
    r"\bglpat-[A-Za-z0-9_-]{20,255}",  # GitLab
    r"\bhf_[A-Za-z0-9]{30,64}",  # Hugging Face
    r"\bpypi-[A-Za-z0-9_-]{50,512}",  # PyPI
    r"\bxox[abeprs]-[A-Za-z0-9-]{10,255}",  # Slack
    r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",  # AWS
    r"\bAIza[0-9A-Za-z_-]{35}",  # Google
    r"\beyJ[A-Za-z0-9_-]{8,2048}\.eyJ[A-Za-z0-9_-]{8,4096}\.[A-Za-z0-9_-]{8,2048}",  # JSON Web Token
    r"-----BEGIN (?:[A-Z]{1,16} ){0,3}PRIVATE KEY-----[\s\S]{0,16384}?(?:-----END [A-Z ]{1,48}-----|\Z)",
    r"(?i:\bbearer)[ \t]{1,4}(?P<bearer>[A-Za-z0-9._~+/-]{16,4096}={0,2})",
    r"\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@]{0,128}:(?P<in_url>[^\s/@]{1,256})@",  # user:password@host
    r"(?i:\b(?:password|passwd|pwd|passphrase|secret|api[_-]?key|access[_-]?token|auth[_-]?token|client[_-]?secret))"
    r"[\"']?[ \t]{0,4}[:=][ \t]{0,4}[\"']?(?P<given>[^\s\"',;]{6,256})",
)
_SECRET = re.compile("|".join(f"(?:{form})" for form in FORMS))


def secrets(text: str) -> Iterator[Found]:
    """Every secret in a text; of `password=...` and the like the value alone."""
    for match in _SECRET.finditer(text):
        part = match.lastgroup or 0
        yield Found("secret", match.start(part), match.end(part))
