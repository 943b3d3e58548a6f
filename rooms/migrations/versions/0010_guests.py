"""Guests of consultations: their codes as keyed hashes, their names sealed, how each stands."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from rooms.tables import Id, Moment

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "guests",
        sa.Column("id", Id, nullable=False),
        sa.Column("clinic_id", Id, nullable=False),
        sa.Column("visit_id", Id, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("code_lookup", sa.LargeBinary(), nullable=True),
        sa.Column("code_until", Moment, nullable=False),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("invited_at", Moment, nullable=False),
        sa.Column("knocked_at", Moment, nullable=True),
        sa.Column("ended_at", Moment, nullable=True),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f("fk_guests_clinic_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visits.id"], name=op.f("fk_guests_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guests")),
        sa.UniqueConstraint("code_lookup", name=op.f("uq_guests_code_lookup")),
    )
    op.create_index(op.f("ix_guests_visit_id"), "guests", ["visit_id"], unique=False)
