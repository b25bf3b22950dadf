"""bench: what the product costs beside what it is built on, in one run.

figures.py    a measured figure with its goal and its baseline, and the tables they make
corpora.py    what is ingested and asked: a data folder's sets, or generated ones of the same kind
serving.py    the product as a user starts it: a process behind HTTP, and an engine in this one
ingest.py     ingest rate over the bare encoder's, parse rates, memory over many documents
query.py      answers over HTTP by stage, during an ingest, and the start of the server
load.py       many readers at once, and the same question again
crowd.py      those readers
ways.py       the ways that questions take: nothing written, a language model's words, quotations
many.py       server mode: one API process and two, one worker and two
stack.py      its processes and servers; remembered_store.py is a vector store that costs nothing
ledger.py     jobs and documents in PostgreSQL beside SQLite
tenancy.py    a tenant among a thousand
stub_model.py the language model that costs nothing
search.py     search and fusion by number of chunks
baselines.py  the packages that the figures stand beside
install.py    the default install's size and time
"""
