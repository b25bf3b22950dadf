"""What a search may be restricted by is called attributes, what is true of the whole index a property

Columns are renamed in place: SQLite would otherwise drop a table to make it anew, and with it, by cascade,
the rows that depend on it.
"""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    for table in ("documents", "jobs"):
        op.execute(f"ALTER TABLE {table} RENAME COLUMN facts TO attributes")
    op.rename_table("index_facts", "index_properties")


def downgrade() -> None:
    op.rename_table("index_properties", "index_facts")
    for table in ("documents", "jobs"):
        op.execute(f"ALTER TABLE {table} RENAME COLUMN attributes TO facts")
