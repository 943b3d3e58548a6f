"""Practice systems, the references that they give patients, their launches, and how far each has been told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from rooms.tables import Id, Moment

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "practice_systems",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key", sa.JSON(), nullable=False),
        sa.Column("webhook_url", sa.Text(), nullable=True),
        sa.Column("webhook_cpr", sa.Boolean(), nullable=False),
        sa.Column("added_at", Moment, nullable=False),
        sa.Column("removed_at", Moment, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_practice_systems")),
    )
    op.create_table(
        "practice_system_clinics",
        sa.Column("system_id", Id, nullable=False),
        sa.Column("clinic_id", Id, nullable=False),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f("fk_practice_system_clinics_clinic_id")),
        sa.ForeignKeyConstraint(
            ["system_id"], ["practice_systems.id"], name=op.f("fk_practice_system_clinics_system_id")
        ),
        sa.PrimaryKeyConstraint("system_id", "clinic_id", name=op.f("pk_practice_system_clinics")),
    )
    op.create_table(
        "practice_references",
        sa.Column("system_id", Id, nullable=False),
        sa.Column("patient_id", Id, nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_practice_references_patient_id")),
        sa.ForeignKeyConstraint(["system_id"], ["practice_systems.id"], name=op.f("fk_practice_references_system_id")),
        sa.PrimaryKeyConstraint("system_id", "patient_id", name=op.f("pk_practice_references")),
    )
    op.create_table(
        "webhook_cursors",
        sa.Column("system_id", Id, nullable=False),
        sa.Column("clinic_id", Id, nullable=False),
        sa.Column("last_event", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", Moment, nullable=True),
        sa.Column("lease_owner", sa.String(length=64), nullable=True),
        sa.Column("lease_until", Moment, nullable=True),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f("fk_webhook_cursors_clinic_id")),
        sa.ForeignKeyConstraint(["system_id"], ["practice_systems.id"], name=op.f("fk_webhook_cursors_system_id")),
        sa.PrimaryKeyConstraint("system_id", "clinic_id", name=op.f("pk_webhook_cursors")),
    )
    op.create_table(
        "launches",
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("system_id", Id, nullable=False),
        sa.Column("clinic_id", Id, nullable=False),
        sa.Column("person_id", Id, nullable=False),
        sa.Column("patient_id", Id, nullable=True),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("used_at", Moment, nullable=True),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f("fk_launches_clinic_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_launches_patient_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_launches_person_id")),
        sa.ForeignKeyConstraint(["system_id"], ["practice_systems.id"], name=op.f("fk_launches_system_id")),
        sa.PrimaryKeyConstraint("secret_hash", name=op.f("pk_launches")),
    )
    op.create_index(op.f("ix_launches_expires_at"), "launches", ["expires_at"], unique=False)
