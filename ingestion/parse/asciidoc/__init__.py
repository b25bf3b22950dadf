"""AsciiDoc, old style and new, in the order in which a file is read.

parser.py   the bytes of a file; what it says of itself
source.py   conditions and includes, which stand above all blocks
blocks.py   the lines as blocks: headings, paragraphs, lists with their continuations, listings, tables
lists.py    what begins an item, and how deep it lies
inline.py   macros, attributes and marks within a block, as a reader sees them
table.py    the cells of a table, by columns, spans and lines

Pandoc 3.9 reads AsciiDoc, but was not done with one page of git's documentation (git-commit, 22 kB) after a
minute and 3.9 GB, and refuses every page that includes another file; asciidoc-py is legacy.
"""
