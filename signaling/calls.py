"""Which media node holds which call, and who is connected in it; kept in the live store by the nodes' own heartbeats.

A node says every `HEARTBEAT_SECONDS` where it is and what it holds. A call is placed when the first participant offers, on the
least loaded node alive, and stays there; when that node is gone, the next offer places it anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Collection
from dataclasses import asdict, dataclass

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError, WatchError

from media.control import NodeClient
from media.errors import NodeOverloaded, NodeUnavailable
from media.node import Joined, MediaNode
from media.recording.news import Failure, RecordingNews, RecordingState
from media.slots import RoomState

from .bus import Bus, call_topic
from .errors import NoMediaNode
from .tasks import stop

HEARTBEAT_SECONDS = 2.0
NODE_EXPIRY_SECONDS = 8
CALL_EXPIRY_SECONDS = 24 * 3600

_NODES = "venterum:nodes"


@dataclass(frozen=True, slots=True)
class _Node:
    """What a node says of itself with each heartbeat. `rooms` has those in it where somebody only waits: they will be calls."""

    url: str
    rooms: int
    overloaded: bool


class Heartbeat:
    """Keeps one node's entry in the live store, until `close`.

    `changed` is for the node's `on_change`, `recording_changed` for its `on_recording`: what they say is written, then announced.
    """

    def __init__(self, redis: Redis, bus: Bus) -> None:
        self._redis = redis
        self._bus = bus
        self._untold: dict[str, RoomState] = {}
        self._untold_recordings: dict[str, RecordingNews] = {}
        self._writing = asyncio.Lock()
        self._something_to_tell = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._node_id = ""

    def changed(self, room_id: str, state: RoomState) -> None:
        """Say who is in a room now, and how. What has not been told yet is replaced: only the newest is of use."""
        self._untold[room_id] = state
        self._something_to_tell.set()

    def recording_changed(self, room_id: str, news: RecordingNews) -> None:
        """Say what there is to say of a room's recording now. What has not been told yet is replaced, as above."""
        self._untold_recordings[room_id] = news
        self._something_to_tell.set()

    async def start(self, node: MediaNode, control_url: str) -> None:
        """Register the node; returns when it can be found."""
        self._node_id = node.id
        await self._beat(node, control_url)
        self._tasks = [asyncio.create_task(self._keep(node, control_url)), asyncio.create_task(self._tell())]

    async def close(self) -> None:
        """Take the node's entry away. May be called twice."""
        tasks, self._tasks = self._tasks, []
        await stop(tasks)
        if tasks:
            with contextlib.suppress(RedisError, OSError):
                await self._redis.srem(_NODES, self._node_id)
                await self._redis.delete(_node_key(self._node_id))

    async def _keep(self, node: MediaNode, control_url: str) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            await self._beat(node, control_url)

    async def _beat(self, node: MediaNode, control_url: str) -> None:
        # What was true when this began must not be written after what has become true since.
        async with self._writing:
            await self._write(node, control_url)

    async def _write(self, node: MediaNode, control_url: str) -> None:
        rooms = node.states()
        with contextlib.suppress(RedisError, OSError):
            pipeline = self._redis.pipeline(transaction=False)
            entry = json.dumps(asdict(_Node(control_url, len(rooms), node.strain.overloaded)))
            pipeline.set(_node_key(node.id), entry, ex=NODE_EXPIRY_SECONDS)
            pipeline.sadd(_NODES, node.id)
            for room_id, state in rooms.items():
                pipeline.set(_room_key(room_id), json.dumps(state.as_json()), ex=NODE_EXPIRY_SECONDS)
                pipeline.set(_placed_key(room_id), node.id, ex=CALL_EXPIRY_SECONDS)
            for room_id, news in node.recordings().items():
                pipeline.set(_recording_key(room_id), json.dumps(asdict(news)), ex=NODE_EXPIRY_SECONDS)
            await pipeline.execute()

    async def _tell(self) -> None:
        while True:
            await self._something_to_tell.wait()
            self._something_to_tell.clear()
            while self._untold:
                room_id, state = self._untold.popitem()
                told = json.dumps(state.as_json())
                with contextlib.suppress(RedisError, OSError):
                    async with self._writing:
                        await self._redis.set(_room_key(room_id), told, ex=NODE_EXPIRY_SECONDS)
                self._bus.announce(call_topic(room_id))
            while self._untold_recordings:
                room_id, news = self._untold_recordings.popitem()
                expiry_s = CALL_EXPIRY_SECONDS if news.over else NODE_EXPIRY_SECONDS
                with contextlib.suppress(RedisError, OSError):
                    async with self._writing:
                        await self._redis.set(_recording_key(room_id), json.dumps(asdict(news)), ex=expiry_s)
                self._bus.announce(call_topic(room_id))


