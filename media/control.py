"""How a media node is driven: HTTP in the shape of WHIP (RFC 9725) and WHEP, by bearer token.

    POST   /rooms/{room}/participants/{participant}             offer in, 201 with the answer, a Location and an ETag
    PATCH  /rooms/{room}/participants/{participant}/legs/{leg}  what Location named: candidates (RFC 8840), which change nothing
    DELETE /rooms/{room}/participants/{participant}/legs/{leg}  that leg leaves
    OPTIONS of either                                           what they take (CORS)

So far for whoever has a peer's token (`media/tokens.py`): into one call that is there, under one name. For the processes' own
secret, besides:

    DELETE /rooms/{room}/participants/{participant}             put somebody out, by whatever leg
    PUT    /rooms/{room}/participants/{participant}/admission   let somebody in who has been connected only
    PUT    /rooms/{room}/participants/{participant}/screen      show everybody their screen; 409 when another's is shown
    DELETE /rooms/{room}/participants/{participant}/screen      stop showing it
    PUT    /rooms/{room}/recording                              record the call: {"recording": id, "key": base64}
    DELETE /rooms/{room}/recording                              stop recording; answered when its file is whole
    DELETE /rooms/{room}                                        the call is over
    GET    /rooms/{room}                                        who is connected, by which leg, and who is sent whom on which mid

What an offer does not say stands in headers beside it: `Venterum-Screen: {mid}` names the section for a shared screen,
`Venterum-Admitted: no` has the participant connected but not let in, `Venterum-Companion: yes` says that they join the two whose
consultation it is. Both sides are here: `control_app` for the node's process, `NodeClient` for whoever places calls.
"""

from __future__ import annotations

import base64
import hmac
import json
import re
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus

import aiohttp
from aiohttp import web

from . import tokens, trickle
from .errors import (
    AlreadyRecording,
    MalformedSdp,
    MediaError,
    NodeOverloaded,
    NodeUnavailable,
    NoSuchLeg,
    RecordingFailed,
    RoomFull,
    ScreenTaken,
    TooManyOffers,
)
from .negotiation import MAX_OFFER_BYTES
from .node import Joined, MediaNode
from .recording.news import Failure
from .slots import RoomState

SCREEN_HEADER = "Venterum-Screen"
ADMITTED_HEADER = "Venterum-Admitted"
COMPANION_HEADER = "Venterum-Companion"
_GRANT = web.RequestKey("grant", tokens.Grant)
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_STATUS: dict[type[MediaError], HTTPStatus] = {
    MalformedSdp: HTTPStatus.UNPROCESSABLE_ENTITY,
    RoomFull: HTTPStatus.CONFLICT,
    TooManyOffers: HTTPStatus.TOO_MANY_REQUESTS,
    ScreenTaken: HTTPStatus.CONFLICT,
    NoSuchLeg: HTTPStatus.NOT_FOUND,
    AlreadyRecording: HTTPStatus.CONFLICT,
    RecordingFailed: HTTPStatus.SERVICE_UNAVAILABLE,
    NodeOverloaded: HTTPStatus.SERVICE_UNAVAILABLE,
    NodeUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
_ERRORS: dict[str, type[MediaError]] = {error.code: error for error in _STATUS if error is not RecordingFailed}


_WHIP_METHODS = "POST, PATCH, DELETE, OPTIONS"
_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Location, ETag, Accept-Patch",
}
"""For pages of any origin: what lets somebody in is a token that the page itself has to send, never a cookie."""


