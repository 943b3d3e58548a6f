"""What the waiting room refuses, each refusal with a stable code; how they reach a peer is `web/`'s business.

    RoomsError
    ├── Refused            the command makes no sense as asked; nothing was changed
    │   ├── MalformedCpr, UnknownPerson, AlreadyPatient, PatientInConsultation, ListTooLong
    │   ├── MalformedAuthorisationId, PlaceholderAuthorisationId, DirectoryRowRefused
    │   ├── PracticeSystemExists, UnknownPracticeSystem, LaunchPersonUnknown, LaunchSpent
    │   ├── MalformedClinicIdentifier, MistypedSorId, UnknownClinic, NotStaffHere, DeclarationMissing
    │   ├── UnknownPractitioner, MessageInvalid, ExplanationInvalid
    │   ├── SettingsInvalid, SettingsChanged, QueueChanged
    │   ├── NoteInvalid, NoteChanged, NoteNotYours, NotesFull
    │   ├── ChatOff, MessagesFull, MessagesTooFast
    │   ├── TakenOver, ResumeTooLate, PatientBackInQueue, PatientRemoved
    │   ├── RecordingUnavailable, RecordingKeyMissing, RecordingUnderWay, ConsentChanged, NotInCallWithPatient
    │   ├── GuestCodeRefused, GuestNameInvalid, GuestsFull
    │   ├── PractitionersOnly, AlreadyStaff, LastPractitioner, UnknownStaff
    │   └── RoomClosed, AlreadyQueued, WrongState
    ├── NotFound           there is no such thing, or it belongs to another clinic (the two are told apart to nobody)
    └── StoreRefused       the store cannot be used as configured; for whoever starts the server
        └── StoreInUse     another process holds it

No message holds a CPR number or what somebody typed.
"""

from __future__ import annotations


class RoomsError(Exception):
    """A refusal. `code` is stable and on the wire; the text says what was wrong and what to do."""

    code = "refused"


class Refused(RoomsError):
    """The command cannot be carried out as asked."""


class NotFound(RoomsError):
    """Nothing by that id is visible to whoever asked."""

    code = "not_found"

    def __init__(self) -> None:
        super().__init__("There is nothing here by that id.")


class MalformedCpr(Refused):
    code = "cpr_malformed"

    def __init__(self) -> None:
        super().__init__("A CPR number is ten digits, DDMMYY-SSSS, and begins with a date that exists.")


class UnknownPerson(Refused):
    code = "person_unknown"

    def __init__(self) -> None:
        super().__init__("Nobody with that CPR number uses the app. Only users of the app can be added.")


class AlreadyPatient(Refused):
    code = "patient_exists"

    def __init__(self) -> None:
        super().__init__("That person is on the clinic's patient list already.")


class ListTooLong(Refused):
    code = "list_too_long"

    def __init__(self, most: int) -> None:
        super().__init__(f"A list has at most {most} rows. Split it.")


class PatientInConsultation(Refused):
    code = "patient_in_consultation"

    def __init__(self) -> None:
        super().__init__("The patient is in a consultation. End it before you remove the patient.")


class MalformedClinicIdentifier(Refused):
    code = "clinic_identifier_malformed"

    def __init__(self) -> None:
        super().__init__("Give the ydernummer (5 or 6 digits) or the whole SOR-ID (digits alone).")


class MistypedSorId(Refused):
    code = "sor_id_mistyped"

    def __init__(self) -> None:
        super().__init__("The SOR-ID's check digit does not match: a digit is mistyped. Give the exact SOR-ID.")


class MalformedAuthorisationId(Refused):
    code = "authorisation_id_malformed"

    def __init__(self) -> None:
        super().__init__("An authorisation ID is five digits and consonants.")


class PlaceholderAuthorisationId(Refused):
    code = "authorisation_id_placeholder"

    def __init__(self) -> None:
        super().__init__("That authorisation ID stands for having none. A person without one is an employee.")


