"""Variants of the pipeline: what became of them, and answers with their words for whoever judges them"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("answers", sa.Column("variant", sa.String(), nullable=False, server_default=""))
    op.create_table(
        "samples",
        sa.Column("id", sa.String(), primary_key=True),
        *(_text(name) for name in ("tenant", "question", "variant", "fingerprint")),
        sa.Column("served", sa.JSON(), nullable=False),
        sa.Column("candidate", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=True),
    )
    op.create_index("samples_by_age", "samples", ["created_at"])
    op.create_index("samples_of_a_tenant", "samples", ["tenant", "variant"])
    op.create_table(
        "sample_documents",
        sa.Column("sample_id", sa.String(), sa.ForeignKey("samples.id", ondelete="CASCADE"), nullable=False),
        _text("document_id"),
        sa.PrimaryKeyConstraint("sample_id", "document_id"),
    )
    op.create_index("samples_of_document", "sample_documents", ["document_id"])
    _variants()


def _variants() -> None:
    op.create_table(
        "variants",
        *(_text(name) for name in ("name", "fingerprint", "state", "reason")),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", "fingerprint"),
    )
    op.create_table(
        "variant_sums",
        *(_text(name) for name in ("name", "fingerprint", "side", "measure")),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("total", sa.Double(), nullable=False),
        sa.Column("squares", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", "fingerprint", "side", "measure"),
    )
    op.create_table(
        "judged",
        sa.Column("metric", sa.String(), primary_key=True),
        sa.Column("mean", sa.Double(), nullable=False),
        sa.Column("answers", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False)


def downgrade() -> None:
    for table in ("judged", "variant_sums", "variants", "sample_documents", "samples"):
        op.drop_table(table)
    op.drop_column("answers", "variant")
