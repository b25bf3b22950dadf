"""The small models that Footnote brings, each beside its card."""
