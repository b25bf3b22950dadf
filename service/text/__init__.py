"""How text is read, the same everywhere.

languages.py   what is known of each language: stemmers, function words, months, numbers, denials
words.py       content words, stemmed; identifiers and numbers in one form
sentences.py   where sentences lie
quantities.py  what must agree exactly: numbers with their units, dates, identifiers
names.py       names, and whether a text says them
negation.py    whether one text denies what another affirms
markers.py     the marks that mean something to Footnote, and look-alikes in documents
elements.py    the names of HTML's elements: other names in angle brackets are text
"""
