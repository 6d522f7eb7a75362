"""`make up` and what it starts: one at a time, ended with it, replaced when they die."""

import fcntl
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from common.files.storages import Folder, media_storage, remove_drafts
from tests.processes.installation import BACKEND, SERIES, Installation
from tests.services import wait_for


def test_a_second_one_on_the_same_folder_is_refused(embedded: Installation) -> None:
    embedded.start()

    second = subprocess.run(
        [sys.executable, "manage.py", "up"],
        cwd=BACKEND, env=embedded.env | {"PORT": str(embedded.port + 1)},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip

    assert second.returncode == 1
    assert "runs already" in second.stderr
    with embedded.client() as anybody:  # the web answers before the worker does
        wait_for("the first one's worker", lambda: anybody.get("/readyz").json()["queue"] == "ok")
    embedded.stop()


def test_the_first_start_of_all_serves_the_stylesheets_of_the_admin(embedded: Installation) -> None:
    embedded.static = None  # nothing is collected yet
    embedded.start()

    with embedded.client() as anybody:
        sheets = re.findall(r'href="(/static/[^"]+\.css)"', anybody.get("/admin/login/").text)
        found = {anybody.get(sheet).status_code for sheet in sheets}

    assert found == {200}
    embedded.stop()


@pytest.mark.parametrize("words", ["granian", "manage.py work"])
def test_a_killed_child_is_replaced(embedded: Installation, words: str) -> None:
    embedded.start()
    before = set(embedded.pids_of(words))

    [main] = [pid for pid in before if parent_of(pid) not in before]
    os.kill(main, signal.SIGKILL)
    wait_for("another one", lambda: set(embedded.pids_of(words)) - before)

    def is_ready() -> bool:
        with embedded.client() as anybody:
            return anybody.get("/readyz").status_code == 200

    wait_for("the web server", embedded.answers)
    wait_for("readiness", is_ready)
    assert not before & set(embedded.pids_of(words))
    embedded.stop()
    wait_for("the end of every process", lambda: not embedded.pids_of(""))


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_half_an_upload_is_gone_after_a_kill(embedded: Installation) -> None:
    incoming = embedded.folder / "data" / "incoming"
    embedded.start()
    with embedded.client("uli") as uli:
        token = uli.headers["Authorization"]
    head = (
        f"POST /api/series/{SERIES}/chapters HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: {token}\r\nContent-Length: 50000000\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
        '--b\r\nContent-Disposition: form-data; name="file"; filename="1.zip"\r\n\r\n'
    )
    with socket.create_connection(("127.0.0.1", embedded.port)) as browser:
        browser.sendall(head.encode() + bytes(5_000_000))
        wait_for("the first bytes on the disk", embedded.incoming)

        embedded.kill(embedded.aim("everything"))

    embedded.start()
    assert list(incoming.iterdir()) == []
    embedded.stop()


def test_a_draft_goes_with_its_writer() -> None:
    storage = media_storage()
    assert isinstance(storage, Folder)
    drafts: Path = storage.drafts()
    drafts.mkdir(parents=True, exist_ok=True)
    left, written = drafts / "left", drafts / "written"
    left.write_bytes(b"half")

    with written.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        removed = remove_drafts()

    assert removed == 1
    assert list(drafts.iterdir()) == [written]
    assert remove_drafts() == 1
