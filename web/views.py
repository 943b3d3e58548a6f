"""Records to the REST interface's types; those of the live pages too are made in `signaling/views.py`. Pure."""

from __future__ import annotations

from rooms.records import Clinic, Patient, Practitioner
from signaling.views import milliseconds

from .schemas import ClinicView, PatientView, PractitionerView


def clinic_view(clinic: Clinic) -> ClinicView:
    return ClinicView(
        id=clinic.id, name=clinic.name, phone=clinic.phone, ydernummer=clinic.ydernummer, sor_id=clinic.sor_id
    )


def practitioner_view(practitioner: Practitioner, person_id: str) -> PractitionerView:
    """A practitioner, as the person logged in sees them."""
    return PractitionerView(id=practitioner.id, name=practitioner.name, is_self=practitioner.person_id == person_id)


def patient_view(patient: Patient) -> PatientView:
    """A row of the clinic's patient list, CPR number and all; a child by that alone."""
    return PatientView(
        id=patient.id,
        name=None if patient.is_child else patient.name,
        cpr=patient.cpr.reveal(),
        added_at_ms=milliseconds(patient.added_at),
    )
