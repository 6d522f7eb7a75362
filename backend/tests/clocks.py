"""Clocks of failed logins, rate limits, tokens and leases, which only the tests move.

With real clocks, a slow machine could need longer for the next line of a test than a login is
refused.
"""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone


@pytest.fixture(autouse=True)
def attempts_clock(monkeypatch):
    """The clock by which failed logins are counted; `attempts_clock(60)` moves it by a minute."""
    from accounts.auth import login_throttling

    return _stop_clock(monkeypatch, login_throttling)


@pytest.fixture
def session_clock(monkeypatch):
    """The clock by which sessions and tokens end; `session_clock(60)` moves it by a minute."""
    from accounts.auth import sessions

    return _stop_clock(monkeypatch, sessions)


def _stop_clock(monkeypatch, module):
    now = [timezone.now()]
    monkeypatch.setattr(module, "timezone", SimpleNamespace(now=lambda: now[0]))

    def move(seconds: float) -> None:
        now[0] += timedelta(seconds=seconds)

    return move


@pytest.fixture
def lease_clock(monkeypatch):
    """The clock by which a worker renews its leases; `lease_clock[0] += 1` moves it by a second.

    While it stands, no progress is written however slow the machine is, so queries can be counted.
    """
    from common.work import leases

    now = [1000.0]
    monkeypatch.setattr(leases, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


@pytest.fixture
def limit(settings, monkeypatch):
    """Set the rate of one scope; the clock stands 15 seconds before the end of its window."""
    from accounts.api import throttles

    monkeypatch.setattr(throttles, "time", SimpleNamespace(time=lambda: 1_800_000_045))

    def set_rate(scope, amount, seconds=60):
        settings.THROTTLES = settings.THROTTLES | {scope: (amount, seconds)}

    return set_rate
