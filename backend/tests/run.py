"""`make test` runs every test, in both profiles where services answer, and measures coverage.

1. the embedded profile: SQLite and folders, with coverage; 2. the services profile: PostgreSQL,
Redis and S3, in a database and under a key prefix of this run's own; 3. real processes and
browsers, in both; 4. the web app's own tests, of its components in a Chromium. At the end it prints
what each part took, on the clock and of the processors.
What is given on the command line goes to pytest: `python -m tests.run -k upload`.
"""

import os
import resource
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
from pathlib import Path
from types import FrameType

from mangakg.orphans import kill_marked
from tests.profile import PUBLIC_BUCKET
from tests.services import (
    DATABASE_PREFIX,
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


class Tests:
    """The runs of pytest, one after the other."""

    def __init__(self, folder: Path, arguments: Sequence[str]) -> None:
        self.arguments = list(arguments)
        self.config = folder / "settings.ini"
        (folder / "data").mkdir()
        self.config.write_text(_coverage_settings(folder))
        self.results: dict[str, str] = {}
        self.has_failed = False

    def run(
        self, name: str, options: Sequence[str], env: Mapping[str, str], *, covers: bool = False
    ) -> None:
        """Run pytest once; a failure is remembered and the next run goes on."""
        print(f"\n=== {name}", flush=True)
        started, cpu_before = time.monotonic(), _cpu_seconds()
        coverage = ["--cov", f"--cov-config={self.config}", "--cov-report="] if covers else []
        command = [
            sys.executable, "-m", "pytest", "-q", *_TWO_AT_ONCE, *options, *coverage,
            *self.arguments,
        ]  # fmt: skip
        status = _run_to_its_end(command, env)
        self._take_note(name, started, cpu_before, passed=status in (0, _NOTHING_COLLECTED))

    def run_web_app(self, env: Mapping[str, str]) -> None:
        """Run the tests of the web app, which say what they leave out without a browser."""
        if self.arguments:
            return
        name = "web app"
        print(f"\n=== {name}", flush=True)
        started, cpu_before = time.monotonic(), _cpu_seconds()
        path = os.pathsep.join([str(Path(sys.executable).parent), env.get("PATH", "")])
        status = _run_to_its_end(["npm", "test"], {**env, "PATH": path}, folder=FRONTEND)
        self._take_note(name, started, cpu_before, passed=status == 0)

    def _take_note(self, name: str, started: float, cpu_before: float, *, passed: bool) -> None:
        self.has_failed |= not passed
        self.results[name] = (
            f"{'ok' if passed else 'FAILED'} ({_minutes(time.monotonic() - started)} min, "
            f"{_minutes(_cpu_seconds() - cpu_before)} of processors)"
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
        tests.run("embedded profile", outside_processes, plain, covers=True)
        if postgres and redis:
            with _own_services(postgres, redis, Path(folder), run=plain[RUN]) as services:
                options = ["-p", "tests.profile", *outside_processes]
                tests.run("services profile", options, plain | services)
        browsers = [] if has_browser else ["-m", "not e2e"]
        tests.run("real processes", [*in_processes, *browsers], plain)
        tests.run_web_app(plain)
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


def _cpu_seconds() -> float:
    """Return the processor seconds of all ended children and their children."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _minutes(seconds: float) -> str:
    return "{}:{:02}".format(*divmod(round(seconds), 60))


def _run_to_its_end(
    command: Sequence[str], env: Mapping[str, str], *, folder: Path = BACKEND
) -> int:
    """Run a command; when interrupted let it clean up, which `subprocess.run` would cut short.

    Processes that it left behind are killed with it: workers of pytest may be killed before they
    have cleaned up, and the processes that they started have sessions of their own.
    """
    child = subprocess.Popen(command, cwd=folder, env=dict(env))
    try:
        return child.wait()
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
        kill_marked(f"{RUN}={env[RUN]}")


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
