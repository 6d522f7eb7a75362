"""`make lint` runs all checks, and then names those that failed."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

BACKEND = Path(__file__).resolve().parent.parent
FRONTEND = BACKEND.parent / "frontend"
BIN = Path(sys.executable).parent
_AT_ONCE = 2
Command = Sequence[str | Path]


@dataclass(frozen=True)
class Check:
    """Commands that run one after the other, and must all succeed."""

    name: str
    commands: Sequence[Command]
    folder: Path = BACKEND

    def run(self, env: Mapping[str, str]) -> bool:
        """Run the commands until one fails, print the outcome, and return True if none failed."""
        started = time.monotonic()
        said = ""
        for command in self.commands:
            result = subprocess.run(
                command, cwd=self.folder, env=dict(env), capture_output=True, text=True, check=False
            )
            if result.returncode:
                said = f"\n{result.stdout}{result.stderr}"
                break
        took = f"({time.monotonic() - started:.1f} s)"
        print(f"{'FAIL' if said else 'ok  '} {self.name} {took}{said}", flush=True)
        return not said


def checks(scratch: Path) -> list[Check]:
    """Return all checks, the long ones first; files that they make go to `scratch`."""
    schema = scratch / "schema.yml"
    manage: Command = [sys.executable, "manage.py"]
    make_schema = [*manage, "spectacular", "--validate", "--fail-on-warn", "--file", schema]
    compare_schema: Command = ["diff", "-u", BACKEND / "schema.yml", schema]
    return [
        Check("mypy --strict", [[BIN / "mypy", "."]]),
        Check("web app: client, prettier, eslint, types", [["npm", "run", "-s", "lint"]], FRONTEND),
        Check("schema.yml is up to date", [make_schema, compare_schema]),
        Check("migrations", [[*manage, "makemigrations", "--check", "--dry-run"]]),
        Check("django check", [[*manage, "check", "--fail-level", "WARNING"]]),
        Check("imports", [[BIN / "lint-imports", "--no-cache"]]),
        Check("requirements match the lock", [[sys.executable, "-m", "tests.requirements"]]),
        Check("ruff check", [[BIN / "ruff", "check", "."]]),
        Check("ruff format", [[BIN / "ruff", "format", "--check", "."]]),
    ]


def main() -> int:
    """Run all checks, some at once; returns how many failed."""
    with tempfile.TemporaryDirectory(prefix="mangakg lint ") as data:
        env = os.environ | {
            "MANGAKG_DATA": data,
            "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}",
        }
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        wanted = checks(Path(data))
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            passed = list(pool.map(lambda check: check.run(env), wanted))
    print(f"{sum(passed)} checks passed, {len(passed) - sum(passed)} failed")
    return passed.count(False)


if __name__ == "__main__":
    sys.exit(main())
