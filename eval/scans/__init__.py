"""How much OCR reads of pages whose text is known: receipts and pages of prose, drawn and then spoiled.

pages.py    a page of known text, drawn
faults.py   what scanners, printers and telephones do to it
measure.py  what was read of it, by kind and fault; the command
"""
