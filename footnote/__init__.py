"""Footnote from Python: for notebooks, scripts and tests.

    import footnote

    with footnote.open("data") as documents:
        documents.ingest("manuals/")
        answer = documents.ask("What does the message MV-E07 mean?")
        print(answer.text, answer.citations[0].quote)
        documents.search("diaphragm kit")

It is the engine that `footnote serve` runs, in this process and without a server: the same folder, the same
settings, the same answers. What comes back are the service's own frozen types, and all that can go wrong on
purpose is a `FootnoteError`.
"""

from footnote.names import check

check()  # before anything of ours is imported

from footnote.documents import Documents, open
from footnote.report import NotRead, Report
from service.errors import FootnoteError
from service.records import DeletionReceipt, DocumentRecord
from service.settings import Settings
from service.types import Answer, Citation, Hit, Sentence

__all__ = [
    "Answer",
    "Citation",
    "DeletionReceipt",
    "DocumentRecord",
    "Documents",
    "FootnoteError",
    "Hit",
    "NotRead",
    "Report",
    "Sentence",
    "Settings",
    "open",
]
