"""Chunking, measured beside its baselines: does the search find the answer's tokens, and little else?

    splitters.py   ours and the baselines: a corpus becomes pieces with their place in the raw file
    dataset.py     questions with the spans that answer them
    align.py       pieces whose text was normalised get their place back
    retrieve.py    dense and BM25 lists, fused: the same for all
    score.py       recall, precision and IoU at the token level
    report.py      the tables
    __main__.py    `footnote eval chunking --data DIR`

The measure is that of Smith and Troynikov, "Evaluating Chunking Strategies for Retrieval" (Chroma, 2024), and
DIR has the form of its data: `questions_df.csv` and `corpora/*.md`.
"""
