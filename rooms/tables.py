"""The tables, the same on SQLite and PostgreSQL; what may happen to their rows is decided elsewhere.

A change here needs a migration beside it; a test compares the two.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
    true,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Moment(TypeDecorator[datetime]):
    """A timezone-aware UTC datetime, to the microsecond. SQLite keeps no zone, so it is taken off and put on again."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A moment has a time zone.")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Id(TypeDecorator[str]):
    """An opaque id. One that no id could be (PostgreSQL refuses NUL, SQLite takes it) is looked for as the empty one."""

    impl = String(64)
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return value if value is None or (value.isascii() and value.isprintable()) else ""


people = Table(
    "people",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("cpr_sealed", LargeBinary, nullable=False),
    Column("cpr_lookup", LargeBinary, nullable=False, unique=True),
    Column("app_user", Boolean, nullable=False),
)

logins = Table(
    "logins",
    metadata,
    Column("issuer", String(255), primary_key=True),
    Column("subject", String(255), primary_key=True),
    Column("person_id", Id, ForeignKey("people.id"), nullable=False, index=True),
)

standing_logins = Table(
    "standing_logins",
    metadata,
    Column("login_id", Id, primary_key=True),
    Column("person_id", Id, ForeignKey("people.id"), nullable=False),
    Column("issuer", String(255), nullable=False),
    Column("subject", String(255), nullable=False),
    Column("sid", String(255)),
    Column("begun_at", Moment, nullable=False),
    Column("until", Moment, nullable=False, index=True),
    Index("ix_standing_logins_issuer_subject", "issuer", "subject"),
    Index("ix_standing_logins_issuer_sid", "issuer", "sid"),
)

professional_ids = Table(
    "professional_ids",
    metadata,
    Column("professional_id", String(255), primary_key=True),
    Column("person_id", Id, ForeignKey("people.id"), nullable=False, index=True),
)

practice_systems = Table(
    "practice_systems",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("key", JSON, nullable=False),
    Column("webhook_url", Text),
    Column("webhook_cpr", Boolean, nullable=False),
    Column("added_at", Moment, nullable=False),
    Column("removed_at", Moment),
)

practice_system_clinics = Table(
    "practice_system_clinics",
    metadata,
    Column("system_id", Id, ForeignKey("practice_systems.id"), primary_key=True),
    Column("clinic_id", Id, ForeignKey("clinics.id"), primary_key=True),
)

practice_references = Table(
    "practice_references",
    metadata,
    Column("system_id", Id, ForeignKey("practice_systems.id"), primary_key=True),
    Column("patient_id", Id, ForeignKey("patients.id"), primary_key=True),
    Column("reference", Text, nullable=False),
)

webhook_cursors = Table(
    "webhook_cursors",
    metadata,
    Column("system_id", Id, ForeignKey("practice_systems.id"), primary_key=True),
    Column("clinic_id", Id, ForeignKey("clinics.id"), primary_key=True),
    Column("last_event", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Moment),
    Column("lease_owner", String(64)),
    Column("lease_until", Moment),
)

launches = Table(
    "launches",
    metadata,
    Column("secret_hash", String(64), primary_key=True),
    Column("system_id", Id, ForeignKey("practice_systems.id"), nullable=False),
    Column("clinic_id", Id, ForeignKey("clinics.id"), nullable=False),
    Column("person_id", Id, ForeignKey("people.id"), nullable=False),
    Column("patient_id", Id, ForeignKey("patients.id")),
    Column("expires_at", Moment, nullable=False, index=True),
    Column("used_at", Moment),
)

guardianships = Table(
    "guardianships",
    metadata,
    Column("guardian_id", Id, ForeignKey("people.id"), primary_key=True),
    Column("child_id", Id, ForeignKey("people.id"), primary_key=True),
)

