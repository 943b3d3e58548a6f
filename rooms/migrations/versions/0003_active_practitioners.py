"""A practitioner can be deactivated, as an employee can."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("practitioners", sa.Column("active", sa.Boolean(), server_default=sa.true(), nullable=False))
