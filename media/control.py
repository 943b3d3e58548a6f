"""How a media node is driven: HTTP in the shape of WHIP (RFC 9725), authenticated by one secret that the processes share.

    POST   /rooms/{room}/participants/{participant}             offer in, 201 with the answer and a Location
    DELETE /rooms/{room}/participants/{participant}/legs/{leg}  what Location named: that leg leaves
    DELETE /rooms/{room}                                        the call is over
    GET    /rooms/{room}                                        who is connected

Both sides are here: `control_app` for the node's process, `NodeClient` for whoever places calls.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Awaitable, Callable
from http import HTTPStatus

import aiohttp
from aiohttp import web

from .errors import MalformedSdp, MediaError, NodeOverloaded, NodeUnavailable, NoSuchLeg, RoomFull
from .node import Joined, MediaNode

MAX_OFFER_BYTES = 64 * 1024
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_STATUS: dict[type[MediaError], HTTPStatus] = {
    MalformedSdp: HTTPStatus.UNPROCESSABLE_ENTITY,
    RoomFull: HTTPStatus.CONFLICT,
    NoSuchLeg: HTTPStatus.NOT_FOUND,
    NodeOverloaded: HTTPStatus.SERVICE_UNAVAILABLE,
    NodeUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
_ERRORS: dict[str, type[MediaError]] = {error.code: error for error in _STATUS}


def control_app(node: MediaNode, secret: str) -> web.Application:
    """The control interface of a node. `secret` is compared in constant time; without it every request is a 401."""

    @web.middleware
    async def authenticated(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or not hmac.compare_digest(given.encode(), secret.encode()):
            raise web.HTTPUnauthorized(headers={"WWW-Authenticate": "Bearer"})
        if not all(_ID.fullmatch(value) for value in request.match_info.values()):
            raise web.HTTPNotFound
        try:
            return await handler(request)
        except MediaError as error:
            body = {"code": error.code, "message": str(error)}
            if isinstance(error, MalformedSdp):
                body["what"] = error.what
            return web.json_response(body, status=_STATUS[type(error)])

    async def join(request: web.Request) -> web.Response:
        if request.content_type != "application/sdp":
            raise web.HTTPUnsupportedMediaType
        names = request.match_info
        joined = await node.join(names["room"], names["participant"], await request.text())
        return web.Response(
            status=HTTPStatus.CREATED,
            text=joined.answer,
            content_type="application/sdp",
            headers={"Location": f"{request.path}/legs/{joined.leg_id}"},
        )

    async def leave(request: web.Request) -> web.Response:
        names = request.match_info
        await node.leave(names["room"], names["participant"], names["leg"])
        return web.Response(status=HTTPStatus.NO_CONTENT)

    async def close_room(request: web.Request) -> web.Response:
        await node.close_room(request.match_info["room"])
        return web.Response(status=HTTPStatus.NO_CONTENT)

    async def who(request: web.Request) -> web.Response:
        return web.json_response({"connected": node.rooms().get(request.match_info["room"], ())})

    app = web.Application(client_max_size=MAX_OFFER_BYTES, middlewares=[authenticated])
    participant = "/rooms/{room}/participants/{participant}"
    app.router.add_post(participant, join)
    app.router.add_delete(participant + "/legs/{leg}", leave)
    app.router.add_delete("/rooms/{room}", close_room)
    app.router.add_get("/rooms/{room}", who)
    return app


class NodeClient:
    """Speaks to nodes by their control address, for instance `http://127.0.0.1:8081`. The session is the caller's to close."""

    def __init__(self, session: aiohttp.ClientSession, secret: str) -> None:
        self._session = session
        self._headers = {"Authorization": f"Bearer {secret}"}
        self._timeout = aiohttp.ClientTimeout(total=5)

    async def join(self, node_url: str, room_id: str, participant_id: str, offer: str) -> Joined:
        """Raises: MalformedSdp, RoomFull, NodeOverloaded, NodeUnavailable."""
        response, text = await self._request(
            "POST",
            f"{node_url}/rooms/{room_id}/participants/{participant_id}",
            data=offer.encode(),
            headers={"Content-Type": "application/sdp"},
        )
        return Joined(response.headers["Location"].rpartition("/")[2], text)

    async def leave(self, node_url: str, room_id: str, participant_id: str, leg_id: str) -> None:
        """Raises: NoSuchLeg, NodeUnavailable."""
        await self._request("DELETE", f"{node_url}/rooms/{room_id}/participants/{participant_id}/legs/{leg_id}")

    async def close_room(self, node_url: str, room_id: str) -> None:
        """Raises: NodeUnavailable."""
        await self._request("DELETE", f"{node_url}/rooms/{room_id}")

    async def _request(
        self, method: str, url: str, *, data: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[aiohttp.ClientResponse, str]:
        try:
            async with self._session.request(
                method, url, data=data, headers=self._headers | (headers or {}), timeout=self._timeout
            ) as response:
                text = await response.text()
                if response.ok:
                    return response, text
                raise await _error_of(response)
        except (aiohttp.ClientError, TimeoutError):
            raise NodeUnavailable from None


async def _error_of(response: aiohttp.ClientResponse) -> MediaError:
    """The refusal that a node answered with, as it was raised there."""
    if response.content_type != "application/json":
        return NodeUnavailable()
    body = await response.json()
    error = _ERRORS.get(body["code"], NodeUnavailable)
    return MalformedSdp(body["what"]) if error is MalformedSdp else error()
