"""Word, PowerPoint and Excel: `word.py`, `slides.py` and `sheets.py` read them, the rest they share."""
