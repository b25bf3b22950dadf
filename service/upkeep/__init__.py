"""upkeep: what keeps catalogue, index and originals true to each other, beside the questions.

deletion.py     a delete and its proof
receipts.py     what is signed of it, and with which key
originals.py    which originals are kept
fsck.py         what does not agree, found and repaired
maintenance.py  all of it, again and again, by one process of all
"""
