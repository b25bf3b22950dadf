"""How well Footnote ranks, decides, answers and cites on labelled sets."""
