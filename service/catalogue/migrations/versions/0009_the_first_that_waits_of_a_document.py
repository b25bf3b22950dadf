"""The first job that waits of a document is found by an index, however many of it wait"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    while_queued = sa.text("state = 'queued'")
    op.create_index(
        "jobs_of_document_in_order",
        "jobs",
        ["document_id", "sequence"],
        sqlite_where=while_queued,
        postgresql_where=while_queued,
    )


def downgrade() -> None:
    op.drop_index("jobs_of_document_in_order", "jobs")
