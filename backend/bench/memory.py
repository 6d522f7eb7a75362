"""Measures the peak memory of a worker and of a web process, with a large archive."""

import socket
import subprocess
import tempfile
import time
from pathlib import Path

from bench.archives import write_large_chapter
from bench.installation import Installation
from bench.processes import memory_bytes

MIB = 2**20
GOAL_MIB = 200
_BOUNDARY = "bench-boundary-7d1f0c"


def measure_memory(house: Installation, token: str, *, megabytes: int) -> list[str]:
    """Return two lines, each a peak above the same process when it is idle."""
    with tempfile.TemporaryDirectory(prefix="mangakg bench ") as name:
        archive = write_large_chapter(Path(name) / "large.zip", megabytes)
        size = archive.stat().st_size // MIB
        worker = _watch_worker(house, archive)
        web = _watch_web(house, archive, token)
    return [
        f"Memory with an archive of {size} MiB, pages of 12 megapixels",
        f"  worker and its decoder    {worker / MIB:6.0f} MiB above the idle worker"
        f", goal < {GOAL_MIB}{'' if worker < GOAL_MIB * MIB else '  MISSED'}",
        f"  web process, receiving    {web / MIB:6.0f} MiB above the idle process",
    ]


def _watch_worker(house: Installation, archive: Path) -> int:
    worker = house.start("worker", str(archive), "wait")
    if worker.stdin is None or worker.stdout is None:
        raise RuntimeError("the worker was started without pipes")
    worker.stdout.readline()
    idle = sum(memory_bytes(worker.pid, "VmRSS").values())
    worker.stdin.write("\n")
    worker.stdin.flush()
    peak = _peak_until(worker)
    if worker.wait() != 0:
        raise RuntimeError("the worker failed")
    return peak - idle


def _peak_until(worker: "subprocess.Popen[str]") -> int:
    """Return the highest sum of the memory of the worker and its children at one time."""
    peak = 0
    while worker.poll() is None:
        peak = max(peak, sum(memory_bytes(worker.pid, "VmRSS").values()))
        time.sleep(0.005)
    return peak


def _watch_web(house: Installation, archive: Path, token: str) -> int:
    with house.serve() as (pid, port):
        _send(port, token, archive, limit=0)
        idle = sum(memory_bytes(pid, "VmRSS").values())
        _send(port, token, archive, limit=archive.stat().st_size)
        return sum(memory_bytes(pid, "VmHWM").values()) - idle


def _send(port: int, token: str, archive: Path, *, limit: int) -> None:
    """Post the zip, or with a limit of 0 an empty one that is refused, and read the answer."""
    head = (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="number"\r\n\r\n'
        f"{time.time_ns() % 10**6}\r\n--{_BOUNDARY}\r\nContent-Disposition: form-data;"
        f' name="file"; filename="large.zip"\r\nContent-Type: application/zip\r\n\r\n'
    ).encode()
    tail = f"\r\n--{_BOUNDARY}--\r\n".encode()
    with socket.create_connection(("127.0.0.1", port)) as connection, archive.open("rb") as file:
        connection.sendall(
            f"POST /api/series/bench-uploads/chapters HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Bearer {token}\r\nConnection: close\r\n"
            f"Content-Type: multipart/form-data; boundary={_BOUNDARY}\r\n"
            f"Content-Length: {len(head) + limit + len(tail)}\r\n\r\n".encode()
            + head
        )
        if limit:
            connection.sendfile(file)
        connection.sendall(tail)
        status = connection.recv(100).split(b" ")[1]
    if status != (b"202" if limit else b"422"):
        raise RuntimeError(f"the upload was answered with {status.decode()}")
