"""Whom look-ups concern, and the installation's own chain of events."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from rooms.tables import Id, Moment

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_events_clinic_id_at", "events", ["clinic_id", "at"])
    op.create_index("ix_events_person_id", "events", ["person_id"])
    op.create_table(
        "event_subjects",
        sa.Column("clinic_id", Id, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("person_id", Id, nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id", "number"],
            ["events.clinic_id", "events.number"],
            name=op.f("fk_event_subjects_clinic_id_number"),
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_event_subjects_person_id")),
        sa.PrimaryKeyConstraint("clinic_id", "number", "person_id", name=op.f("pk_event_subjects")),
    )
    op.create_index(op.f("ix_event_subjects_person_id"), "event_subjects", ["person_id"])
    installation = op.create_table(
        "installation",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_event", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
    )
    op.bulk_insert(installation, [{"id": 1, "last_event": 0}])
    op.create_table(
        "installation_events",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("actor_person_id", Id, nullable=False),
        sa.Column("actor_role", sa.String(length=16), nullable=False),
        sa.Column("person_id", Id, nullable=True),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_installation_events")),
    )
