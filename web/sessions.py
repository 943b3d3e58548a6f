"""The login cookie: who is logged in in this browser, by ids alone, encrypted.

One browser has three slots, staff, patient and guest, so that one can try every side in it. What the ids may do is read anew
on every request (see `access.py`). Logins on their way through a provider stand here too, a few at a time, each used once.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

from aiohttp import web
from aiohttp.typedefs import Middleware
from aiohttp_session import Session, get_session, session_middleware
from aiohttp_session.cookie_storage import EncryptedCookieStorage
from pydantic import BaseModel, ConfigDict, ValidationError

from rooms.launches import Launch

from .identity_providers import Role

MAX_PENDING = 4
"""Logins under way in one browser; the oldest gives way to a fifth, so the cookie stays far below 4,096 bytes."""

PENDING_SECONDS = 600
"""How long a provider may take before the login has to be begun anew, in seconds."""


TellLoggedOut = Callable[[str], None]
"""Told the id of a login that has ended, so that the pages it has open can be closed."""


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Slot(_Kept):
    """Somebody logged in. `login_id` is of this one login in this one browser, `provider_id` the way it came in by."""

    login_id: str
    person_id: str
    provider_id: str = ""


class LaunchedSlot(_Kept):
    """Where a practice system sent this browser, and who has to log in for it."""

    system_id: str
    clinic_id: str
    person_id: str
    patient_id: str | None
    begun_at: int

    @classmethod
    def of(cls, launch: Launch) -> LaunchedSlot:
        return cls(
            system_id=launch.system_id,
            clinic_id=launch.clinic_id,
            person_id=launch.person_id,
            patient_id=launch.patient_id,
            begun_at=int(time.time()),
        )


class StaffSlot(_Slot):
    """A staff member logged in; the clinic once entered, the practitioner once chosen; the launch that led here, if one did."""

    clinic_id: str | None = None
    practitioner_id: str | None = None
    launched: LaunchedSlot | None = None

    def outside(self) -> StaffSlot:
        """The same login, in no clinic."""
        return self.model_copy(update={"clinic_id": None, "practitioner_id": None, "launched": None})


class PatientSlot(_Slot):
    """A patient logged in."""


class GuestSlot(_Kept):
    """Somebody who has typed a guest's code in this browser. What they may do is read anew on every request."""

    guest_id: str


class PendingLogin(_Kept):
    """A login on its way through a provider: what has to come back, and what proves that it was begun here."""

    state: str
    nonce: str
    verifier: str
    provider_id: str
    role: Role
    begun_at: int
    launched: LaunchedSlot | None = None


def cookie_middleware(key: bytes, *, secure: bool, max_age_seconds: int) -> Middleware:
    """Reads and writes the cookie; `key` is 32 bytes."""
    storage = EncryptedCookieStorage(
        key,
        # The prefix makes browsers refuse the cookie without Secure and Path=/ (RFC 6265bis, section 4.1.3.2).
        cookie_name="__Host-venterum" if secure else "venterum",
        max_age=max_age_seconds,
        secure=secure,
        httponly=True,
        samesite="Lax",
    )
    return session_middleware(storage)


class Login:
    """The cookie of one request, as typed slots. What cannot be read any longer counts as not logged in."""

    def __init__(self, session: Session, clock: Callable[[], float] = time.time) -> None:
        self._session = session
        self._clock = clock

    @classmethod
    async def of(cls, request: web.Request) -> Login:
        return cls(await get_session(request))

    @property
    def staff(self) -> StaffSlot | None:
        return _read(StaffSlot, self._session.get("staff"))

    @staff.setter
    def staff(self, slot: StaffSlot | None) -> None:
        self._write("staff", slot)

    @property
    def patient(self) -> PatientSlot | None:
        return _read(PatientSlot, self._session.get("patient"))

    @patient.setter
    def patient(self, slot: PatientSlot | None) -> None:
        self._write("patient", slot)

    @property
    def guest(self) -> GuestSlot | None:
        return _read(GuestSlot, self._session.get("guest"))

    @guest.setter
    def guest(self, slot: GuestSlot | None) -> None:
        self._write("guest", slot)

    @property
    def launch(self) -> LaunchedSlot | None:
        """The launch that this browser has still to log in for; none once a login was begun for it, or it took too long."""
        slot = _read(LaunchedSlot, self._session.get("launch"))
        return slot if slot is not None and slot.begun_at >= self._clock() - PENDING_SECONDS else None

    @launch.setter
    def launch(self, slot: LaunchedSlot | None) -> None:
        self._write("launch", slot)

    def begin(self, login: PendingLogin) -> None:
        """Remember a login that is now sent to its provider."""
        self._session["pending"] = [*self._pending(), login.model_dump()][-MAX_PENDING:]

    def take(self, state: str) -> PendingLogin | None:
        """The login begun with `state`, which is used up by this; None when there is none, or it took too long."""
        pending = self._pending()
        self._session["pending"] = [entry for entry in pending if entry["state"] != state]
        found = next((entry for entry in pending if entry["state"] == state), None)
        return _read(PendingLogin, found)

    def _pending(self) -> list[dict[str, Any]]:
        kept = self._session.get("pending", [])
        oldest = self._clock() - PENDING_SECONDS
        readable = (_read(PendingLogin, entry) for entry in kept)
        return [entry.model_dump() for entry in readable if entry is not None and entry.begun_at >= oldest]

    def _write(self, name: str, slot: _Kept | None) -> None:
        if slot is not None:
            self._session[name] = slot.model_dump()
        elif name in self._session:
            del self._session[name]


_SlotKind = TypeVar("_SlotKind", bound=_Kept)


def _read(kind: type[_SlotKind], entry: object) -> _SlotKind | None:
    try:
        return None if entry is None else kind.model_validate(entry)
    except ValidationError:
        return None
