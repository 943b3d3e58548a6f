"""The waiting room: clinics, staff, patients' access, visits, the event log, and every rule about them."""
