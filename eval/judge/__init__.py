"""A language model as judge, and what is measured where there is none.

settings.py  where the judge is, and what it may cost
asking.py    one question to it, its answer checked, counted and within the limits
kept.py      what was measured before, by what was asked and with which versions
ragas.py     RAGAS's metrics: the one module with that library
family.py    the family of metrics for `footnote eval run`
pairs.py     two answers to one question, and pairs of which it is known which is better
verdicts.py  which of two is better, asked in both orders, and what that comes to
pairwise.py  two runs compared: `footnote eval pairwise`
"""
