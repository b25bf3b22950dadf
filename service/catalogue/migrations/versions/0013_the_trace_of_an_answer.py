"""An answer's trace is kept, so that what a reader says of it finds a caller's own trace in every process"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("answers", sa.Column("trace_id", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("answers", "trace_id")
