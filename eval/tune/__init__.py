"""Training from labelled folders: `footnote tune`."""