class DirectoryRowRefused(Refused):
    """A file of the directory, or a row of one, that cannot be taken; `code` says which of the reasons."""

    def __init__(self, code: str, text: str) -> None:
        self.code = code
        super().__init__(text)


class PracticeSystemExists(Refused):
    code = "practice_system_exists"

    def __init__(self) -> None:
        super().__init__("A practice system of that name is registered already. Remove it first, or take another name.")


class UnknownPracticeSystem(Refused):
    code = "practice_system_unknown"

    def __init__(self) -> None:
        super().__init__("No practice system of that name is registered.")


class LaunchPersonUnknown(Refused):
    code = "launch_person_unknown"

    def __init__(self) -> None:
        super().__init__("Nobody with access to that clinic has that authorisation ID or professional id.")


class LaunchSpent(Refused):
    code = "launch_spent"

    def __init__(self) -> None:
        super().__init__("That address was used before, or its minute is over. Ask the practice system for a new one.")


class UnknownClinic(Refused):
    code = "clinic_unknown"

    def __init__(self) -> None:
        super().__init__("No clinic here has that ydernummer or SOR-ID.")


class NotStaffHere(Refused):
    code = "not_staff_here"

    def __init__(self) -> None:
        super().__init__("You have no access to that clinic. A practitioner of the clinic can give you access.")


class DeclarationMissing(Refused):
    code = "declaration_missing"

    def __init__(self) -> None:
        super().__init__("Accept the declaration as it reads now to go on.")


class UnknownPractitioner(Refused):
    code = "practitioner_unknown"

    def __init__(self) -> None:
        super().__init__("Pick one of the clinic's practitioners.")


class PractitionersOnly(Refused):
    code = "practitioners_only"

    def __init__(self) -> None:
        super().__init__("Only the clinic's practitioners may do that. Ask one of them.")


class AlreadyStaff(Refused):
    code = "already_staff"

    def __init__(self) -> None:
        super().__init__("That person has access to the clinic already.")


class LastPractitioner(Refused):
    code = "last_practitioner"

    def __init__(self) -> None:
        super().__init__("That is the clinic's last practitioner: without one, nobody could give access again.")


class UnknownStaff(Refused):
    code = "staff_unknown"

    def __init__(self) -> None:
        super().__init__("The directory knows nobody with that CPR number. The person must be registered first.")


class MessageInvalid(Refused):
    code = "message_invalid"

    def __init__(self, longest: int) -> None:
        super().__init__(f"A message is 1 to {longest} characters long.")


class ExplanationInvalid(Refused):
    code = "explanation_invalid"

    def __init__(self, longest: int) -> None:
        super().__init__(f"An explanation is 1 to {longest} characters long.")


class SettingsInvalid(Refused):
    code = "settings_invalid"

    def __init__(self, what: str) -> None:
        super().__init__(f"The settings cannot be used. {what}")


class SettingsChanged(Refused):
    code = "settings_changed"

    def __init__(self) -> None:
        super().__init__("Somebody else has changed the settings since. Look at them as they are now.")


class QueueChanged(Refused):
    code = "queue_changed"

    def __init__(self) -> None:
        super().__init__("The queue is another one than you were shown. Look whom it concerns now.")


class NoteInvalid(Refused):
    code = "note_invalid"

    def __init__(self, longest: int) -> None:
        super().__init__(f"A note is 1 to {longest} characters long.")


class NoteChanged(Refused):
    code = "note_changed"

    def __init__(self) -> None:
        super().__init__("The note has been edited since. Look at it as it is now, and bring the two together.")


class NoteNotYours(Refused):
    code = "note_not_yours"

    def __init__(self) -> None:
        super().__init__("Somebody else wrote that note. Write one of your own.")


class NotesFull(Refused):
    code = "notes_full"

    def __init__(self, most: int) -> None:
        super().__init__(f"A visit has at most {most} notes. Edit one of your own.")