def control_app(node: MediaNode, secret: str, clock: Callable[[], float] = time.time) -> web.Application:
    """The control interface of a node. `secret` is compared in constant time; without it or a token every request is a 401.

    `clock` is the time of day in seconds, for tokens.
    """

    @web.middleware
    async def authenticated(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if not all(_ID.fullmatch(value) for value in request.match_info.values()):
            raise web.HTTPNotFound
        if handler not in (what_is_taken_for_offers, what_is_taken_for_legs):
            _let_in(request, secret, clock(), by_token=handler in (join, patch, leave))
        try:
            return await handler(request)
        except MediaError as error:
            return _refusal(error)

    async def for_browsers(request: web.Request, response: web.StreamResponse) -> None:
        if "participant" in request.match_info:
            response.headers.update(_CORS)

    async def join(request: web.Request) -> web.Response:
        if request.content_type != "application/sdp":
            raise web.HTTPUnsupportedMediaType
        names, grant = request.match_info, request.get(_GRANT)
        if grant is not None and names["room"] not in node.rooms():
            raise NoSuchLeg
        joined = await node.join(
            names["room"],
            names["participant"],
            await request.text(),
            screen_mid=request.headers.get(SCREEN_HEADER),
            admitted=request.headers.get(ADMITTED_HEADER) != "no",
            companion=grant is not None or request.headers.get(COMPANION_HEADER) == "yes",
            publishes=grant is None or grant.publishes,
            subscribes=grant is None or grant.subscribes,
        )
        return web.Response(
            status=HTTPStatus.CREATED,
            text=joined.answer,
            content_type="application/sdp",
            headers={
                "Location": f"{request.path}/legs/{joined.leg_id}",
                "ETag": f'"{joined.leg_id}"',
                "Accept-Patch": trickle.CONTENT_TYPE,
            },
        )

    async def patch(request: web.Request) -> web.Response:
        """Take candidates (RFC 9725 section 4.3): a leg is one ICE session, and a restart is a new leg."""
        if request.content_type != trickle.CONTENT_TYPE:
            raise web.HTTPUnsupportedMediaType(headers={"Accept-Patch": trickle.CONTENT_TYPE})
        names = request.match_info
        ice = node.ice_of(names["room"], names["participant"], names["leg"])
        matches = request.headers.get("If-Match")
        if matches is None:
            raise web.HTTPPreconditionRequired(text="Send If-Match with the ETag that the offer was answered with.")
        try:
            fragment = trickle.parse(await request.text())
        except trickle.MalformedFragment:
            raise web.HTTPBadRequest(text="This is no fragment of SDP as in RFC 8840.") from None
        if (fragment.ice_username, fragment.ice_password) != ice:
            raise web.HTTPUnprocessableEntity(text="ICE is not restarted here: POST a new offer, and it takes over.")
        if not {"*", f'"{names["leg"]}"'} & {tag.strip() for tag in matches.split(",")}:
            raise web.HTTPPreconditionFailed(text="The ETag is of another ICE session.")
        return web.Response(status=HTTPStatus.NO_CONTENT)

    async def leave(request: web.Request) -> web.Response:
        names = request.match_info
        await node.leave(names["room"], names["participant"], names["leg"])
        return web.Response(status=HTTPStatus.NO_CONTENT)

    async def put_out(request: web.Request) -> web.Response:
        await node.leave(request.match_info["room"], request.match_info["participant"])
        return web.Response(status=HTTPStatus.NO_CONTENT)

    async def admit(request: web.Request) -> web.Response:
        node.admit(request.match_info["room"], request.match_info["participant"])
        return web.Response(status=HTTPStatus.NO_CONTENT)

    async def share_screen(request: web.Request) -> web.Response:
        node.share_screen(request.match_info["room"], request.match_info["participant"])
        return web.Response(status=HTTPStatus.NO_CONTENT)

    async def stop_sharing(request: web.Request) -> web.Response:
        node.stop_sharing(request.match_info["room"], request.match_info["participant"])
        return web.Response(status=HTTPStatus.NO_CONTENT)

    async def what_is_taken_for_offers(request: web.Request) -> web.Response:
        return _options({"Accept-Post": "application/sdp"})

    async def what_is_taken_for_legs(request: web.Request) -> web.Response:
        return _options({"Accept-Patch": trickle.CONTENT_TYPE})

    async def record(request: web.Request) -> web.Response:
        recording_id, key = _ordered(await request.text())
        await node.record(request.match_info["room"], recording_id, key)
        return web.Response(status=HTTPStatus.CREATED)

    async def stop_recording(request: web.Request) -> web.Response:
        await node.stop_recording(request.match_info["room"])
        return web.Response(status=HTTPStatus.NO_CONTENT)

    async def close_room(request: web.Request) -> web.Response:
        await node.close_room(request.match_info["room"])
        return web.Response(status=HTTPStatus.NO_CONTENT)

    async def who(request: web.Request) -> web.Response:
        return web.json_response(node.states().get(request.match_info["room"], RoomState()).as_json())

    app = web.Application(client_max_size=MAX_OFFER_BYTES, middlewares=[authenticated])
    app.on_response_prepare.append(for_browsers)
    participant = "/rooms/{room}/participants/{participant}"
    leg = participant + "/legs/{leg}"
    app.router.add_post(participant, join)
    app.router.add_options(participant, what_is_taken_for_offers)
    app.router.add_patch(leg, patch)
    app.router.add_delete(leg, leave)
    app.router.add_options(leg, what_is_taken_for_legs)
    app.router.add_delete(participant, put_out)
    app.router.add_put(participant + "/admission", admit)
    app.router.add_put(participant + "/screen", share_screen)
    app.router.add_delete(participant + "/screen", stop_sharing)
    app.router.add_put("/rooms/{room}/recording", record)
    app.router.add_delete("/rooms/{room}/recording", stop_recording)
    app.router.add_delete("/rooms/{room}", close_room)
    app.router.add_get("/rooms/{room}", who)
    return app


def _let_in(request: web.Request, secret: str, now_s: float, *, by_token: bool) -> None:
    """Whoever has the secret, and with `by_token` whoever has a token for the very call and name that are asked for.

    Raises HTTPUnauthorized or HTTPForbidden.
    """
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not given:
        raise web.HTTPUnauthorized(headers={"WWW-Authenticate": "Bearer"})
    if hmac.compare_digest(given.encode(), secret.encode()):
        return
    try:
        grant = tokens.read(secret, given, now_s=now_s)
    except tokens.TokenRefused:
        raise web.HTTPUnauthorized(headers={"WWW-Authenticate": 'Bearer error="invalid_token"'}) from None
    names = request.match_info
    if not by_token or (names["room"], names["participant"]) != (grant.room_id, grant.participant_id):
        raise web.HTTPForbidden(headers={"WWW-Authenticate": 'Bearer error="insufficient_scope"'})
    request[_GRANT] = grant


def _refusal(error: MediaError) -> web.Response:
    status = _STATUS[type(error)]
    body = {"code": error.code, "message": str(error)}
    if isinstance(error, MalformedSdp):
        body["what"] = error.what
    later = status in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS)
    return web.json_response(body, status=status, headers={"Retry-After": "2"} if later else None)


