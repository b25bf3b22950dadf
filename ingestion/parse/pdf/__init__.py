"""PDF: `parser.py` tells the story of a file, the other modules know one thing each about a page."""
