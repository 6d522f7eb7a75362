"""`manage.py test`: pytest on the tests of the named apps, or on all of them."""

import os
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

_TESTS = Path(__file__).resolve().parent


class PytestRunner:
    """Django's TEST_RUNNER. A label is an app, a module or a path: `reader`, `reader.intake`."""

    def __init__(self, *, failfast: bool = False, verbosity: int = 1, **options: Any) -> None:
        self._options = [*(["-x"] if failfast else []), *(["-v"] if verbosity > 1 else [])]

    @classmethod
    def add_arguments(cls, parser: ArgumentParser) -> None:
        """Take no options of its own: for more, call pytest."""

    def run_tests(self, test_labels: Sequence[str], **options: Any) -> int:
        """Run pytest in a process with the settings of the tests; return 0 if all passed."""
        paths = [str(path_of(label)) for label in test_labels] or [str(_TESTS)]
        env = {
            name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"
        }
        command = [sys.executable, "-m", "pytest", *self._options, *paths]
        return subprocess.run(command, cwd=_TESTS.parent, env=env, check=False).returncode


def path_of(label: str) -> Path:
    """Return where the tests of a label are; raises CommandError where there are none."""
    parts = label.removeprefix("tests.").split(".")
    folder = _TESTS.joinpath(*parts)
    for path in (folder, folder.with_suffix(".py"), folder.with_name(f"test_{folder.name}.py")):
        if path.exists():
            return path
    given = Path(label)
    if given.exists():
        return given.resolve()
    raise CommandError(f"There are no tests of {label!r}: they would be in {folder}.")
