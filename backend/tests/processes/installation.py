"""An installation with its real processes, in a folder of its own, for tests that kill them."""

import email
import email.policy
import os
import secrets
import signal
import sqlite3
import ssl
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import psycopg

from mangakg.orphans import find_marked, kill_marked
from tests.cast import PASSWORD
from tests.services import RUN, OwnS3, free_port, wait_for

BACKEND = Path(__file__).resolve().parent.parent.parent
BIN = Path(sys.executable).parent
SERIES = "naruto"
# Short, so that a killed worker's row is due again within the test.
LEASE_SECONDS = 5
_KEPT = ("PATH", "HOME", "TMPDIR", "LANG", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG", RUN)
# No test speaks to the sites themselves: nobody answers at this port.
_OUTSIDE = dict.fromkeys(
    ("ANILIST_GRAPHQL_URL", "MANGADEX_API_URL", "MANGADEX_REPORT_URL", "KITSU_API_URL"),
    "http://127.0.0.1:9",
)
_MARK = "MANGAKG_TESTED"
# Each TLS context reads all certificates of the machine, and none is needed here.
_TLS = ssl.create_default_context()


@dataclass
class Installation:
    """Starts and kills the processes of an installation; reads its HTTP, rows, files and logs."""

    profile: str
    folder: Path
    extra_env: Mapping[str, str] = field(default_factory=dict)
    s3: OwnS3 | None = None
    # Static files that were collected once; without it, `manage.py up` collects them.
    static: Path | None = None
    port: int = field(default_factory=free_port)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _mark: str = field(default_factory=lambda: secrets.token_hex(8))

    @property
    def env(self) -> dict[str, str]:
        """Return the environment of its processes, without that of the tests."""
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        return {
            **kept,
            "DJANGO_SETTINGS_MODULE": "mangakg.settings",
            "MANGAKG_DATA": str(self.folder / "data"),
            "PORT": str(self.port),
            "LEASE_SECONDS": str(LEASE_SECONDS),
            "THROTTLE_ANON": "off",
            "THROTTLE_USER": "off",
            "THROTTLE_UPLOAD": "off",
            "THROTTLE_AUTH": "off",
            **_OUTSIDE,
            **self.extra_env,
            _MARK: self._mark,
        }

    @property
    def commands(self) -> dict[str, list[str]]:
        """Return the commands that an operator starts in this profile."""
        manage = [sys.executable, str(BACKEND / "manage.py")]
        if self.profile == "embedded":
            return {"up": [*manage, "up"]}
        celery = [str(BIN / "celery"), "-A", "mangakg", "--quiet"]
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "INFO"]
        worker = [*celery, "worker", "-c", "1", *quiet]
        return {
            "web": [*manage, "web"],
            "worker": [*worker, "-n", "worker@%h", "-X", "extraction,variants,avatars,sources"],
            "extraction": [*worker, "-n", "extraction@%h", "-Q", "extraction"],
            "variants": [*worker, "-n", "variants@%h", "-Q", "variants,avatars"],
            "sources": [*worker, "-n", "sources@%h", "-Q", "sources", "-P", "threads"],
            "beat": [*celery, "beat", "-l", "INFO"],
        }

    # --- Processes ------------------------------------------------------------------------------

    def start(self, *names: str) -> None:
        """Start the commands that do not run, or only `names`, and wait until the web answers."""
        self._lay_out()
        for name, command in self.commands.items():
            if names and name not in names:
                continue
            running = self.processes.get(name)
            if running is not None and running.poll() is None:
                continue
            with (self.folder / f"{name}.log").open("ab") as log:
                self.processes[name] = subprocess.Popen(
                    command, cwd=BACKEND, env=self.env | {"PGAPPNAME": name},
                    stdout=log, stderr=log, start_new_session=True,
                )  # fmt: skip
        if not names or "web" in names or "up" in names:
            wait_for("the web server", self.answers, seconds=300)

    def _lay_out(self) -> None:
        data = self.folder / "data"
        data.mkdir(parents=True, exist_ok=True)
        if self.static is not None and not (data / "static").exists():
            (data / "static").symlink_to(self.static)

    def stop(self) -> None:
        """Send SIGTERM to all processes, as an orchestrator does, and wait until they end."""
        for process in self.processes.values():
            if process.poll() is None:
                process.terminate()
        for process in self.processes.values():
            process.wait(timeout=120)
        self.processes.clear()

    def pids_of(self, words: str) -> list[int]:
        """Return its processes whose command line holds `words`."""
        found = []
        for pid in find_marked(f"{_MARK}={self._mark}"):
            try:
                command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if words in command:
                found.append(pid)
        return found

    def incoming(self) -> list[str]:
        """Return the bodies that its web server keeps on the disk, in files without a name."""
        found = []
        for pid in self.pids_of("granian"):
            for link in Path(f"/proc/{pid}/fd").glob("*"):
                with suppress(FileNotFoundError):  # closed meanwhile
                    found.append(str(link.readlink()))
        return [name for name in found if name.startswith(f"{self.folder}/data/incoming/")]

    def decoders(self) -> set[int]:
        """Return the decoding processes under its workers (their environment is empty)."""
        own = set(self.pids_of(""))
        found = set()
        for status in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(status.read_text().rpartition(")")[2].split()[1])
                command = (status.parent / "cmdline").read_bytes()
            except OSError:
                continue
            if parent in own and b"decoding_child" in command:
                found.add(int(status.parent.name))
        return found

    def aim(self, victim: str) -> list[int]:
        """Return the processes of a worker, the supervisor or everything, to kill them."""
        match victim, self.profile:
            case "everything", _:
                doomed = self.pids_of("")
            case "worker" | "extraction", "embedded":
                doomed = self.pids_of("manage.py work")
            case "supervisor", "embedded":
                doomed = [self.processes["up"].pid]
            case _:
                doomed = [self.processes[victim].pid]
        assert doomed, f"no {victim} runs"
        return doomed

    def kill(self, doomed: list[int]) -> None:
        """Kill processes with SIGKILL."""
        for pid in doomed:
            with suppress(ProcessLookupError):  # went with its parent
                os.kill(pid, signal.SIGKILL)
        for process in self.processes.values():
            if process.pid in doomed:
                process.wait()

    def hold_storage(self) -> None:
        """Let each process store a dozen files more and then wait; first called before a start."""
        self.extra_env = {**self.extra_env, "DJANGO_SETTINGS_MODULE": "tests.processes.holding"}
        (self.folder / "data").mkdir(parents=True, exist_ok=True)
        self._hold.touch()

    def release_storage(self) -> None:
        """Let all held processes go on."""
        self._hold.unlink()

    @property
    def _hold(self) -> Path:
        return self.folder / "data" / "hold"

    def clean_up(self) -> None:
        """Kill all processes that the test left."""
        kill_marked(f"{_MARK}={self._mark}")
        for process in self.processes.values():
            process.wait()

    def run(self, *arguments: str) -> str:
        """Run one command of it to its end and return what it printed."""
        result = subprocess.run(
            [sys.executable, *arguments], cwd=BACKEND, env=self.env,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def logs(self) -> str:
        """Return the logs of its processes."""
        return "\n".join(path.read_text(errors="replace") for path in self.folder.glob("*.log"))

    def mails(self) -> list[EmailMessage]:
        """Return the mails that were written to files, the oldest first."""
        written = sorted((self.folder / "data" / "mail").glob("*.eml"))
        policy: Any = email.policy.default  # makes EmailMessages
        return [email.message_from_bytes(file.read_bytes(), policy=policy) for file in written]

    # --- HTTP -----------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """Return the address of its web server."""
        return f"http://127.0.0.1:{self.port}"

    def answers(self) -> bool:
        """Return True where the web server answers; fail where a process has ended."""
        try:
            answer = httpx.get(f"{self.url}/healthz", timeout=10, verify=_TLS)
            return answer.status_code == 200
        except httpx.HTTPError:
            for name, process in self.processes.items():
                assert process.poll() is None, f"{name} ended:\n{self.logs()}"
            return False

    def client(self, username: str | None = None) -> httpx.Client:
        """Return a client, logged in with the password form where a name is given."""
        client = httpx.Client(base_url=self.url, timeout=60, verify=_TLS)
        if username is not None:
            form = {"username": username, "password": PASSWORD}
            answer = httpx.post(f"{self.url}/api/auth/token", data=form, timeout=60, verify=_TLS)
            assert answer.status_code == 200, answer.text
            client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return client

    def submit(self, archive: bytes, *, number: int = 1) -> int:
        """Upload a chapter as Uli; returns the upload's id."""
        with self.client("uli") as uli:
            answer = uli.post(
                f"/api/series/{SERIES}/chapters",
                data={"number": str(number)},
                files={"file": ("chapter.zip", archive)},
            )
        assert answer.status_code == 202, answer.text
        return int(answer.json()["id"])

    # --- Rows and files -------------------------------------------------------------------------

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Return the rows of an SQL statement that both databases understand."""
        if self.profile == "embedded":
            address = f"file:{self.folder / 'data' / 'mangakg.sqlite3'}?mode=ro"
            connection = sqlite3.connect(address, uri=True, timeout=60)
            try:
                return connection.execute(statement).fetchall()
            finally:
                connection.close()
        with psycopg.connect(self.extra_env["DATABASE_URL"], autocommit=True) as server:
            return server.execute(statement.encode()).fetchall()

    def state_of(self, upload: int) -> str:
        """Return an upload's state."""
        [(state,)] = self.rows(f"SELECT state FROM reader_upload WHERE id = {upload}")
        return str(state)

    def wait_for_state(self, upload: int, state: str, *, seconds: float = 300) -> None:
        """Wait until an upload is in `state`; fail at once when it failed."""

        def reached() -> bool:
            now = self.state_of(upload)
            assert now != "failed" or state == "failed", self.logs()
            return now == state

        try:
            wait_for(f"{state} of upload {upload}", reached, seconds=seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.state_of(upload)}\n{self.logs()}") from error

    def stored(self, kind: str) -> set[str]:
        """Return the names of all files of `media` or `quarantine`, drafts included."""
        root = self.s3.folder / kind if self.s3 else self.folder / "data" / kind
        prefix = f"{self.extra_env.get('MANGAKG_INSTANCE', '')}/" if self.s3 else ""
        return {
            str((Path(folder) / file).relative_to(root)).removeprefix(prefix)
            for folder, _folders, files in os.walk(root)  # passes over what vanishes meanwhile
            for file in files
        }

    def approve(self, upload: int) -> subprocess.Popen[bytes]:
        """Start a process in which Mo approves an upload, without waiting for it."""
        command = [sys.executable, "-m", "tests.processes.approval", str(upload)]
        return subprocess.Popen(command, cwd=BACKEND, env=self.env)
