"""Parsing files that others wrote: in child processes with limits, so that no file can hurt the service.

    pool.py      `ParserPool`: hands a file to a free child, from any number of threads
    process.py   one child seen from the parent: its clock, its memory, what its death means
    wire.py      what crosses between the two: length-prefixed JSON, validated on arrival
    child.py     the child's own program: limits itself, then parses and chunks until its input ends

A child has a bound on wall time, memory, file size and output, a low priority, an empty working folder, no
network and no secrets in its environment. It is a program of its own rather than a fork, because forking a
process with threads (the API, OpenVINO) may deadlock, and it imports no model runtime.
"""

from ingestion.sandbox.pool import ParserPool
from ingestion.sandbox.wire import ChunkJob

__all__ = ["ChunkJob", "ParserPool"]
