"""Runs: a labelled set asked of the product, kept as a folder, compared with another, told as a page.

records.py     what a run is made of, and its folder
families.py    what measures a case: the protocol, and the families that need no judge
"""
