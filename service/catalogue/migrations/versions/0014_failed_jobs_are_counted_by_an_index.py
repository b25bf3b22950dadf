"""Failed jobs are counted by an index, however many are done"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    failed = sa.text("state = 'failed'")
    op.create_index("jobs_that_failed", "jobs", ["sequence"], sqlite_where=failed, postgresql_where=failed)


def downgrade() -> None:
    op.drop_index("jobs_that_failed", "jobs")
