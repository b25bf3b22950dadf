"""Files become chunks in the store: load, parse, chunk, plan, embed, store; `ingest.py` tells the story."""
