"""People compare two runs without knowing which is which.

sheet.py   the sheet: a page and a table to fill in, and the key that stays at home
scores.py  what they say, read back: how far they agree, and which run they prefer
"""