def _options(takes: dict[str, str]) -> web.Response:
    return web.Response(
        status=HTTPStatus.NO_CONTENT,
        headers=takes
        | {
            "Access-Control-Allow-Methods": _WHIP_METHODS,
            "Access-Control-Allow-Headers": "Authorization, Content-Type, If-Match",
            "Access-Control-Max-Age": "600",
        },
    )


def _ordered(body: str) -> tuple[str, bytes]:
    """Which recording to make, and its key. Raises HTTPUnprocessableEntity; a key that is none is the recorder's to refuse."""
    try:
        order = json.loads(body)
        recording_id, key = order["recording"], base64.b64decode(order["key"], validate=True)
    except (ValueError, KeyError, TypeError):
        raise web.HTTPUnprocessableEntity from None
    if not isinstance(recording_id, str) or not _ID.fullmatch(recording_id):
        raise web.HTTPUnprocessableEntity
    return recording_id, key


class NodeClient:
    """Speaks to nodes by their control address, for instance `http://127.0.0.1:8081`. The session is the caller's to close."""

    def __init__(self, session: aiohttp.ClientSession, secret: str) -> None:
        self._session = session
        self._headers = {"Authorization": f"Bearer {secret}"}
        self._timeout = aiohttp.ClientTimeout(total=5)
        self._recording_timeout = aiohttp.ClientTimeout(total=20)

    async def join(
        self,
        node_url: str,
        room_id: str,
        participant_id: str,
        offer: str,
        *,
        screen_mid: str | None = None,
        admitted: bool = True,
        companion: bool = False,
    ) -> Joined:
        """As `MediaNode.join`. Raises: MalformedSdp, RoomFull, TooManyOffers, NodeOverloaded, NodeUnavailable."""
        headers = {"Content-Type": "application/sdp"}
        if screen_mid is not None:
            headers[SCREEN_HEADER] = screen_mid
        if not admitted:
            headers[ADMITTED_HEADER] = "no"
        if companion:
            headers[COMPANION_HEADER] = "yes"
        response, text = await self._request(
            "POST",
            f"{node_url}/rooms/{room_id}/participants/{participant_id}",
            data=offer.encode(),
            headers=headers,
        )
        return Joined(response.headers["Location"].rpartition("/")[2], text)

    async def put_out(self, node_url: str, room_id: str, participant_id: str) -> None:
        """Raises: NoSuchLeg, NodeUnavailable."""
        await self._request("DELETE", f"{node_url}/rooms/{room_id}/participants/{participant_id}")

    async def admit(self, node_url: str, room_id: str, participant_id: str) -> None:
        """Raises: NoSuchLeg, NodeUnavailable."""
        await self._request("PUT", f"{node_url}/rooms/{room_id}/participants/{participant_id}/admission")

    async def share_screen(self, node_url: str, room_id: str, participant_id: str) -> None:
        """Raises: NoSuchLeg, ScreenTaken, NodeUnavailable."""
        await self._request("PUT", f"{node_url}/rooms/{room_id}/participants/{participant_id}/screen")

    async def stop_sharing(self, node_url: str, room_id: str, participant_id: str) -> None:
        """Raises: NoSuchLeg, NodeUnavailable."""
        await self._request("DELETE", f"{node_url}/rooms/{room_id}/participants/{participant_id}/screen")

    async def leave(self, node_url: str, room_id: str, participant_id: str, leg_id: str) -> None:
        """Raises: NoSuchLeg, NodeUnavailable."""
        await self._request("DELETE", f"{node_url}/rooms/{room_id}/participants/{participant_id}/legs/{leg_id}")

    async def record(self, node_url: str, room_id: str, recording_id: str, key: bytes) -> None:
        """Let the node record a call; returns when the recorder has begun. `key` is a data key of this recording alone.

        Raises: NoSuchLeg, AlreadyRecording, RecordingFailed, NodeUnavailable.
        """
        order = {"recording": recording_id, "key": base64.b64encode(key).decode()}
        await self._request(
            "PUT",
            f"{node_url}/rooms/{room_id}/recording",
            data=json.dumps(order).encode(),
            headers={"Content-Type": "application/json"},
            within=self._recording_timeout,
        )

    async def stop_recording(self, node_url: str, room_id: str) -> None:
        """Stop recording a call; returns when the file is whole, or has failed. Nothing happens when there is none.

        Raises: NodeUnavailable.
        """
        await self._request("DELETE", f"{node_url}/rooms/{room_id}/recording", within=self._recording_timeout)

    async def close_room(self, node_url: str, room_id: str) -> None:
        """Raises: NodeUnavailable."""
        await self._request("DELETE", f"{node_url}/rooms/{room_id}", within=self._recording_timeout)

    async def _request(
        self,
        method: str,
        url: str,
        *,
        data: bytes | None = None,
        headers: dict[str, str] | None = None,
        within: aiohttp.ClientTimeout | None = None,
    ) -> tuple[aiohttp.ClientResponse, str]:
        try:
            async with self._session.request(
                method, url, data=data, headers=self._headers | (headers or {}), timeout=within or self._timeout
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
    if body["code"] in set(Failure):
        return RecordingFailed(Failure(body["code"]))
    return MalformedSdp(body["what"]) if error is MalformedSdp else error()
