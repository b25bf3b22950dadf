"""A job that was under way with others when something went wrong is told from one that was alone"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("alone", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("jobs", sa.Column("strikes", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("jobs", "strikes")
    op.drop_column("jobs", "alone")
