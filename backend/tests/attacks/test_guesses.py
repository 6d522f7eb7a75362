"""Ten thousand guesses from ten thousand addresses: few are looked at, and the owner comes in."""

import ipaddress

import pytest
from django.test import RequestFactory
from rest_framework.test import APIClient

from accounts.auth.login import WrongCredentials, log_in
from accounts.auth.login_throttling import client_context
from common.http.errors import Throttled
from tests.cast import PASSWORD, make_user

GUESSES = 10_000
# Five are free; then each doubles the wait. They all come within the test's minute or two.
FEW = 15

pytestmark = pytest.mark.django_db(transaction=True)


def network(number: int) -> str:
    """Another /24 each time."""
    return str(ipaddress.IPv4Address("11.0.0.7") + number * 256)


def test_guesses_spread_over_addresses_are_hardly_looked_at(settings, monkeypatch):
    settings.TRUSTED_PROXIES = 1
    rina = make_user("rina")
    owner, stranger, ask = APIClient(), APIClient(), RequestFactory()
    form = {"username": "rina", "password": PASSWORD}
    at_home = {"HTTP_X_FORWARDED_FOR": "192.0.2.7"}
    assert owner.post("/api/auth/token", form, **at_home).status_code == 200
    looked_at: list[str] = []
    check = type(rina).check_password

    def counted(user, password):
        looked_at.append(password)
        return check(user, password)

    monkeypatch.setattr(type(rina), "check_password", counted)

    answers: dict[str, int] = {}
    for number in range(GUESSES):
        # What a client writes itself stands to the left of what the proxy writes.
        request = ask.post("/", HTTP_X_FORWARDED_FOR=f"192.0.2.7, {network(number)}")
        with pytest.raises((Throttled, WrongCredentials)) as refused:
            log_in("rina", f"guess {number}", client=client_context(request))
        answers[refused.value.code] = answers.get(refused.value.code, 0) + 1

    assert sum(answers.values()) == GUESSES
    assert len(looked_at) == answers["invalid_credentials"] <= FEW
    right = stranger.post("/api/auth/token", form, HTTP_X_FORWARDED_FOR=network(GUESSES))
    assert right.status_code == 429  # even the right one says nothing while the limiter is shut
    assert owner.post("/api/auth/token", form, **at_home).status_code == 200
