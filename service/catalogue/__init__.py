"""catalogue: documents, versions, chunks, jobs, answers and feedback, in SQL.

It decides what is visible. A document's `live_version` moves in one transaction, and a search result counts
only if the catalogue still holds it in a live version (docs/adr/0005). So readers see the old version or the
new one, and after a delete has committed nothing of the document can come back.

    models.py     the tables                  database.py   snapshots, transactions, migrations
                                              connecting.py engines, pragmas, what goes wrong
    reading.py    what a query reads          documents.py  what an ingest and a delete write
    publishing.py the rows of a version       removing.py   all rows of a document
    job_rows.py   jobs and their rows         auditing.py   for the comparison with the index
    claiming.py   whose turn it is, and leases
    jobs.py       the queue                   answers.py    answers given, and what readers say of them
    keeping.py    what is written behind      expiry.py     what is kept only for a while
                  its reader's back           indexes.py    which index is in force
    tallies.py    what answers are like, hour by hour
    tenants.py, keys.py, secret.py            who may come in
    whereabouts.py  where an expected         document is, or why it is not
    admission.py  which uploads are taken     audit.py      who did what
    samples.py    answers with their words    variants.py   what became of variants

In server mode alone: `token_table.py`, the token vectors, `advisory.py`, locks and the lead, and `using.py`,
what may not be removed yet.
"""

from service.catalogue.admission import admit, check_quotas
from service.catalogue.advisory import Leadership, ServerLocks
from service.catalogue.answers import Answers, GivenAnswer
from service.catalogue.audit import AuditLog
from service.catalogue.database import Database
from service.catalogue.documents import Documents
from service.catalogue.expiry import Expiry
from service.catalogue.identity import checked_groups, checked_source, document_id
from service.catalogue.indexes import Indexes
from service.catalogue.job_rows import ClaimedJob, Lease, NewJob
from service.catalogue.jobs import Jobs
from service.catalogue.keeping import AnswerKeeper, AuditKeeper
from service.catalogue.keys import Keys
from service.catalogue.listing import Listing
from service.catalogue.placements import Placements
from service.catalogue.reading import CatalogueReader
from service.catalogue.samples import Sample, SampledAnswer, Samples
from service.catalogue.tallies import Tallies
from service.catalogue.tenants import Tenants
from service.catalogue.token_table import TokenTable
from service.catalogue.variants import Variants
from service.catalogue.versions import Labels, Live, NewVersion
from service.catalogue.whereabouts import Whereabouts

__all__ = [
    "AnswerKeeper",
    "Answers",
    "AuditKeeper",
    "AuditLog",
    "CatalogueReader",
    "ClaimedJob",
    "Database",
    "Documents",
    "Expiry",
    "GivenAnswer",
    "Indexes",
    "Jobs",
    "Keys",
    "Labels",
    "Leadership",
    "Lease",
    "Listing",
    "Live",
    "NewJob",
    "NewVersion",
    "Placements",
    "Sample",
    "SampledAnswer",
    "Samples",
    "ServerLocks",
    "Tallies",
    "Tenants",
    "TokenTable",
    "Variants",
    "Whereabouts",
    "admit",
    "check_quotas",
    "checked_groups",
    "checked_source",
    "document_id",
]