class ChatOff(Refused):
    code = "chat_off"

    def __init__(self) -> None:
        super().__init__(
            "Nothing can be written here now: the visit is over, or the clinic takes no messages in the queue."
        )


class MessagesFull(Refused):
    code = "messages_full"

    def __init__(self, most: int) -> None:
        super().__init__(f"A visit has at most {most} messages. Telephone instead.")


class MessagesTooFast(Refused):
    code = "messages_too_fast"

    def __init__(self, most: int) -> None:
        super().__init__(f"At most {most} messages a minute. Wait a moment, and send it again.")


class TakenOver(Refused):
    """Names the practitioner who has the patient now."""

    code = "taken_over"

    def __init__(self, by: str | None) -> None:
        super().__init__(f"The patient is with {by or 'somebody else'} now.")


class ResumeTooLate(Refused):
    code = "resume_too_late"

    def __init__(self, minutes: int) -> None:
        super().__init__(f"A consultation can be resumed within {minutes} minutes of its end.")


class PatientBackInQueue(Refused):
    code = "patient_back_in_queue"

    def __init__(self) -> None:
        super().__init__("The patient is in the queue or in a consultation again. Go on there.")


class PatientRemoved(Refused):
    code = "patient_removed"

    def __init__(self) -> None:
        super().__init__("The patient is no longer on the clinic's patient list.")


class RecordingUnavailable(Refused):
    """Nothing can be kept just now: there is no place for recordings, or it cannot be written to."""

    code = "recording_unavailable"

    def __init__(self) -> None:
        super().__init__("Nothing can be recorded just now: there is no place to keep it. The call is not affected.")


class RecordingKeyMissing(Refused):
    code = "recording_key_missing"

    def __init__(self) -> None:
        super().__init__("The key for this recording is missing on the server. The call is not affected.")


class RecordingUnderWay(Refused):
    code = "recording_under_way"

    def __init__(self) -> None:
        super().__init__("A recording of this consultation is asked for or under way already.")


class GuestCodeRefused(Refused):
    code = "guest_code_refused"

    def __init__(self) -> None:
        super().__init__("There is no such code, or it holds no longer. Ask the clinic for a new one.")


class GuestNameInvalid(Refused):
    code = "guest_name_invalid"

    def __init__(self, longest: int) -> None:
        super().__init__(f"A guest's name is 1 to {longest} characters long.")


class GuestsFull(Refused):
    code = "guests_full"

    def __init__(self) -> None:
        super().__init__("As many guests as the call takes are invited or there already.")


class ConsentChanged(Refused):
    code = "consent_changed"

    def __init__(self) -> None:
        super().__init__("Those are not the words that the patient was asked with. Read them as they are now.")


class NotInCallWithPatient(Refused):
    code = "not_in_call_with_patient"

    def __init__(self) -> None:
        super().__init__("Only the practitioner who is in video with the patient can ask for a recording.")


class RoomClosed(Refused):
    code = "room_closed"

    def __init__(self) -> None:
        super().__init__("The waiting room is closed.")


class AlreadyQueued(Refused):
    code = "already_queued"

    def __init__(self) -> None:
        super().__init__("The patient is in this clinic's queue or in a consultation already.")


class WrongState(Refused):
    """A verb that the state table has no entry for; names both, and who got there first where that is known."""

    code = "wrong_state"

    def __init__(self, state: str, verb: str, by: str | None = None) -> None:
        self.state, self.verb, self.by = state, verb, by
        who = f" by {by}" if by else ""
        super().__init__(f"It cannot '{verb}': it is '{state}' already{who}.")


class StoreRefused(RoomsError):
    """The store cannot be used as configured. The message is for whoever starts the server, and names no address."""

    code = "store_refused"


class StoreInUse(StoreRefused):
    code = "store_in_use"

    def __init__(self) -> None:
        super().__init__(
            "Another process holds this store. Stop it first; several workers together need PostgreSQL and Redis."
        )
