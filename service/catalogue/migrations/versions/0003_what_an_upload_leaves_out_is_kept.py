"""What a file says of itself and what was given with its upload are kept apart; a job may give neither

Of documents that are there nobody knows any more which was which: all of it counts as given, so that
nothing is lost. Columns are added in place, because a table that is made anew takes the rows that depend on
it along; nothing depends on jobs. Reports of jobs that have ended have another form now, and are left out.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    for column in ("own_metadata", "given_metadata"):
        op.add_column("documents", sa.Column(column, sa.JSON(), nullable=False, server_default="{}"))
    op.execute("UPDATE documents SET given_metadata = attributes")
    op.execute("UPDATE jobs SET report = NULL")
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        for column in ("attributes", "groups"):
            batch_op.alter_column(column, existing_type=sa.JSON(), nullable=True)


def downgrade() -> None:
    op.execute("UPDATE jobs SET attributes = coalesce(attributes, '{}'), groups = coalesce(groups, '[]')")
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        for column in ("attributes", "groups"):
            batch_op.alter_column(column, existing_type=sa.JSON(), nullable=False)
    for column in ("own_metadata", "given_metadata"):
        op.drop_column("documents", column)
