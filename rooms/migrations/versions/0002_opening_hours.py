"""Each clinic's own settings, and the first opening or closing by the clock that is still to be applied."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from rooms.schedule import Schedule, next_boundary
from rooms.tables import Moment

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not in a batch: on SQLite that makes the table anew, and the old one cannot be dropped while others' rows refer to it.
    op.add_column("clinics", sa.Column("settings", sa.JSON(), nullable=False, server_default=sa.text("'{}'")))
    op.add_column("clinics", sa.Column("due_at", Moment, nullable=True))
    op.create_index(op.f("ix_clinics_due_at"), "clinics", ["due_at"])
    # Clinics that are there already begin to follow the usual hours at the next boundary.
    following = next_boundary(Schedule(), datetime.now(UTC))
    rows = sa.table("clinics", sa.column("due_at", Moment))
    op.execute(rows.update().values(due_at=None if following is None else following.at))
