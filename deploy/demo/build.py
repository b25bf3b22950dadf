"""Writes the generated documents of the demo from their sources: `python -m deploy.demo.build [FOLDER]`.

The documents in formats that are text (markdown, HTML, reStructuredText, mail and the like) are kept as
they are under `documents/`; the others are written from `sources/`, so that a change can be reviewed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from deploy.demo.office import BUILT, write_docx, write_pptx, write_with_pandoc, write_xlsx
from deploy.demo.pages import write_pdf, write_scan, write_two_column_pdf

HERE = Path(__file__).parent
DOCUMENTS = HERE / "documents"
SOURCES = HERE / "sources"
SCAN = "quality/acceptance-test-scan.pdf"

Writer = Callable[[str, Path], None]

GENERATED: Mapping[str, Writer] = {
    "hr/onboarding-guide.docx": write_docx,
    "manuals/cr8-chiller-manual.pdf": write_pdf,
    "manuals/dp-dosing-pump-manual.docx": write_docx,
    "policies/remote-work-2024.odt": write_with_pandoc,
    "policies/remote-work-2025.odt": write_with_pandoc,
    "policies/travel-policy-2024.docx": write_docx,
    "policies/warranty-terms-2023.pdf": write_pdf,
    "products/vacuum-guide.epub": write_with_pandoc,
    SCAN: write_scan,
    "quality/supplier-quality-agreement.odt": write_with_pandoc,
    "sales/dealer-kickoff-2025.pptx": write_pptx,
    "sales/price-list-2025.xlsx": write_xlsx,
    "service/dp-calibration-procedure.docx": write_docx,
    "service/service-training-mv450.pptx": write_pptx,
    "service/spare-parts.xlsx": write_xlsx,
    "service/technical-bulletin-tb-17.pdf": write_two_column_pdf,
}
"""Each generated document and what writes it; its source has the same stem."""


def source_of(name: str) -> Path:
    """The markdown that a generated document is written from."""
    return SOURCES / f"{Path(name).stem}.md"


def build(name: str, folder: Path) -> Path:
    """Writes one generated document below `folder` and returns its path."""
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    GENERATED[name](source_of(name).read_text(encoding="utf-8"), target)
    return target


def main(folder: Path) -> None:
    """Writes all generated documents below `folder`."""
    os.environ["SOURCE_DATE_EPOCH"] = str(int(BUILT.timestamp()))  # pandoc writes this moment, not now
    for name in GENERATED:
        print(build(name, folder))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DOCUMENTS)