clinics = Table(
    "clinics",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("phone", Text, nullable=False),
    Column("ydernummer", String(6), unique=True),
    Column("sor_id", String(18), unique=True),
    Column("room", String(16), nullable=False),
    Column("open_message", Text, nullable=False),
    Column("closed_message", Text, nullable=False),
    Column("last_event", Integer, nullable=False),
    Column("settings", JSON, nullable=False, server_default=text("'{}'")),
    Column("due_at", Moment, index=True),
)

practitioners = Table(
    "practitioners",
    metadata,
    Column("id", Id, primary_key=True),
    Column("clinic_id", Id, ForeignKey("clinics.id"), nullable=False),
    Column("person_id", Id, ForeignKey("people.id"), nullable=False, index=True),
    Column("authorisation_id", String(16), nullable=False),
    Column("active", Boolean, nullable=False, server_default=true()),
    UniqueConstraint("clinic_id", "person_id"),
)

employees = Table(
    "employees",
    metadata,
    Column("clinic_id", Id, ForeignKey("clinics.id"), primary_key=True),
    Column("person_id", Id, ForeignKey("people.id"), primary_key=True, index=True),
    Column("active", Boolean, nullable=False),
)

declarations = Table(
    "declarations",
    metadata,
    Column("clinic_id", Id, ForeignKey("clinics.id"), primary_key=True),
    Column("person_id", Id, ForeignKey("people.id"), primary_key=True),
    Column("version", String(40), primary_key=True),
    Column("accepted_at", Moment, nullable=False),
)

patients = Table(
    "patients",
    metadata,
    Column("id", Id, primary_key=True),
    Column("clinic_id", Id, ForeignKey("clinics.id"), nullable=False),
    Column("person_id", Id, ForeignKey("people.id"), nullable=False, index=True),
    Column("added_at", Moment, nullable=False),
    Column("removed_at", Moment),
)

Index(
    "uq_patients_present",
    patients.c.clinic_id,
    patients.c.person_id,
    unique=True,
    sqlite_where=text("removed_at IS NULL"),
    postgresql_where=text("removed_at IS NULL"),
)

visits = Table(
    "visits",
    metadata,
    Column("id", Id, primary_key=True),
    Column("clinic_id", Id, ForeignKey("clinics.id"), nullable=False),
    Column("patient_id", Id, ForeignKey("patients.id"), nullable=False, index=True),
    Column("person_id", Id, ForeignKey("people.id"), nullable=False, index=True),
    Column("state", String(16), nullable=False, index=True),
    Column("joined_at", Moment, nullable=False),
    Column("accepted_at", Moment),
    Column("started_at", Moment),
    Column("ended_at", Moment),
    Column("practitioner_id", Id, ForeignKey("practitioners.id")),
    Column("explanation", Text),
    Index("ix_visits_clinic_id_ended_at", "clinic_id", "ended_at"),
)

Index(
    "uq_visits_open",
    visits.c.clinic_id,
    visits.c.person_id,
    unique=True,
    sqlite_where=text("state IN ('waiting', 'accepted', 'in_call')"),
    postgresql_where=text("state IN ('waiting', 'accepted', 'in_call')"),
)

notes = Table(
    "notes",
    metadata,
    Column("id", Id, primary_key=True),
    Column("visit_id", Id, ForeignKey("visits.id"), nullable=False, index=True),
    Column("author_person_id", Id, ForeignKey("people.id"), nullable=False),
    Column("text_sealed", LargeBinary, nullable=False),
    Column("version", Integer, nullable=False),
    Column("written_at", Moment, nullable=False),
    Column("edited_at", Moment),
)

