"""Tenants have quotas and API keys, and it is noted who did what"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("tenants", sa.Column("created_at", MOMENT, nullable=True))
    op.add_column("tenants", sa.Column("state", sa.String(), nullable=False, server_default="active"))
    op.add_column("tenants", sa.Column("state_since", MOMENT, nullable=True))
    op.add_column("tenants", sa.Column("max_documents", sa.BigInteger(), nullable=True))
    op.add_column("tenants", sa.Column("max_bytes", sa.BigInteger(), nullable=True))
    op.add_column("tenants", sa.Column("questions_per_minute", sa.Integer(), nullable=True))
    op.add_column(
        "tenants", sa.Column("audits_questions", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.create_table(
        "keys",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("groups", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("prefix", sa.String(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.Column("last_used_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.name"]),
        sa.UniqueConstraint("sha256"),
    )
    op.create_index("keys_of_a_tenant", "keys", ["tenant", "id"])
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "audit",
        sa.Column("sequence", number, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("object", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("sequence"),
        sa.UniqueConstraint("id"),
    )
    op.create_index("audit_of_a_tenant", "audit", ["tenant", "sequence"])
    op.create_index("audit_by_age", "audit", ["at"])


def downgrade() -> None:
    op.drop_table("audit")
    op.drop_table("keys")
    for column in (
        "audits_questions",
        "questions_per_minute",
        "max_bytes",
        "max_documents",
        "state_since",
        "state",
        "created_at",
    ):
        op.drop_column("tenants", column)
