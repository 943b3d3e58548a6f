"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from rooms.tables import Id, Moment

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "clinics",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("ydernummer", sa.String(length=6), nullable=True),
        sa.Column("sor_id", sa.String(length=18), nullable=True),
        sa.Column("room", sa.String(length=16), nullable=False),
        sa.Column("open_message", sa.Text(), nullable=False),
        sa.Column("closed_message", sa.Text(), nullable=False),
        sa.Column("last_event", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clinics")),
        sa.UniqueConstraint("sor_id", name=op.f("uq_clinics_sor_id")),
        sa.UniqueConstraint("ydernummer", name=op.f("uq_clinics_ydernummer")),
    )
    op.create_table(
        "people",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("cpr_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("cpr_lookup", sa.LargeBinary(), nullable=False),
        sa.Column("app_user", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("cpr_lookup", name=op.f("uq_people_cpr_lookup")),
    )
    op.create_table(
        "declarations",
        sa.Column("clinic_id", Id, nullable=False),
        sa.Column("person_id", Id, nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("accepted_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f("fk_declarations_clinic_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_declarations_person_id")),
        sa.PrimaryKeyConstraint("clinic_id", "person_id", "version", name=op.f("pk_declarations")),
    )
    op.create_table(
        "employees",
        sa.Column("clinic_id", Id, nullable=False),
        sa.Column("person_id", Id, nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f("fk_employees_clinic_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_employees_person_id")),
        sa.PrimaryKeyConstraint("clinic_id", "person_id", name=op.f("pk_employees")),
    )
    op.create_index(op.f("ix_employees_person_id"), "employees", ["person_id"], unique=False)
    op.create_table(
        "events",
        sa.Column("clinic_id", Id, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("actor_person_id", Id, nullable=False),
        sa.Column("actor_role", sa.String(length=16), nullable=False),
        sa.Column("actor_practitioner_id", Id, nullable=True),
        sa.Column("visit_id", Id, nullable=True),
        sa.Column("person_id", Id, nullable=True),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f("fk_events_clinic_id")),
        sa.PrimaryKeyConstraint("clinic_id", "number", name=op.f("pk_events")),
    )
    op.create_table(
        "guardianships",
        sa.Column("guardian_id", Id, nullable=False),
        sa.Column("child_id", Id, nullable=False),
        sa.ForeignKeyConstraint(["child_id"], ["people.id"], name=op.f("fk_guardianships_child_id")),
        sa.ForeignKeyConstraint(["guardian_id"], ["people.id"], name=op.f("fk_guardianships_guardian_id")),
        sa.PrimaryKeyConstraint("guardian_id", "child_id", name=op.f("pk_guardianships")),
    )
    op.create_table(
        "logins",
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("person_id", Id, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_logins_person_id")),
        sa.PrimaryKeyConstraint("issuer", "subject", name=op.f("pk_logins")),
    )
    op.create_index(op.f("ix_logins_person_id"), "logins", ["person_id"], unique=False)
    op.create_table(
        "patients",
        sa.Column("id", Id, nullable=False),
        sa.Column("clinic_id", Id, nullable=False),
        sa.Column("person_id", Id, nullable=False),
        sa.Column("added_at", Moment, nullable=False),
        sa.Column("removed_at", Moment, nullable=True),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f("fk_patients_clinic_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_patients_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patients")),
    )
    op.create_index(op.f("ix_patients_person_id"), "patients", ["person_id"], unique=False)
    op.create_index(
        "uq_patients_present",
        "patients",
        ["clinic_id", "person_id"],
        unique=True,
        sqlite_where=sa.text("removed_at IS NULL"),
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_table(
        "practitioners",
        sa.Column("id", Id, nullable=False),
        sa.Column("clinic_id", Id, nullable=False),
        sa.Column("person_id", Id, nullable=False),
        sa.Column("authorisation_id", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f("fk_practitioners_clinic_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_practitioners_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_practitioners")),
        sa.UniqueConstraint("clinic_id", "person_id", name=op.f("uq_practitioners_clinic_id_person_id")),
    )
    op.create_index(op.f("ix_practitioners_person_id"), "practitioners", ["person_id"], unique=False)
    op.create_table(
        "visits",
        sa.Column("id", Id, nullable=False),
        sa.Column("clinic_id", Id, nullable=False),
        sa.Column("patient_id", Id, nullable=False),
        sa.Column("person_id", Id, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("joined_at", Moment, nullable=False),
        sa.Column("accepted_at", Moment, nullable=True),
        sa.Column("started_at", Moment, nullable=True),
        sa.Column("ended_at", Moment, nullable=True),
        sa.Column("practitioner_id", Id, nullable=True),
        sa.Column("explanation", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f("fk_visits_clinic_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_visits_patient_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_visits_person_id")),
        sa.ForeignKeyConstraint(["practitioner_id"], ["practitioners.id"], name=op.f("fk_visits_practitioner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visits")),
    )
    op.create_index("ix_visits_clinic_id_ended_at", "visits", ["clinic_id", "ended_at"], unique=False)
    op.create_index(op.f("ix_visits_patient_id"), "visits", ["patient_id"], unique=False)
    op.create_index(op.f("ix_visits_person_id"), "visits", ["person_id"], unique=False)
    op.create_index(op.f("ix_visits_state"), "visits", ["state"], unique=False)
    op.create_index(
        "uq_visits_open",
        "visits",
        ["clinic_id", "person_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('waiting', 'accepted', 'in_call')"),
        postgresql_where=sa.text("state IN ('waiting', 'accepted', 'in_call')"),
    )
