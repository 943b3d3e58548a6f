"""The logins that stand, and people's ids as employees."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from rooms.tables import Id, Moment

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "standing_logins",
        sa.Column("login_id", Id, nullable=False),
        sa.Column("person_id", Id, nullable=False),
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("sid", sa.String(length=255), nullable=True),
        sa.Column("begun_at", Moment, nullable=False),
        sa.Column("until", Moment, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_standing_logins_person_id")),
        sa.PrimaryKeyConstraint("login_id", name=op.f("pk_standing_logins")),
    )
    op.create_index("ix_standing_logins_issuer_sid", "standing_logins", ["issuer", "sid"], unique=False)
    op.create_index("ix_standing_logins_issuer_subject", "standing_logins", ["issuer", "subject"], unique=False)
    op.create_index(op.f("ix_standing_logins_until"), "standing_logins", ["until"], unique=False)
    op.create_table(
        "professional_ids",
        sa.Column("professional_id", sa.String(length=255), nullable=False),
        sa.Column("person_id", Id, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_professional_ids_person_id")),
        sa.PrimaryKeyConstraint("professional_id", name=op.f("pk_professional_ids")),
    )
    op.create_index(op.f("ix_professional_ids_person_id"), "professional_ids", ["person_id"], unique=False)
