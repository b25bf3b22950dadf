"""How a document becomes chunks, in call order.

ruler.py       token counts of any span, from one pass of the tokenizer
sections.py    headings cut the document into sections
blocks.py       a section becomes the smallest spans that are never cut: sentences, rows, lines, items
cohesion.py    a break where the words stay the same costs more than one where they change
partition.py   the blocks are put together into pieces of good size, at the cheapest places to break
"""
