"""Token vectors, for server mode; in embedded mode they lie in a file of the index, and this stays empty"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "token_vectors",
        sa.Column("chunk", sa.String(), nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("index", sa.String(), nullable=False),
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("vectors", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("chunk", "tenant", "index"),
    )
    op.create_index("token_vectors_by_document", "token_vectors", ["document"])
    if op.get_context().dialect.name == "postgresql":
        # Numbers that are spread evenly do not get smaller by compression; trying costs each write.
        op.execute("ALTER TABLE token_vectors ALTER COLUMN vectors SET STORAGE EXTERNAL")


def downgrade() -> None:
    op.drop_table("token_vectors")
