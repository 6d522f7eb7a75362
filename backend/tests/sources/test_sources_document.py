"""What docs/sources.md shows is a source that works, with its test, in under 120 lines."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

BACKEND = Path(__file__).resolve().parent.parent.parent
DOCUMENT = BACKEND.parent / "docs" / "sources.md"


@pytest.mark.same_everywhere
def test_the_source_of_the_document_works_as_it_stands_there(tmp_path):
    text = DOCUMENT.read_text()
    source, its_test = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    [package] = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    [entry] = re.findall(r'\[project\.entry-points\."mangakg\.sources"\]\n(\w+ = "[^"]+")', package)
    (tmp_path / "orchard.py").write_text(source)
    (tmp_path / "test_orchard.py").write_text(its_test)
    installed = tmp_path / "orchard-1.0.dist-info"  # as pip leaves it
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: orchard\nVersion: 1.0\n")
    names = entry.replace('"', "")
    (installed / "entry_points.txt").write_text(f"[mangakg.sources]\n{names}\n")

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-c", "pyproject.toml", "--rootdir", ".", "-q",
         "-p", "no:cacheprovider", str(tmp_path / "test_orchard.py")],
        cwd=BACKEND,
        env={k: v for k, v in os.environ.items() if not k.startswith(("COV", "PYTEST"))}
        | {"PYTHONPATH": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 passed" in done.stdout
    assert len(f"{source}{its_test}".splitlines()) < 120
