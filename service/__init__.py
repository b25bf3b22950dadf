"""Footnote: questions over your own documents, a checked footnote on every sentence.

The life of one query, in the order to read the files:

    pipeline.py   answer(): the whole story in one screen
    text/         its courtesies are left out; once something is found, what is misspelt is asked anew
    embed/        the question becomes a dense vector and its tokens', store/bm25.py gives its BM25 terms
    store/        two ranked lists of chunk ids come back (Qdrant)
    fuse.py       one list, by Reciprocal Rank Fusion
    catalogue/    ids become visible chunks of live document versions (SQL)
    rerank/       the best few dozen are put in order by how well they answer (match/ compares them)
    decide/       is there an answer in them? if not: abstain, with the reason
    context.py    numbered passages within the token budget
    generate/     sentences, each with the passage that it rests on
    cite/         each sentence checked against its passage; what is not supported is dropped

`explaining/` goes through these steps once more, and says which of them lost what was expected.

`answering.py` stands before it: what was answered before comes from `cache/`, and what many ask at once is
worked out once. `sharing/` is what processes share, over `redis.py` where there is one: who may ask now, and
which worker learns of work.

`drift/` compares what answers are like with what they were like, `variants/` tries other settings beside
those in force.

`text/` reads words, sentences and quantities the same way everywhere, `learned/` holds what was learned.
`masking/` blots out personal data and secrets where a text leaves.
`background.py` has the threads that all this runs on; `health/` asks each part whether it can serve, and says
why the queue does not move. `blobs/` keeps the original files; `upkeep/` removes documents everywhere and
proves it, finds what does not belong together, completes and tidies. `locks.py` keeps writers of one document
apart.
`reindexing/` builds another embedding model's index beside the one in force.
`tracing/` tells Langfuse or OpenTelemetry what became of questions and documents, `metrics/` counts them.
`access/` knows callers by their API keys, where there are any; `tenancy.py` has its values. `footing.py`
has what the two modes stand on, `stages.py` and `wiring.py` choose the concrete parts and `local_engine.py`
joins them; `app.py` and `routes/` put them behind HTTP, `cli/` on the command line. `types.py` and
`records.py` hold what flows between the stages, `errors.py` all that can go wrong.
"""
