"""A fragment of SDP with trickled candidates (RFC 8840), as WHIP's PATCH brings it: read, checked, and not needed. Pure.

The node finds a browser by its checks (`media/ice.py`), so a candidate changes nothing. What matters is which ICE session the
fragment is of: another one than the offer's would be an ICE restart.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

CONTENT_TYPE = "application/trickle-ice-sdpfrag"

_CANDIDATE = re.compile(
    r"a=candidate:[A-Za-z0-9+/]{1,32} [0-9]{1,3} [A-Za-z]{1,8} [0-9]{1,10} [0-9A-Za-z.:%-]{1,255} [0-9]{1,5}"
    r" typ (host|srflx|prflx|relay)( [!-~]+)*"
)
_OTHERS = re.compile(
    r"m=[!-~]+( [!-~]+)*|a=(end-of-candidates|ice-lite|(mid|ice-options|ice-pacing|group|rtcp-mux):?[ -~]*)"
)


class MalformedFragment(Exception):
    """It is no fragment of RFC 8840."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """Which ICE session a fragment is of, and how many candidates it brings."""

    ice_username: str
    ice_password: str
    candidates: int


def parse(text: str) -> Fragment:
    """Read a fragment.

    Raises:
        MalformedFragment: a line is none that such a fragment has, or the ICE user name or password is missing or ambiguous.
    """
    usernames, passwords, candidates = set[str](), set[str](), 0
    for line in text.splitlines():
        if line.startswith("a=ice-ufrag:"):
            usernames.add(line.partition(":")[2])
        elif line.startswith("a=ice-pwd:"):
            passwords.add(line.partition(":")[2])
        elif _CANDIDATE.fullmatch(line):
            candidates += 1
        elif line and not _OTHERS.fullmatch(line):
            raise MalformedFragment
    # One transport carries everything here, so every section of the fragment is of the same ICE session.
    if len(usernames) != 1 or len(passwords) != 1:
        raise MalformedFragment
    return Fragment(usernames.pop(), passwords.pop(), candidates)
