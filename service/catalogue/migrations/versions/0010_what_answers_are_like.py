"""How many answers were of which kind, hour by hour, so that a drift can be seen"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "tallies",
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("quantity", sa.String(), nullable=False),
        sa.Column("bin", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("total", sa.Double(), nullable=False),
        sa.Column("squares", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "hour", "quantity", "bin"),
    )
    op.create_index("tallies_by_age", "tallies", ["hour"])


def downgrade() -> None:
    op.drop_table("tallies")
