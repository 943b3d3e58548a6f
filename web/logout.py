"""Logging out: the login ends here, the pages it has open close, and the browser is told how to end it at the provider too."""

from __future__ import annotations

from collections.abc import Mapping

from rooms.logins import Logins

from .oidc import OidcClient
from .schemas import LoggedOut
from .sessions import PatientSlot, StaffSlot, TellLoggedOut


class Logout:
    """Ends logins.

    Args:
        clients: by provider id.
        origin: where browsers find this server: a provider sends them back there.
        logged_out: told of each login that ends.
    """

    def __init__(
        self, logins: Logins, clients: Mapping[str, OidcClient], origin: str, logged_out: TellLoggedOut
    ) -> None:
        self._logins = logins
        self._clients = clients
        self._origin = origin
        self._logged_out = logged_out

    async def end(self, slot: StaffSlot | PatientSlot | None, *, back_to: str) -> LoggedOut:
        """End the login of a slot, if there is one. `back_to`: the page to come back to, a path."""
        if slot is None:
            return LoggedOut(continue_at=None)
        standing = await self._logins.stands(slot.login_id, slot.person_id)
        await self._logins.end(slot.login_id)
        self._logged_out(slot.login_id)
        client = self._clients.get(slot.provider_id)
        # A login that the provider has ended already needs no second end there.
        if client is None or not standing:
            return LoggedOut(continue_at=None)
        return LoggedOut(continue_at=await client.end_session_url(back_to=self._origin + back_to))
