"""`manage.py test`, as people try it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

pytestmark = pytest.mark.same_everywhere


def run(label: str, data_folder: Path) -> subprocess.CompletedProcess[str]:
    """Run it in a process of its own, where nothing of these tests is set."""
    env = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    env["MANGAKG_DATA"] = str(data_folder)
    return subprocess.run(
        [sys.executable, "manage.py", "test", label], cwd=settings.BASE_DIR, env=env,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_tests_of_an_app_are_run(tmp_path):
    done = run("catalog.folding", tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


def test_an_app_without_tests_is_named(tmp_path):
    done = run("nothing", tmp_path)

    assert done.returncode != 0
    assert "There are no tests of 'nothing'" in done.stderr
