"""masking: personal data and secrets are blotted out of a text that leaves for a trace or a set of questions.

    found.py      where in a text something stands, of which kind; overlapping finds become one
    secrets.py    keys, tokens and passwords, by their form
    personal.py   e-mail addresses, phone numbers, IBANs, cards, IP addresses: by form and check digits

Names of people are not found: that takes a language model, and a wrong guess blots out what a trace is read
for.
"""

from service.masking.masker import Masker, open_masker

__all__ = ["Masker", "open_masker"]
