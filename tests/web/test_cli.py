"""The command line as a process: it serves, says who can log in, refuses a second one, and ends cleanly."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest
from aiohttp.test_utils import unused_port
from joserfc.jwk import ECKey

from media.tokens import Grant, read
from web.keys import InstallationKey

SAMPLES = Path(__file__).parent.parent / "rooms" / "directory"
VENTERUM = Path(sys.executable).with_name("venterum")
PATIENCE_SECONDS = 120


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Settings of one installation."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith("VENTERUM_")}
    return outside | {
        "VENTERUM_DEMO": "1",
        "VENTERUM_HTTP_PORT": str(unused_port()),
        "VENTERUM_DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/kept/venterum.sqlite3",
        "VENTERUM_KEY_FILE": f"{tmp_path}/kept/venterum.key",
    }


@contextmanager
def serving(environment: Mapping[str, str]) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server that has said where it is, and what it said."""
    with subprocess.Popen(
        [VENTERUM, "serve"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            said = ""
            while "Oskar" not in said:  # the last one named
                line = process.stdout.readline()
                assert line, f"it ended early, after: {said}"
                said += line
            yield process, said
        finally:
            process.kill()


def run(environment: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [VENTERUM, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_told_to_stop_and_ends_cleanly(environment: dict[str, str], number: signal.Signals) -> None:
    with serving(environment) as (process, said):
        address = f"http://127.0.0.1:{environment['VENTERUM_HTTP_PORT']}"
        assert f"{address}/patient" in said
        assert "101001" in said
        with urlopen(f"{address}/readyz") as answer:
            assert json.load(answer) == {
                "database": "ok",
                "live_store": "ok",
                "media_node": "ok",
                "recordings": "ok",
            }
        kept = list(Path(environment["VENTERUM_KEY_FILE"]).parent.iterdir())
        assert len(kept) >= 3
        assert all(file.stat().st_mode & 0o077 == 0 for file in kept)
        process.send_signal(number)
        assert process.wait(PATIENCE_SECONDS) == 0


@pytest.mark.parametrize(
    ("module", "unneeded"),
    [
        ("cli", {"pydantic", "sqlalchemy", "aiohttp", "aiortc"}),
        ("audit_commands", {"aiohttp", "aiortc", "alembic"}),
        ("directory_commands", {"aiohttp", "aiortc", "alembic"}),
        ("demo_commands", {"aiohttp", "aiortc", "alembic"}),
        ("practice_commands", {"aiohttp", "aiortc", "alembic"}),
        ("recording_commands", {"aiohttp", "aiortc", "alembic"}),
        ("serve_media", {"sqlalchemy", "authlib"}),
        ("serve", {"alembic"}),
    ],
)
def test_a_command_does_not_wait_for_what_it_has_no_use_for(module: str, unneeded: set[str]) -> None:
    program = f"import sys, web.{module}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert unneeded & set(run.stdout.split()) == set()


def test_a_second_server_on_the_same_embedded_store_is_refused(environment: dict[str, str]) -> None:
    with serving(environment):
        second = run(environment | {"VENTERUM_HTTP_PORT": str(unused_port())}, "serve")
        assert second.returncode == 1
        assert "PostgreSQL and Redis" in second.stderr.splitlines()[-1]
        assert "Traceback" not in second.stderr


def test_a_taken_port_is_told_in_one_line(environment: dict[str, str], tmp_path: Path) -> None:
    with serving(environment):
        second = run(environment | {"VENTERUM_DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/b.sqlite3"}, "serve")
        assert second.returncode == 1
        assert "address already in use" in second.stderr.splitlines()[-1]
        assert "Traceback" not in second.stderr


def test_the_demonstration_is_listed_before_and_after_it_is_loaded(environment: dict[str, str]) -> None:
    before = run(environment, "demo", "--json")
    loaded = run(environment, "demo", "--load", "--json")
    again = run(environment, "demo", "--load", "--json")
    assert before.returncode == loaded.returncode == again.returncode == 0, loaded.stderr
    assert before.stdout == loaded.stdout == again.stdout
    listed = json.loads(before.stdout)
    assert [clinic["ydernummer"] for clinic in listed["clinics"]] == ["101001", "202002"]
    assert [(each["role"], each["active"]) for each in listed["clinics"][0]["staff"]] == [
        ("practitioner", True),
        ("practitioner", True),
        ("employee", False),
    ]
    assert len([person for person in listed["people"] if "patient" in person["roles"]]) == 4
    assert "210984-3360" in run(environment, "demo").stdout


def test_a_token_for_a_device_is_printed_and_one_for_ever_is_not(environment: dict[str, str]) -> None:
    assert (
        run(environment, "media", "token", "--visit", "v", "--device", "d").returncode == 1
    )  # no key has been made yet
    assert run(environment, "demo", "--load").returncode == 0
    token = run(environment, "media", "token", "--visit", "v", "--device", "camera", "--only", "publish")
    key = InstallationKey.load(Path(environment["VENTERUM_KEY_FILE"]), create=False)
    grant = read(key.media_secret.hex(), token.stdout.strip(), now_s=time.time())
    assert grant == Grant("v", "device-camera", publishes=True, subscribes=False)
    refused = run(environment, "media", "token", "--visit", "v", "--device", "d", "--minutes", "1e6")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("venterum: a token holds for up to")


def test_the_directory_comes_in_from_files_beside_a_running_server(environment: dict[str, str]) -> None:
    files = sorted(str(path) for path in SAMPLES.glob("*.csv"))
    with serving(environment):
        dry = run(environment, "directory", "import", *files, "--dry-run")
        assert (dry.returncode, dry.stderr) == (0, "")
        assert dry.stdout.splitlines()[-1] == "Would be: 6 added, 1 changed, 0 removed, 0 kept."
        done = run(environment, "directory", "import", *files)
        assert "+ practitioner Sanne Øland of Øjenklinikken Ribe" in done.stdout.splitlines()
        assert run(environment, "directory", "import", *files).stdout == (
            "Done: 0 added, 0 changed, 0 removed, 0 kept.\n"
        )


def test_a_bad_row_is_told_without_what_stood_there(environment: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "app_users.csv"
    file.write_text("cpr;name\n310290-2222;Pia\n")
    refused = run(environment, "directory", "import", str(file))
    assert refused.returncode == 1
    assert refused.stderr.startswith("app_users.csv: line 2: A CPR number is ten digits")
    assert "310290" not in refused.stderr + refused.stdout
    assert run(environment, "directory", "import", str(tmp_path / "nothing.csv")).returncode == 1
    assert run(environment, "directory", "import", str(file), "--replace", "clinics").returncode == 2


def test_a_practice_system_is_registered_listed_and_removed(environment: dict[str, str], tmp_path: Path) -> None:
    assert run(environment, "demo", "--load").returncode == 0
    key = ECKey.generate_key("P-256")
    public, private = tmp_path / "public.json", tmp_path / "private.json"
    public.write_text(json.dumps(key.as_dict(private=False)))
    private.write_text(json.dumps(key.as_dict(private=True)))
    add = ("practice-system", "add", "EPJ", "--jwk", str(public), "--clinics", "101001")
    added = run(environment, *add, "--webhook", "https://epj.example/told")
    assert added.returncode == 0, added.stderr
    assert "whsec_" in added.stdout
    assert f"audience       http://127.0.0.1:{environment['VENTERUM_HTTP_PORT']}" in added.stdout
    listed = run(environment, "practice-system", "list").stdout
    assert "Øreklinikken Søborg (101001)" in listed
    assert "whsec_" not in listed
    for refused in (
        run(environment, *add),
        run(environment, *add, "--webhook", "http://epj.example/told"),
        run(environment, *add, "--webhook", "https://user:pass@epj.example/told"),
        run(environment, "practice-system", "add", "B", "--jwk", str(private), "--clinics", "101001"),
        run(environment, "practice-system", "add", "B", "--jwk", str(public), "--clinics", "909009"),
        run(environment, "practice-system", "remove", "B"),
    ):
        assert refused.returncode == 1
        assert "Traceback" not in refused.stderr
    assert run(environment, "practice-system", "remove", "EPJ").returncode == 0
    assert run(environment, "practice-system", "list").stdout == ""


def test_a_lost_key_beside_a_database_is_no_reason_to_make_another(environment: dict[str, str]) -> None:
    assert run(environment, "demo", "--load").returncode == 0
    key = Path(environment["VENTERUM_KEY_FILE"])
    assert key.stat().st_mode & 0o777 == 0o600
    key.unlink()
    served = run(environment | {"VENTERUM_DEMO": "0"}, "serve")
    assert served.returncode == 1
    assert "There is no installation key" in served.stderr
    assert not key.exists()


def test_a_setting_that_cannot_be_read_is_named_without_its_value(environment: dict[str, str]) -> None:
    failed = run(environment | {"VENTERUM_HTTP_PORT": "secret-by-mistake"}, "serve")
    assert failed.returncode == 1
    assert "VENTERUM_HTTP_PORT" in failed.stderr
    assert "secret-by-mistake" not in failed.stderr


def test_the_schema_has_every_message_and_every_body() -> None:
    schema = json.loads(run(os.environ, "schema").stdout)
    assert {"BoardMessage", "Offer", "Revoked", "StaffSession", "AddPatient", "Error"} <= schema["$defs"].keys()
    assert "Wire" not in schema["$defs"]
    assert "#/$defs/VisitView" in json.dumps(schema["$defs"]["BoardMessage"])
