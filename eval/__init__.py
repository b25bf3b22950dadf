"""Measures what Footnote does: parsing, chunking, retrieval, answers, speed."""
