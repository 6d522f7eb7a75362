"""`make up`: the embedded profile's web server and worker, supervised until Ctrl-C.

The children end with the supervisor, also when it is killed: on Linux the kernel tells them, and
each start ends what a killed one left. Rows that were under way are finished by the next worker.
"""

import fcntl
import os
import resource
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from typing import IO

import structlog
from django.conf import settings

from mangakg.orphans import end_with_parent, kill_marked

log = structlog.get_logger(__name__)

MARK = "MANGAKG_SUPERVISED"
_STOP_SECONDS = 10
_LOOK_SECONDS = 0.2
_RESTART_SECONDS = 1
_PORT_SECONDS = 3
# Files that a web process opens besides connections and bodies: databases, logs, libraries.
_OTHER_FILES = 256
_MANAGE = str(settings.BASE_DIR / "manage.py")


def take_over() -> IO[str] | None:
    """Become the only supervisor of this data folder and end what a killed one left.

    Returns the lock, which holds until it is closed; None where another supervisor lives.
    """
    folder = _run_folder()
    folder.mkdir(parents=True, exist_ok=True)
    lock = (folder / "supervisor.lock").open("a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        return None
    mark_file = folder / "supervised"
    if mark_file.exists():
        killed = kill_marked(f"{MARK}={mark_file.read_text()}")
        if killed:
            log.warning("supervisor.took_over", killed=killed)
    # No request is running now: these belong to requests that were killed.
    for received in Path(settings.FILE_UPLOAD_TEMP_DIR).glob("*"):
        received.unlink(missing_ok=True)
    return lock


def serve() -> int:
    """Run web and worker until SIGTERM or SIGINT; returns the exit status."""
    if not _wait_for_port():
        sys.stderr.write(f"Port {settings.PORT} is taken. Try another: PORT=8001 make up\n")
        return 1
    mark = secrets.token_hex(16)
    (_run_folder() / "supervised").write_text(mark)
    commands = {"web": web_command(), "worker": [sys.executable, _MANAGE, "work"]}
    stopping = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    children = {name: _start(command, mark) for name, command in commands.items()}
    while not stopping:
        time.sleep(_LOOK_SECONDS)
        for name, child in children.items():
            if child.poll() is not None and not stopping:
                log.error("process.ended", name=name, status=child.returncode)
                _kill_group(child)
                time.sleep(_RESTART_SECONDS)
                children[name] = _start(commands[name], mark)
    _stop(children)
    return 0


def web_command() -> list[str]:
    """Return granian's command line; the threads that run Django are those of `mangakg.rsgi`."""
    return [
        str(Path(sys.executable).with_name("granian")),
        "--interface", "rsgi", "--loop", "asyncio", "--http", "1", "--no-ws",
        "--host", settings.HOST, "--port", str(settings.PORT),
        "--workers", str(settings.WEB_PROCESSES), "--respawn-failed-workers",
        # Connections, not requests: each open browser holds some.
        "--backpressure", str(_connections()), "--backlog", "2048",
        "--log-level", "error", "--working-dir", str(settings.BASE_DIR),
        "--workers-kill-timeout", "5",
        "mangakg.rsgi:application",
    ]  # fmt: skip


def _connections() -> int:
    """Return how many connections a process may hold; each may have a file open too.

    It also raises the limit of open files, for the children too, to what the system allows.
    """
    wanted = settings.WEB_CONNECTIONS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = hard if hard != resource.RLIM_INFINITY else 2 * wanted + _OTHER_FILES
    soft = max(soft, min(2 * wanted + _OTHER_FILES, most))
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(min(wanted, (soft - _OTHER_FILES) // 2), 1)


def _start(command: list[str], mark: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 (every part of the command is ours)
        command,
        env=os.environ | {MARK: mark},
        preexec_fn=lambda: end_with_parent(signal.SIGTERM),  # noqa: PLW1509 (one thread here)
        start_new_session=True,
    )


def _stop(children: dict[str, subprocess.Popen[bytes]]) -> None:
    for child in children.values():
        child.terminate()
    until = time.monotonic() + _STOP_SECONDS
    for child in children.values():
        try:
            child.wait(timeout=max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            _kill_group(child)
            child.wait()


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    """End a child and what it started: a killed web server leaves processes that hold the port."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _run_folder() -> Path:
    return Path(settings.DATA_FOLDER) / "run"


def _wait_for_port() -> bool:
    until = time.monotonic() + _PORT_SECONDS
    while not _port_is_free():
        if time.monotonic() > until:
            return False
        time.sleep(_LOOK_SECONDS)
    return True


def _port_is_free() -> bool:
    with socket.socket(socket.AF_INET6 if ":" in settings.HOST else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.HOST, settings.PORT))
        except OSError:
            return False
    return True
