"""Notes for one's colleagues."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from rooms.tables import Id, Moment

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notes",
        sa.Column("id", Id, nullable=False),
        sa.Column("visit_id", Id, nullable=False),
        sa.Column("author_person_id", Id, nullable=False),
        sa.Column("text_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("written_at", Moment, nullable=False),
        sa.Column("edited_at", Moment, nullable=True),
        sa.ForeignKeyConstraint(["author_person_id"], ["people.id"], name=op.f("fk_notes_author_person_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visits.id"], name=op.f("fk_notes_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notes")),
    )
    op.create_index(op.f("ix_notes_visit_id"), "notes", ["visit_id"], unique=False)
