"""AsciiDoc, old style and new, in the order in which a file is read.

parser.py   the bytes of a file; what it says of itself
source.py   conditions and includes, which stand above all blocks
blocks.py   the lines as blocks: headings, paragraphs, lists with their continuations, listings, tables
lists.py    what begins an item, and how deep it lies
inline.py   macros, attributes and marks within a block, as a reader sees them
table.py    the cells of a table, by columns, spans and lines

Pandoc reads AsciiDoc since 3.8.3, but took more than 20 GiB for one page of git's documentation (git-commit)
and refuses every page that includes another file; asciidoc-py is legacy and runs commands that a page names.
"""
