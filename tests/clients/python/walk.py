"""What a program does with the client that openapi-python-client generated: `python walk.py URL`.

It is run beside the generated package, in an environment that knows nothing of Footnote.
"""

import io
import json
import sys
import time

from footnote_client import Client
from footnote_client.api.ask import give_feedback, query, search
from footnote_client.api.documents import delete_document, get_document, get_job, upload_documents
from footnote_client.models import BodyUploadDocuments, FeedbackIn, FeedbackInRating, QueryIn, SearchIn
from footnote_client.types import File

client = Client(base_url=sys.argv[1])
manual = b"# Warranty\n\nThe warranty of every pump lasts for twenty four months from delivery."
question = "How long does the warranty of a pump last?"

file = File(payload=io.BytesIO(manual), file_name="manual.md", mime_type="text/markdown")
body = BodyUploadDocuments(file=[file], source=["python/manual.md"], metadata='{"year": 2024}')
job = upload_documents.sync(client=client, body=body).jobs[0]

until = time.monotonic() + 60
while (state := get_job.sync(job.job_id, client=client).state) not in ("done", "failed"):
    assert time.monotonic() < until, state
    time.sleep(0.05)

answer = query.sync(client=client, body=QueryIn(query=question))
hits = search.sync(
    client=client, body=SearchIn.from_dict({"query": question, "filters": {"metadata": {"year": 2024}}})
)
feedback = give_feedback.sync(client=client, body=FeedbackIn(query_id=answer.id, rating=FeedbackInRating.UP))
deleted = delete_document.sync(job.document_id, client=client)
gone = get_document.sync(job.document_id, client=client)

json.dump(
    {
        "job": state,
        "status": answer.status,
        "quote": answer.citations[0].quote,
        "found": hits.hits[0].source,
        "feedback": bool(feedback.feedback_id),
        "deleted": deleted.document_id == job.document_id,
        "then": gone.code,
    },
    sys.stdout,
)
