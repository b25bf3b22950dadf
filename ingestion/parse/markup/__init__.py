"""HTML, and what other formats become on their way: markdown, Pandoc's formats, mail bodies, office tables.

parser.py      the bytes of an HTML file; `tree` and `elements_of` for the formats that come through here
tags.py        where others write HTML: which words in angle brackets are markup, which are text
css.py         what no reader sees
marks.py       marks of footnotes, and exponents
trees.py       nodes that go, all at once
links.py       how much of a part of a page leads elsewhere
contents.py    what repeats the headings: tables of contents, a heading's link to itself
navigation.py  what leads around the site
walker.py      from the tree to elements, in one pass
table.py       a table's cells, merged ones repeated
"""
