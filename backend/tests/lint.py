"""`make lint`: every rule that a machine can hold; all are run, then the broken ones are named."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BACKEND = Path(__file__).resolve().parent.parent
FRONTEND = BACKEND.parent / "frontend"
BIN = Path(sys.executable).parent


def _run(name: str, command: list[str | Path], folder: Path, env: dict[str, str]) -> bool:
    started = time.monotonic()
    result = subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    passed = result.returncode == 0
    print(f"{'ok  ' if passed else 'FAIL'} {name} ({time.monotonic() - started:.1f} s)", flush=True)
    if not passed:
        print(result.stdout + result.stderr, flush=True)
    return passed


def main() -> int:
    """Run all checks; returns how many failed."""
    with tempfile.TemporaryDirectory(prefix="mangakg lint ") as data:
        env = os.environ | {
            "MANGAKG_DATA": data,
            "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}",
        }
        schema = Path(data) / "schema.yml"
        client = Path(data) / "schema.d.ts"
        manage = [sys.executable, "manage.py"]
        checks: list[tuple[str, list[str | Path], Path]] = [
            ("ruff check", [BIN / "ruff", "check", "."], BACKEND),
            ("ruff format", [BIN / "ruff", "format", "--check", "."], BACKEND),
            ("mypy --strict", [BIN / "mypy", "."], BACKEND),
            ("imports", [BIN / "lint-imports", "--no-cache"], BACKEND),
            ("requirements match the lock", [sys.executable, "-m", "tests.requirements"], BACKEND),
            ("migrations", [*manage, "makemigrations", "--check", "--dry-run"], BACKEND),
            ("django check", [*manage, "check", "--fail-level", "WARNING"], BACKEND),
            (
                "schema",
                [*manage, "spectacular", "--validate", "--fail-on-warn", "--file", schema],
                BACKEND,
            ),
            ("schema.yml is up to date", ["diff", "-u", BACKEND / "schema.yml", schema], BACKEND),
            (
                "client",
                ["npx", "--no", "openapi-typescript", BACKEND / "schema.yml", "-o", client],
                FRONTEND,
            ),
            (
                "client is up to date",
                ["diff", "-u", FRONTEND / "src/lib/api/schema.d.ts", client],
                FRONTEND,
            ),
            (
                "web app: prettier, eslint, svelte-check",
                ["npm", "run", "--silent", "lint"],
                FRONTEND,
            ),
            ("web app: unit tests", ["npm", "test", "--silent"], FRONTEND),
        ]
        failed = [name for name, command, folder in checks if not _run(name, command, folder, env)]
    print(f"{len(checks) - len(failed)} checks passed, {len(failed)} failed")
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
