"""Models as files: found once (`locate.py`), compiled once (`compile.py`), run without torch (`runtime.py`).

A compiled model is a folder in the cache: `model.xml` and `model.bin` (OpenVINO), `tokenizer.json`, and
`card.json` (`Card`), which says what it was made from; an embedder's has the `projection.npy` of its tokens.
Embedders and cross-encoders share this path.
"""

from service.models.card import Card, Role
from service.models.locate import Located, locate
from service.models.published import PUBLISHED, files_of, is_installed
from service.models.runtime import Batch, Encoder, TokenCounter, TokenFinder, open_tokenizer
from service.models.store import compiled, ensure_compiled, folder_for, remove

__all__ = [
    "PUBLISHED",
    "Batch",
    "Card",
    "Encoder",
    "Located",
    "Role",
    "TokenCounter",
    "TokenFinder",
    "compiled",
    "ensure_compiled",
    "files_of",
    "folder_for",
    "is_installed",
    "locate",
    "open_tokenizer",
    "remove",
]
