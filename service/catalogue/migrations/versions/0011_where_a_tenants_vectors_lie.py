"""A tenant may have a collection of its own, and is moved there and back step by step"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    for name, default in (("isolation", "shared"), ("home", "shared"), ("step", "")):
        op.add_column("tenants", sa.Column(name, sa.String(), nullable=False, server_default=default))
    op.add_column("tenants", sa.Column("moves", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    for name in ("moves", "step", "home", "isolation"):
        op.drop_column("tenants", name)
