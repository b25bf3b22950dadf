"""The small models that Footnote brings, each beside its card.

Those of the default embedding model lie here, and those of any other in a folder that is named by the
fingerprint of its token vectors: what was learned from one model's numbers means nothing over another's.
"""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent
RERANKER, CALIBRATOR, SUPPORT = "reranker.json", "calibrator.json", "support.json"


def shipped_file(name: str, tokens_fingerprint: str) -> Path:
    """What is shipped for token vectors of that fingerprint.

    Where nothing is, the default model's: it says itself what it was learned on, and stands aside elsewhere.
    """
    own = _HERE / tokens_fingerprint / name
    return own if tokens_fingerprint and own.is_file() else _HERE / name
