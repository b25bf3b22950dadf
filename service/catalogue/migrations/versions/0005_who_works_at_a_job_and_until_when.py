"""A job that is under way belongs to somebody until some moment, and of a document there is one at most

Jobs that are under way now belong to nobody who lives: they are queued again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("owner", sa.String(), nullable=True))
    op.add_column("jobs", sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("jobs", sa.Column("epoch", sa.Integer(), nullable=False, server_default="0"))
    finished_or_waiting = "('queued', 'done', 'failed')"
    op.execute(f"UPDATE jobs SET state = 'queued', progress = 0.0 WHERE state NOT IN {finished_or_waiting}")
    counters = op.create_table(
        "counters",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.bulk_insert(counters, [{"name": "lease", "value": 0}])
    under_way = sa.text("owner IS NOT NULL")
    op.create_index(
        "one_job_of_a_document_under_way",
        "jobs",
        ["document_id"],
        unique=True,
        sqlite_where=under_way,
        postgresql_where=under_way,
    )


def downgrade() -> None:
    op.drop_table("counters")
    op.drop_index("one_job_of_a_document_under_way", "jobs")
    for column in ("epoch", "lease_until", "owner"):
        op.drop_column("jobs", column)
