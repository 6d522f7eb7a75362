"""A large archive streams through every process: its size never shows in their memory."""

import io
import os
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from tests.processes.installation import SERIES, Installation
from tests.reader.archive_builders import make_chapter_zip

MIB = 2**20
ARCHIVE_BYTES = 200 * MIB


@pytest.fixture(scope="session")
def large_zip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noise that no format can squeeze: pages of some MB each, stored as they are."""
    picture = io.BytesIO()
    size = (2000, 3000)
    noise = Image.frombytes("RGB", size, os.urandom(size[0] * size[1] * 3))
    noise.save(picture, "JPEG", quality=92)
    path = tmp_path_factory.mktemp("large") / "large.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for number in range(1, ARCHIVE_BYTES // picture.tell() + 2):
            archive.writestr(f"{number:03}.jpg", picture.getvalue())
    return path


def test_a_large_archive_is_never_held_in_memory(
    installation: Installation, large_zip: Path
) -> None:
    installation.extra_env = {**installation.extra_env, "LEASE_SECONDS": "60"}  # none is killed
    installation.start()
    warm = installation.submit(make_chapter_zip(pages=2))
    installation.wait_for_state(warm, "awaiting_review")
    idle = peak_bytes(installation)

    with large_zip.open("rb") as file, installation.client("uli") as uli:
        answer = uli.post(
            f"/api/series/{SERIES}/chapters",
            data={"number": "2"},
            files={"file": ("large.zip", file)},
        )
    assert answer.status_code == 202, answer.text
    installation.wait_for_state(answer.json()["id"], "awaiting_review", seconds=600)

    grown = {
        name: round((peak - idle.get(name, 0)) / MIB)
        for name, peak in peak_bytes(installation).items()
    }
    print(f"{installation.profile}: {large_zip.stat().st_size // MIB} MiB grew MiB by {grown}")
    assert grown["web"] < 60, grown
    assert grown["worker"] < 150, grown
    installation.stop()


def peak_bytes(installation: Installation) -> dict[str, int]:
    """Return the highest resident memory so far of the web's and the worker's processes."""
    worker = "manage.py work" if installation.profile == "embedded" else "-n extraction@"
    return {"web": sum_of(installation, "granian"), "worker": sum_of(installation, worker)}


def sum_of(installation: Installation, words: str) -> int:
    total = 0
    for pid in installation.pids_of(words):
        status = Path(f"/proc/{pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        total += int(line.split()[1]) * 1024
    assert total, f"nothing runs {words}"
    return total
