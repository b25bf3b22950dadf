"""Answers to readers' own questions, as the catalogue keeps them with their words: compared, and judged.

shadow.py  those that a candidate answered as well, beside what was given
online.py  those that were given, by RAGAS and by measures that need no judge
"""