class Calls:
    """Places calls on nodes and speaks to the nodes about them."""

    def __init__(self, redis: Redis, client: NodeClient) -> None:
        self._redis = redis
        self._client = client
        self._log = structlog.get_logger("signaling.calls")

    async def join(
        self,
        visit_id: str,
        participant: str,
        offer: str,
        *,
        screen_mid: str | None = None,
        admitted: bool = True,
        companion: bool = False,
    ) -> Joined:
        """Have an offer answered by the node that holds the call, or by another when that one is gone.

        What the arguments mean is told by `MediaNode.join`.

        Raises:
            NoMediaNode: none is alive.
            NodeOverloaded: the call is a new one, and no node takes any just now.
            MalformedSdp, RoomFull: the node refused the offer.
        """
        refused: set[str] = set()
        for _ in range(2):
            node_id, url = await self._place(visit_id, refused)
            try:
                return await self._client.join(
                    url, visit_id, participant, offer, screen_mid=screen_mid, admitted=admitted, companion=companion
                )
            except NodeUnavailable:
                self._log.warning("node_unavailable", node=node_id)
                await self._forget(node_id)
            except NodeOverloaded:
                refused.add(node_id)
        raise NodeOverloaded if refused else NoMediaNode

    async def admit(self, visit_id: str, participant: str) -> None:
        """Open the gate for a participant who is connected only.

        Raises:
            NoSuchLeg: the participant is not there.
            NoMediaNode: no node holds the call, or the one that does is gone.
        """
        await self._ask(visit_id, self._client.admit, participant)

    async def put_out(self, visit_id: str, participant: str) -> None:
        """End whatever leg a participant has in the call. Raises NoSuchLeg, NoMediaNode."""
        await self._ask(visit_id, self._client.put_out, participant)

    async def share_screen(self, visit_id: str, participant: str) -> None:
        """Show everybody in the call the screen that a participant sends.

        Raises:
            NoSuchLeg: the participant is not there, or sends none.
            ScreenTaken: somebody else's is shared.
            NoMediaNode: no node holds the call, or the one that does is gone.
        """
        await self._ask(visit_id, self._client.share_screen, participant)

    async def stop_sharing(self, visit_id: str, participant: str) -> None:
        """Stop showing a participant's screen. Raises NoSuchLeg, NoMediaNode."""
        await self._ask(visit_id, self._client.stop_sharing, participant)

    async def _ask(self, visit_id: str, what: Callable[[str, str, str], Awaitable[None]], participant: str) -> None:
        url = await self._held_at(visit_id)
        if url is None:
            raise NoMediaNode
        try:
            await what(url, visit_id, participant)
        except NodeUnavailable:
            raise NoMediaNode from None

    async def record(self, visit_id: str, recording_id: str, key: bytes) -> None:
        """Let the node that holds the call record it; returns when the recorder has begun.

        Raises:
            NoSuchLeg: there is no such call on the node.
            AlreadyRecording, RecordingFailed: the node refused it.
            NoMediaNode: no node holds the call, or the one that does is gone.
        """
        url = await self._held_at(visit_id)
        if url is None:
            raise NoMediaNode
        try:
            await self._client.record(url, visit_id, recording_id, key)
        except NodeUnavailable:
            raise NoMediaNode from None

    async def stop_recording(self, visit_id: str) -> None:
        """Let the node stop recording the call; returns when the file is whole, or has failed.

        Raises:
            NoMediaNode: the node that holds the call does not answer, or nobody knows which one it is.
        """
        url = await self._held_at(visit_id)
        if url is None:
            raise NoMediaNode
        try:
            await self._client.stop_recording(url, visit_id)
        except NodeUnavailable:
            raise NoMediaNode from None

    async def recording(self, visit_id: str) -> RecordingNews | None:
        """What the node said last of the call's recording. None when there is none, when the node that made it has died,
        and when the live store does not answer."""
        try:
            entry = await self._redis.get(_recording_key(visit_id))
        except (RedisError, OSError):
            return None
        if not entry:
            return None
        found = json.loads(entry)
        reason = Failure(found["reason"]) if found["reason"] is not None else None
        return RecordingNews(found["recording_id"], RecordingState(found["state"]), reason)

    async def _held_at(self, visit_id: str) -> str | None:
        """The control address of the node that holds a call. Raises NoMediaNode when the live store does not answer."""
        try:
            node_id = await self._redis.get(_placed_key(visit_id))
            entry = await self._redis.get(_node_key(str(node_id))) if node_id else None
        except (RedisError, OSError):
            raise NoMediaNode from None
        return str(json.loads(entry)["url"]) if entry is not None else None

    async def end(self, visit_id: str) -> None:
        """Let the node close the call, if there is one. A node that does not answer ends it when the browsers go."""
        try:
            url = await self._held_at(visit_id)
            if url is not None:
                await self._client.close_room(url, visit_id)
            await self._redis.delete(_placed_key(visit_id), _room_key(visit_id))
        except (RedisError, OSError, NodeUnavailable, NoMediaNode) as error:
            self._log.warning("call_not_closed", visit=visit_id, error=type(error).__name__)

    async def room(self, visit_id: str) -> RoomState:
        """Who is connected to the relay in this call, and how; nobody when the live store does not answer."""
        try:
            entry = await self._redis.get(_room_key(visit_id))
        except (RedisError, OSError):
            return RoomState()
        return RoomState.from_json(json.loads(entry)) if entry else RoomState()

    async def state(self) -> str | None:
        """`overloaded` when no node takes a new call just now, else None. Raises NoMediaNode when none is alive."""
        nodes = await self._alive()
        if not nodes:
            raise NoMediaNode
        return "overloaded" if all(node.overloaded for node in nodes.values()) else None

    async def _alive(self) -> dict[str, _Node]:
        """Each node alive, by id."""
        try:
            ids = sorted(map(str, await self._redis.smembers(_NODES)))
            entries = await self._redis.mget([_node_key(i) for i in ids]) if ids else []
        except (RedisError, OSError):
            raise NoMediaNode from None
        return {i: _Node(**json.loads(entry)) for i, entry in zip(ids, entries, strict=True) if entry}

    async def _place(self, visit_id: str, refused: Collection[str] = ()) -> tuple[str, str]:
        nodes = await self._alive()
        if not nodes:
            raise NoMediaNode
        key = _placed_key(visit_id)
        try:
            async with self._redis.pipeline() as pipeline:
                while True:
                    await pipeline.watch(key)
                    held_by = str(await pipeline.get(key))
                    if held_by in nodes and held_by not in refused:
                        return held_by, nodes[held_by].url
                    free = [i for i, node in nodes.items() if not node.overloaded and i not in refused]
                    if not free:
                        raise NodeOverloaded
                    chosen = min(free, key=lambda i: nodes[i].rooms)
                    pipeline.multi()  # type: ignore[no-untyped-call]  # redis-py has no types for it
                    pipeline.set(key, chosen, ex=CALL_EXPIRY_SECONDS)
                    with contextlib.suppress(WatchError):  # somebody else placed it meanwhile: look again
                        await pipeline.execute()
                        return chosen, nodes[chosen].url
        except (RedisError, OSError):
            raise NoMediaNode from None

    async def _forget(self, node_id: str) -> None:
        with contextlib.suppress(RedisError, OSError):
            await self._redis.delete(_node_key(node_id))


def _node_key(node_id: str) -> str:
    return f"venterum:node:{node_id}"


def _placed_key(visit_id: str) -> str:
    return f"venterum:call:{visit_id}:node"


def _room_key(visit_id: str) -> str:
    return f"venterum:call:{visit_id}:room"


def _recording_key(visit_id: str) -> str:
    return f"venterum:call:{visit_id}:recording"
