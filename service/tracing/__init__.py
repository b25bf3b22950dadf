"""Traces: what became of a question or a document, stage by stage, for Langfuse or OpenTelemetry.

    stages.py     who listens to the stages of what is worked on here: the seam at `stopwatch.py`
    caller.py     the caller's own trace, as the W3C's `traceparent` names it
    spans.py      a trace as values
    questions.py  an answer becomes spans, with the figures of each stage
    documents.py  an ingest becomes spans
    tracer.py     what was finished waits in a bounded queue, and a thread of its own sends it
    tracing.py    the wrapper around questions that `wiring.py` chooses
    otlp.py       spans in OpenTelemetry's form and over the wire
    langfuse.py   the names that Langfuse reads, and its scores
    datasets.py   Langfuse's datasets, and the runs of an evaluation over them

On the way of a question nothing is done but to note when stages began and ended. What is made of that, and
where it goes, is the sending thread's affair; one that falls behind loses traces, never an answer.
"""
