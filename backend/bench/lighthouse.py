"""Scores pages as Lighthouse does, on its simulated phone: a part of `python -m bench web`.

Lighthouse is no dependency of ours: npx gets the version named here when the bench runs.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

from bench.browser import CHROMIUM

_VERSION = "13.5.0"
_PACKAGE = ["npx", "--yes", f"lighthouse@{_VERSION}"]
_CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
_GOALS = {
    "home": (95, 100, 100, 100), "series": (95, 100, 100, 100), "chapter": (85, 100, 100, 100),
}  # fmt: skip
_SECONDS = 180


def measure_lighthouse(url: str, screens: Mapping[str, str], *, runs: int) -> list[str]:
    """Return a table of the screens that have goals, or a line that says why there is none."""
    problem = _why_not()
    if problem:
        return [f"Lighthouse: not measured, {problem}"]
    headings = "".join(f"{name:>20}" for name in _CATEGORIES)
    lines = [
        f"Lighthouse {_VERSION}, mobile, simulated, median of {runs} (the goal behind it)",
        f"  {'':8}{headings}{'LCP ms':>10}{'TBT ms':>10}",
    ]
    for screen, goals in _GOALS.items():
        reports = [_report(f"{url}{screens[screen]}") for _ in range(runs)]
        cells = "".join(
            f"{_cell(median(_score(one, category) for one in reports), goal):>20}"
            for category, goal in zip(_CATEGORIES, goals, strict=True)
        )
        lcp, blocked = (
            median(one["audits"][audit]["numericValue"] for one in reports)
            for audit in ("largest-contentful-paint", "total-blocking-time")
        )
        lines.append(f"  {screen:8}{cells}{lcp:10.0f}{blocked:10.0f}")
    return lines


def _cell(score: float, goal: int) -> str:
    return f"{'' if score >= goal else '!'}{score:g} ({goal})"


def _score(report: Any, category: str) -> float:
    share: float = report["categories"][category]["score"]
    return round(100 * share)


def _report(address: str) -> Any:
    flags = "--headless=new --no-sandbox --disable-dev-shm-usage"
    command = [*_PACKAGE, address, "--quiet", "--output=json", f"--chrome-flags={flags}"]
    return json.loads(_run(command).stdout)


def _why_not() -> str:
    if CHROMIUM is None:
        return "no Chromium is here"
    try:
        _run([*_PACKAGE, "--version"])
    except FileNotFoundError:
        return "no npx is here"
    except subprocess.SubprocessError as error:
        words = (getattr(error, "stderr", "") or str(error)).strip().splitlines()
        return f"npx does not get it: {words[-1] if words else error}"
    return ""


def _run(command: list[str]) -> "subprocess.CompletedProcess[str]":
    # The node of our virtual environment stands first, as for the web app's build.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        command,
        env=os.environ | {"PATH": path, "CHROME_PATH": CHROMIUM or "", "NODE_USE_SYSTEM_CA": "1"},
        capture_output=True,
        text=True,
        check=True,
        timeout=_SECONDS,
    )
