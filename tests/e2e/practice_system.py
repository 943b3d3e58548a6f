"""A practice system that the tests register and let sign launches: as an operator and a vendor do it."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import aiohttp
from joserfc import jwt
from joserfc.jwk import ECKey

from .servers import Server, environment_of

FOR_ANNE = {"clinic": "101001", "authorisation_id": "0XDB1"}


class PracticeSystem:
    """Registered by the command line, as an operator does it; signs each request."""

    def __init__(self, server: Server, home: Path) -> None:
        self._server = server
        self._key = ECKey.generate_key("P-256")
        file = home / "epj.json"
        file.write_text(json.dumps(self._key.as_dict(private=False)))
        environment = environment_of(
            {
                "demo": "true",
                "http_port": server.url.rpartition(":")[2],
                "database_url": f"sqlite+aiosqlite:///{home / 'venterum.sqlite3'}",
                "key_file": str(home / "venterum.key"),
            }
        )
        command = [str(Path(sys.executable).with_name("venterum")), "practice-system", "add", "EPJ", "--jwk", str(file)]
        said = subprocess.run(
            [*command, "--clinics", "101001"], env=environment, capture_output=True, text=True, check=True
        )
        self._registered = dict(line.split(None, 1) for line in said.stdout.splitlines()[1:])

    async def launch(self, body: dict[str, Any]) -> str:
        """The address for the clinician's browser."""
        now = int(time.time())
        claims = {
            "iss": self._registered["issuer"].strip(),
            "aud": self._registered["audience"].strip(),
            "iat": now,
            "exp": now + 60,
            "jti": secrets.token_hex(8),
        }
        headers = {"Authorization": f"Bearer {jwt.encode({'alg': 'ES256'}, claims, self._key)}"}
        async with (
            aiohttp.ClientSession() as session,
            session.post(self._server.url + "/api/launches", json=body, headers=headers) as answer,
        ):
            assert answer.status == 201, await answer.text()
            return str((await answer.json())["url"])
