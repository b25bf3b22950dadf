"""PDF: pdfium reads, and everything that makes text out of placed words is done here.

parser.py      the story of a file, page by page; `layout` also serves pages that OCR has read
bombs.py       streams that unpack to far too much, before anything is opened
source.py      open, page geometry, drawn lines and images
glyphs.py      characters to words, without those that no reader sees
model.py       what a page holds: words and rules with their boxes
furniture.py   running headers and footers, page numbers
grid.py        ruled tables
columns.py     reading order
lines.py       words to rows
aligned.py     tables without lines
blocks.py      rows to blocks, each with its style
joins.py       paragraphs across pages, words across lines
kinds.py       blocks to elements
"""
