"""How a document becomes chunks, in call order.

    sections.py    headings cut the document into sections
    units.py       a section becomes the smallest spans that are never cut: sentences, rows, lines, items
    partition.py   the units are put together into pieces of good size, at the cheapest places to break
"""