# `by` is a party: `clinic` or `patient`. `key` is the writer's own name for the message.
messages = Table(
    "messages",
    metadata,
    Column("id", Id, primary_key=True),
    Column("visit_id", Id, ForeignKey("visits.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("key", String(64), nullable=False),
    Column("by", String(16), nullable=False),
    Column("author_person_id", Id, ForeignKey("people.id")),
    Column("text_sealed", LargeBinary, nullable=False),
    Column("written_at", Moment, nullable=False),
    Column("read_at", Moment),
    UniqueConstraint("visit_id", "number"),
    UniqueConstraint("visit_id", "key"),
)

# `wrapped_key` is the recording's own key, wrapped by the one that `key_id` names; both go when the recording is deleted.
recordings = Table(
    "recordings",
    metadata,
    Column("id", Id, primary_key=True),
    Column("clinic_id", Id, ForeignKey("clinics.id"), nullable=False),
    Column("visit_id", Id, ForeignKey("visits.id"), nullable=False, index=True),
    Column("person_id", Id, ForeignKey("people.id"), nullable=False),
    Column("practitioner_id", Id, ForeignKey("practitioners.id"), nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("asked_at", Moment, nullable=False),
    Column("consent_version", String(40), nullable=False),
    Column("consent_da", Text, nullable=False),
    Column("consent_en", Text, nullable=False),
    Column("answered_at", Moment),
    Column("answered_by", Id),
    Column("consent_language", String(8)),
    Column("consent_hash", String(64)),
    Column("began_at", Moment),
    Column("ended_at", Moment),
    Column("stopped_by", String(16)),
    Column("fault", String(40)),
    Column("key_id", String(32), index=True),
    Column("wrapped_key", LargeBinary),
    Column("length_ms", Integer),
    Column("media_bytes", BigInteger),
    Column("closed_at", Moment),
    Column("deleted_at", Moment),
    Column("erased_at", Moment),
    Index("ix_recordings_clinic_id_asked_at", "clinic_id", "asked_at"),
)

Index(
    "uq_recordings_open",
    recordings.c.visit_id,
    unique=True,
    sqlite_where=text("state IN ('asked', 'agreed', 'running')"),
    postgresql_where=text("state IN ('asked', 'agreed', 'running')"),
)

events = Table(
    "events",
    metadata,
    Column("clinic_id", Id, ForeignKey("clinics.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("actor_person_id", Id, nullable=False),
    Column("actor_role", String(16), nullable=False),
    Column("actor_practitioner_id", Id),
    Column("visit_id", Id),
    Column("person_id", Id),
    Column("data", JSON, nullable=False),
    Column("hash", String(64), nullable=False),
    Index("ix_events_clinic_id_at", "clinic_id", "at"),
    Index("ix_events_person_id", "person_id"),
)

# Whom an event that shows many concerns, for finding it; the event's own data says the same, and is in the chain.
event_subjects = Table(
    "event_subjects",
    metadata,
    Column("clinic_id", Id, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("person_id", Id, ForeignKey("people.id"), primary_key=True, index=True),
    ForeignKeyConstraint(["clinic_id", "number"], ["events.clinic_id", "events.number"]),
)

# The chain of what belongs to no clinic: logins and failures. One row says how long it is.
installation = Table(
    "installation",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("last_event", Integer, nullable=False),
)

installation_events = Table(
    "installation_events",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("actor_person_id", Id, nullable=False),
    Column("actor_role", String(16), nullable=False),
    Column("person_id", Id),
    Column("data", JSON, nullable=False),
    Column("hash", String(64), nullable=False),
)

# `code_lookup` is there while the code can be used; `name_sealed` once a name has been typed.
guests = Table(
    "guests",
    metadata,
    Column("id", Id, primary_key=True),
    Column("clinic_id", Id, ForeignKey("clinics.id"), nullable=False),
    Column("visit_id", Id, ForeignKey("visits.id"), nullable=False, index=True),
    Column("state", String(16), nullable=False),
    Column("code_lookup", LargeBinary, unique=True),
    Column("code_until", Moment, nullable=False),
    Column("name_sealed", LargeBinary),
    Column("invited_at", Moment, nullable=False),
    Column("knocked_at", Moment),
    Column("ended_at", Moment),
)
