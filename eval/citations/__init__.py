"""Footnotes under attack: true sentences rewritten, and the same made false, each checked as an answer is.

cases.py      what an answer really says and reads: sentences of answers with the passages they cite
written.py    where the numbers, dates, units and names of a sentence stand
corrupt.py    one fact of a sentence made another: number, unit, date, name, negation
misplace.py   a sentence whose passage does not hold it: moved, invented, blended
rewrite.py    the same said otherwise: what must not be dropped
suite.py      all kinds of claims for some cases, the same for the same seed
sets.py       the sets that are measured, and their cases
report.py     the share caught and the share of true sentences dropped, by kind
"""
