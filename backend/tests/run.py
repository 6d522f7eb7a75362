"""`make test` runs every test, in both profiles where services answer, and measures coverage.

1. the embedded profile: SQLite and folders, with coverage; 2. the services profile: PostgreSQL,
Redis and S3, in a database and under a key prefix of this run's own; beside these two 3. real
processes and browsers, in both, and 4. the web app's own tests, of its components in a Chromium.
Real processes wait for each other most of the time, and the others use the processors meanwhile.
At the end it prints what each part took, on the clock and of the processors.
What is given on the command line goes to pytest: `python -m tests.run -k upload`.
"""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from types import FrameType
from typing import IO

from mangakg.orphans import kill_marked
from tests.profile import PUBLIC_BUCKET
from tests.services import (
    DATABASE_PREFIX,
    FIRST_PORT,
    GIVEN_POSTGRES,
    GIVEN_REDIS,
    RUN,
    OwnS3,
    database_url,
    delete_objects,
    delete_redis_keys,
    drop_databases,
    find_postgres,
    find_redis,
    given_s3,
)

BACKEND = Path(__file__).resolve().parent.parent
FRONTEND = BACKEND.parent / "frontend"
MIN_COVERAGE = 90
_PROCESSES = ("tests/processes", "tests/attacks", "tests/e2e")
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_OF_SERVICES = ("DATABASE_URL", "REDIS_URL", "S3_", "MEDIA_BASE_URL", "STATIC_TO_S3")
_NOTHING_COLLECTED = 5
# Two workers share the tests; one that has none left takes some of the other's.
_TWO_AT_ONCE = ("-n", "2", "--dist", "worksteal")
_CLEAN_UP_SECONDS = 10
_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Part:
    """A command that runs tests."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    folder: Path = BACKEND


class Tests:
    """The parts of the run, and what became of them."""

    def __init__(self, folder: Path, arguments: Sequence[str]) -> None:
        self.arguments = list(arguments)
        self.folder = folder
        self.config = folder / "settings.ini"
        (folder / "data").mkdir()
        self.config.write_text(_coverage_settings(folder))
        self.results: dict[str, str] = {}
        self.has_failed = False

    def pytest(
        self, name: str, options: Sequence[str], env: Mapping[str, str], *, covers: bool = False
    ) -> Part:
        """Return a run of pytest."""
        coverage = ["--cov", f"--cov-config={self.config}", "--cov-report="] if covers else []
        command = [
            sys.executable, "-m", "pytest", "-q", *_TWO_AT_ONCE, *options, *coverage,
            *self.arguments,
        ]  # fmt: skip
        return Part(name, command, env)

    def web_app(self, env: Mapping[str, str]) -> list[Part]:
        """Return the tests of the web app, which say what they leave out without a browser."""
        path = os.pathsep.join([str(Path(sys.executable).parent), env.get("PATH", "")])
        part = Part("web app", ["npm", "test"], {**env, "PATH": path}, FRONTEND)
        return [] if self.arguments else [part]

    def run(self, part: Part) -> None:
        """Run a part to its end; a failure is remembered, and the next one goes on."""
        print(f"\n=== {part.name}", flush=True)
        self._take_note(part, *_run_to_its_end(part))

    @contextmanager
    def beside(self, parts: Sequence[Part]) -> Iterator[None]:
        """Run parts one after the other beside what is in the block; what each says comes at once.

        The block ends when they have ended.
        """
        stop = Event()

        def run_all() -> None:
            for part in parts:
                if stop.is_set():
                    break
                with (self.folder / "beside.log").open("w+") as said:
                    try:
                        self._take_note(part, *_run_to_its_end(part, said, stop))
                    except KeyboardInterrupt:
                        pass
                    finally:
                        said.seek(0)
                        print(f"\n\n=== {part.name} (beside)\n{said.read()}", flush=True)

        thread = Thread(target=run_all)
        thread.start()
        try:
            yield
            thread.join()
        except BaseException:
            stop.set()
            thread.join()
            raise
        self.has_failed |= any(part.name not in self.results for part in parts)

    def _take_note(self, part: Part, status: int, seconds: float, cpu_seconds: float) -> None:
        passed = status in (0, _NOTHING_COLLECTED)
        self.has_failed |= not passed
        self.results[part.name] = (
            f"{'ok' if passed else 'FAILED'} ({_minutes(seconds)} min, "
            f"{_minutes(cpu_seconds)} of processors)"
        )

    def report_coverage(self) -> None:
        """Print the lines that the embedded part has not covered; fail below the limit."""
        threshold = [] if self.arguments else [f"--fail-under={MIN_COVERAGE}"]
        report = subprocess.run(
            [sys.executable, "-m", "coverage", "report", *threshold, f"--rcfile={self.config}"],
            cwd=BACKEND, check=False,
        )  # fmt: skip
        if report.returncode:
            self.has_failed = True
            self.results["coverage"] = f"FAILED (under {MIN_COVERAGE} %)"


def main(arguments: Sequence[str]) -> int:
    """Run everything that this machine can; returns the exit status."""
    signal.signal(signal.SIGTERM, _interrupt)
    postgres, redis = find_postgres(), find_redis()
    has_browser = any(shutil.which(name) for name in _BROWSERS)
    plain = {
        name: value for name, value in os.environ.items() if not name.startswith(_OF_SERVICES)
    } | {GIVEN_POSTGRES: postgres or "", GIVEN_REDIS: redis or "", RUN: secrets.token_hex(4)}
    # Hundreds of processes are started; each would compile all that it imports.
    plain.pop("PYTHONDONTWRITEBYTECODE", None)
    in_processes = [path for path in _PROCESSES if (BACKEND / path).is_dir()]
    outside_processes = [f"--ignore={path}" for path in in_processes]

    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="mangakg test run "))
        plain["TEST_FOLDER"] = folder
        if postgres:
            stack.callback(drop_databases, postgres, f"{DATABASE_PREFIX}{plain[RUN]}")
        if redis:
            stack.callback(delete_redis_keys, redis, f"test-{plain[RUN]}")
        tests = Tests(Path(folder), arguments)
        browsers = [] if has_browser else ["-m", "not e2e"]
        # Their databases and keys are named after this run too, and their processes bear a mark of
        # their own, by which those that are left are killed when a part ends.
        marked = plain | {RUN: f"{plain[RUN]}p", FIRST_PORT: "22000"}
        processes = tests.pytest("real processes", [*in_processes, *browsers], marked)
        with tests.beside([processes, *tests.web_app(marked)]):
            tests.run(tests.pytest("embedded profile", outside_processes, plain, covers=True))
            if postgres and redis:
                with _own_services(postgres, redis, Path(folder), run=plain[RUN]) as services:
                    options = ["-p", "tests.profile", *outside_processes]
                    tests.run(tests.pytest("services profile", options, plain | services))
        tests.report_coverage()

    missing = {
        "no PostgreSQL answers": not postgres,
        "no Redis answers": not redis,
        "no Chromium is found": not has_browser,
        "no redis-server is installed to be killed": not shutil.which("redis-server"),
    }
    left_out = ", ".join(words for words, is_missing in missing.items() if is_missing)
    print(f"\n{'; '.join(f'{name}: {result}' for name, result in tests.results.items())}")
    print(f"Not covered here: {left_out or 'nothing'}.")
    return int(tests.has_failed)


def _minutes(seconds: float) -> str:
    return "{}:{:02}".format(*divmod(round(seconds), 60))


def _run_to_its_end(
    part: Part, output: IO[str] | None = None, stop: Event | None = None
) -> tuple[int, float, float]:
    """Run a part; returns its status, its seconds, and those of the processors that it took.

    When interrupted, or when `stop` is set, let it clean up, which `subprocess.run` would cut
    short. Processes that it left behind are killed with it: workers of pytest may be killed before
    they have cleaned up, and the processes that they started have sessions of their own.
    """
    started = time.monotonic()
    child = subprocess.Popen(
        part.command, cwd=part.folder, env=dict(part.env), stdout=output, stderr=output
    )
    try:
        while not (ended := os.wait4(child.pid, os.WNOHANG))[0]:
            if stop is not None and stop.is_set():
                raise KeyboardInterrupt  # as Ctrl-C does in the main thread
            time.sleep(_POLL_SECONDS)
    except KeyboardInterrupt:
        child.send_signal(signal.SIGINT)
        try:
            with suppress(subprocess.TimeoutExpired):
                child.wait(timeout=_CLEAN_UP_SECONDS)
        finally:
            child.kill()
            child.wait()
        raise
    finally:
        kill_marked(f"{RUN}={part.env[RUN]}")
    _pid, status, used = ended
    child.returncode = os.waitstatus_to_exitcode(status)
    return child.returncode, time.monotonic() - started, used.ru_utime + used.ru_stime


@contextmanager
def _own_services(postgres: str, redis: str, folder: Path, *, run: str) -> Iterator[dict[str, str]]:
    """Yield the variables of the services, and remove all that the tests leave in them."""
    # Django puts `test_` before the name; each of two workers appends its own name.
    database = f"mangakg_{run}"
    with ExitStack() as stack:
        s3 = given_s3()
        # A given bucket has an address of its own, at which its files are public.
        public = f"{s3['S3_ENDPOINT_URL']}/{s3['S3_BUCKET_MEDIA']}" if s3 else ""
        if s3 is None:
            own = stack.enter_context(OwnS3(folder / "s3"))
            s3, public = own.environment(), own.public_url
        stack.callback(delete_objects, s3, f"test-{run}")
        yield {
            **s3,
            PUBLIC_BUCKET: public,
            "REDIS_URL": redis,
            "DATABASE_URL": _without_waiting(database_url(postgres, database)),
            "SECRET_KEY": secrets.token_urlsafe(48),
            "MEDIA_NAME_KEY": secrets.token_urlsafe(48),
        }


def _without_waiting(url: str) -> str:
    """Return the address of a database that does not wait for the disk."""
    return f"{url}{'&' if '?' in url else '?'}options=-c+synchronous_commit%3Doff"


def _coverage_settings(folder: Path) -> str:
    """Return the project's coverage settings, which also measure processes that tests start."""
    project = tomllib.loads((BACKEND / "pyproject.toml").read_text())["tool"]["coverage"]
    indent = "\n    "
    lines = [
        "[run]",
        f"source ={indent}{indent.join(project['run']['source'])}",
        f"omit ={indent}{indent.join(project['run'].get('omit', []))}",
        f"data_file = {folder / 'data' / 'coverage'}",
        f"patch ={indent}subprocess{indent}_exit{indent}execv",
        "sigterm = true",
        "parallel = true",
        "[report]",
        "skip_covered = true",
        "show_missing = true",
    ]
    return "\n".join(lines) + "\n"


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit("Interrupted; databases, keys and files of the tests are removed.")
