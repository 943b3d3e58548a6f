"""Recordings: who asked, who agreed to which words, how each stands, and its wrapped key."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from rooms.tables import Id, Moment

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "recordings",
        sa.Column("id", Id, nullable=False),
        sa.Column("clinic_id", Id, nullable=False),
        sa.Column("visit_id", Id, nullable=False),
        sa.Column("person_id", Id, nullable=False),
        sa.Column("practitioner_id", Id, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("asked_at", Moment, nullable=False),
        sa.Column("consent_version", sa.String(length=40), nullable=False),
        sa.Column("consent_da", sa.Text(), nullable=False),
        sa.Column("consent_en", sa.Text(), nullable=False),
        sa.Column("answered_at", Moment, nullable=True),
        sa.Column("answered_by", Id, nullable=True),
        sa.Column("consent_language", sa.String(length=8), nullable=True),
        sa.Column("consent_hash", sa.String(length=64), nullable=True),
        sa.Column("began_at", Moment, nullable=True),
        sa.Column("ended_at", Moment, nullable=True),
        sa.Column("stopped_by", sa.String(length=16), nullable=True),
        sa.Column("fault", sa.String(length=40), nullable=True),
        sa.Column("key_id", sa.String(length=32), nullable=True),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=True),
        sa.Column("length_ms", sa.Integer(), nullable=True),
        sa.Column("media_bytes", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", Moment, nullable=True),
        sa.Column("deleted_at", Moment, nullable=True),
        sa.Column("erased_at", Moment, nullable=True),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f("fk_recordings_clinic_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_recordings_person_id")),
        sa.ForeignKeyConstraint(["practitioner_id"], ["practitioners.id"], name=op.f("fk_recordings_practitioner_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visits.id"], name=op.f("fk_recordings_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recordings")),
    )
    op.create_index(op.f("ix_recordings_key_id"), "recordings", ["key_id"], unique=False)
    op.create_index(op.f("ix_recordings_state"), "recordings", ["state"], unique=False)
    op.create_index(op.f("ix_recordings_visit_id"), "recordings", ["visit_id"], unique=False)
    op.create_index("ix_recordings_clinic_id_asked_at", "recordings", ["clinic_id", "asked_at"], unique=False)
    op.create_index(
        "uq_recordings_open",
        "recordings",
        ["visit_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('asked', 'agreed', 'running')"),
        postgresql_where=sa.text("state IN ('asked', 'agreed', 'running')"),
    )
