"""What `web/` itself refuses, and the one place where a refusal of any package becomes an HTTP answer.

    WebError
    ├── Unreadable        400  the body is not JSON
    ├── NotLoggedIn       401
    ├── TokenRefused      401  a practice system's token does not hold
    ├── OriginRefused     403  another site's page asked
    ├── NotAtWork         409  logged in, but no practitioner is chosen yet
    ├── RecordingNotReady, RecordingUnplayable, RecordingDamaged        409
    ├── BodyTooLarge      413
    ├── DayInvalid        422
    ├── TooManyGuesses    429  a guest's code was wrong too often
    └── FieldsInvalid     422  the JSON is not what is taken there

No answer holds anything of what was sent, and none a traceback: what is unforeseen is logged under an opaque id, and the id is
all that goes out.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from pydantic import ValidationError

from rooms.errors import (
    ExplanationInvalid,
    GuestNameInvalid,
    ListTooLong,
    MalformedAuthorisationId,
    MalformedClinicIdentifier,
    MalformedCpr,
    MessageInvalid,
    MessagesTooFast,
    MistypedSorId,
    NoteInvalid,
    NotFound,
    PlaceholderAuthorisationId,
    PractitionersOnly,
    Refused,
    RoomsError,
    SettingsInvalid,
)
from signaling.errors import NotYourTurn
from signaling.messages import Wire

from .access_log import route_pattern
from .logs import get_logger
from .schemas import Error

MAX_BODY_BYTES = 64 * 1024
"""The largest request body taken, in bytes."""


class WebError(Exception):
    """A refusal by `web/` itself. `code` is stable and on the wire."""

    code = "refused"
    status = 400
    text = "The request was refused."

    def __init__(self, text: str | None = None) -> None:
        super().__init__(text or self.text)


class Unreadable(WebError):
    code = "unreadable"
    status = 400
    text = "The body could not be read. Send one JSON object as application/json."


class NotLoggedIn(WebError):
    code = "not_logged_in"
    status = 401
    text = "Log in first."


class TokenRefused(WebError):
    """A practice system's token does not hold; `reason` is a word for programs and people, and tells nothing of the token."""

    code = "token_refused"
    status = 401
    text = "Send a token signed with the registered key as Authorization: Bearer."

    def __init__(self, reason: str | None = None) -> None:
        super().__init__(f"{self.text} This one does not hold: {reason}." if reason else None)
        self.reason = reason


class OriginRefused(WebError):
    code = "origin_refused"
    status = 403
    text = "Requests from another site's pages are refused."


class NotAtWork(WebError):
    code = "practitioner_not_chosen"
    status = 409
    text = "Choose the practitioner you work for first."


class RecordingNotReady(WebError):
    code = "recording_not_ready"
    status = 409
    text = "The recording is being closed, or its films are being made. Try again in a moment."


class RecordingUnplayable(WebError):
    code = "recording_unplayable"
    status = 409
    text = "The recording holds nothing that can be played."


class RecordingDamaged(WebError):
    code = "recording_damaged"
    status = 409
    text = "The recording's files are damaged. Whoever runs the server finds out how with `venterum recording verify`."


class BodyTooLarge(WebError):
    code = "too_large"
    status = 413
    text = f"The body is larger than {MAX_BODY_BYTES} bytes."


class DayInvalid(WebError):
    code = "day_invalid"
    status = 422
    text = "A day is a date that exists, YYYY-MM-DD."


class TooManyGuesses(WebError):
    code = "too_many_guesses"
    status = 429
    text = "Too many codes were wrong. Wait ten minutes, and ask the clinic for a new one."


class FieldsInvalid(WebError):
    code = "fields_invalid"
    status = 422
    text = "The body does not have the fields that are taken here."


def fields_invalid(error: ValidationError, model: type[Wire]) -> WebError:
    """The refusal for a body that is not `model`: names the fields at fault, never what was in them."""
    if any(problem["type"] == "json_invalid" for problem in error.errors(include_input=False, include_url=False)):
        return Unreadable()
    at_fault = {
        str(problem["loc"][0]) if problem["loc"] and problem["loc"][0] in model.model_fields else "(no such field)"
        for problem in error.errors(include_input=False, include_url=False)
        if problem["loc"]
    }
    if not at_fault:
        return FieldsInvalid()
    return FieldsInvalid(f"{FieldsInvalid.text} At fault: {', '.join(sorted(at_fault))}.")


_MALFORMED = (
    ListTooLong,
    MalformedCpr,
    MalformedAuthorisationId,
    PlaceholderAuthorisationId,
    MalformedClinicIdentifier,
    MistypedSorId,
    MessageInvalid,
    ExplanationInvalid,
    SettingsInvalid,
    NoteInvalid,
    GuestNameInvalid,
)


def status_of(refusal: type[Exception]) -> int:
    """The HTTP status that a refusal is answered with: RFC 9110, section 15.5."""
    if issubclass(refusal, WebError):
        return refusal.status
    if issubclass(refusal, NotFound):
        return 404
    if issubclass(refusal, PractitionersOnly):
        return 403
    if issubclass(refusal, MessagesTooFast):
        return 429
    if issubclass(refusal, _MALFORMED):
        return 422
    if issubclass(refusal, (Refused, NotYourTurn)):
        return 409
    return 500


def answer(status: int, code: str, message: str) -> web.Response:
    """The body of every refusal, as JSON."""
    body = Error(code=code, message=message).model_dump_json()
    return web.Response(status=status, text=body, content_type="application/json")


_BY_STATUS = {404: "not_found", 405: "method_not_allowed", 413: BodyTooLarge.code}


def middleware(api_prefixes: Sequence[str] = ("/api/",)) -> Middleware:
    """Turns what handlers raise into answers; below `api_prefixes` aiohttp's own refusals too become JSON."""

    @web.middleware
    async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except TokenRefused as error:
            refusal = answer(error.status, error.code, str(error))
            refusal.headers["WWW-Authenticate"] = "Bearer"  # RFC 6750, section 3
            return refusal
        except WebError as error:
            return answer(error.status, error.code, str(error))
        except (RoomsError, NotYourTurn) as error:
            status = status_of(type(error))
            if status == 500:
                return _unforeseen(request, error)
            return answer(status, error.code, str(error))
        except web.HTTPException as error:
            if error.status < 400 or not request.path.startswith(tuple(api_prefixes)):
                raise
            code = _BY_STATUS.get(error.status, "refused")
            message = BodyTooLarge.text if error.status == 413 else error.reason
            refusal = answer(error.status, code, message)
            if "Allow" in error.headers:
                refusal.headers["Allow"] = error.headers["Allow"]
            return refusal
        except Exception as error:  # the last stop: a peer is told nothing but the id
            return _unforeseen(request, error)

    return errors


def _unforeseen(request: web.Request, error: Exception) -> web.Response:
    incident = secrets.token_hex(8)
    get_logger("web.errors").error("unforeseen", incident=incident, route=route_pattern(request), exc_info=error)
    return answer(
        500, "internal", f"Something went wrong here. Give this number to whoever runs the server: {incident}"
    )
