"""The command line: a client of the engine, in this process or in a server that runs already.

app.py        the program, and how it ends      runtime.py       what every command has
documents.py  ingest, list, show, delete        client.py        what the commands ask of an engine
asking.py     ask, search                       local_client.py  an engine of this process
jobs.py       the queue                         http_client.py   a server that runs already
serving.py    serve, worker, reindex, config    running.py       how that server is known
models.py     compiled models                   ingesting.py, pruning.py  how an ingest goes
access.py     tenants, keys                     show.py          what a person sees
                                                progress.py      bars, and the file at work
"""
