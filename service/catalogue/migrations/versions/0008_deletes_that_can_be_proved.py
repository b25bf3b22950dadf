"""Turns of queued jobs, epochs for all that is written to the store, and what a delete proves

Chunks in the store carry version numbers as their epochs; those of leases must be higher than any there was,
also of documents that were deleted since and left something behind.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

MORE_THAN_ANY_VERSION = 1_000_000
ANSWERS_AT_ONCE = 500


def upgrade() -> None:
    op.execute(f"UPDATE counters SET value = value + {MORE_THAN_ANY_VERSION} WHERE name = 'lease'")
    _turns()
    op.add_column("purges", sa.Column("removed", sa.JSON(), nullable=True))
    op.add_column("purges", sa.Column("files", sa.JSON(), nullable=False, server_default="[]"))
    op.create_table(
        "receipts",
        sa.Column("sequence", sa.Integer(), nullable=False, autoincrement=True),
        sa.Column("id", sa.String(), nullable=False, unique=True),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("document_id", sa.String(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sequence"),
    )
    op.create_index("receipts_of_tenant", "receipts", ["tenant", "sequence"])
    _citations()


def _turns() -> None:
    op.add_column("jobs", sa.Column("turn", sa.Integer(), nullable=False, server_default="0"))
    op.execute(
        "UPDATE jobs SET turn = places.turn FROM (SELECT sequence AS job,"
        " row_number() OVER (PARTITION BY tenant ORDER BY sequence) AS turn"
        " FROM jobs WHERE state NOT IN ('done', 'failed')) AS places WHERE jobs.sequence = places.job"
    )
    op.drop_index("jobs_by_state", "jobs")  # SQLite would take it for that of the turns
    while_queued = sa.text("state = 'queued'")
    for name, columns in (
        ("jobs_in_turn", ["strikes", "turn", "sequence"]),
        ("jobs_of_tenant_in_turn", ["tenant", "turn"]),
    ):
        op.create_index(name, "jobs", columns, sqlite_where=while_queued, postgresql_where=while_queued)


def _citations() -> None:
    """Answers that were kept knew the chunks that they quoted; those of versions since replaced are lost."""
    citations = op.create_table(
        "citations",
        sa.Column("answer_id", sa.String(), sa.ForeignKey("answers.id", ondelete="CASCADE"), nullable=False),
        sa.Column("document_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("answer_id", "document_id"),
    )
    op.create_index("citations_of_document", "citations", ["document_id"])
    connection = op.get_bind()
    answers = sa.table("answers", sa.column("id"), sa.column("cited", sa.JSON()))
    chunks = sa.table("chunks", sa.column("chunk_id"), sa.column("document_id"))
    found = connection.execute(sa.select(answers.c.id, answers.c.cited)).all()
    for start in range(0, len(found), ANSWERS_AT_ONCE):
        piece = found[start : start + ANSWERS_AT_ONCE]
        ids = {chunk for row in piece for chunk in row.cited}
        query = sa.select(chunks.c.chunk_id, chunks.c.document_id).where(chunks.c.chunk_id.in_(ids))
        documents = dict(connection.execute(query).all())
        pairs = {(row.id, documents[chunk]) for row in piece for chunk in row.cited if chunk in documents}
        rows = [{"answer_id": answer, "document_id": document} for answer, document in sorted(pairs)]
        if rows:
            connection.execute(citations.insert(), rows)


def downgrade() -> None:
    op.drop_table("citations")
    op.drop_table("receipts")
    op.drop_column("purges", "files")
    op.drop_column("purges", "removed")
    for index in ("jobs_in_turn", "jobs_of_tenant_in_turn"):
        op.drop_index(index, "jobs")
    op.create_index("jobs_by_state", "jobs", ["state", "sequence"])
    op.drop_column("jobs", "turn")
