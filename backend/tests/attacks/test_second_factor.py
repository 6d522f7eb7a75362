"""A stolen password, used before its owner sets up a second factor: it opens nothing after that."""

from dataclasses import dataclass

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import Session
from tests.cast import PASSWORD, totp_code

pytestmark = pytest.mark.django_db(transaction=True)
# Where staff set one up, behind DRF, before it, and with what only moderators may.
DOORS = ("/api/auth/me", "/api/uploads", "/api/titles", "/api/titles?scope=all")


@pytest.fixture(autouse=True)
def _staff_need_one(settings):
    settings.STAFF_SECOND_FACTOR = True


@dataclass
class Visitor:
    """Somebody with the password alone, logged in by both limiters."""

    api: APIClient
    refresh_token: str
    admin: Client

    def statuses(self) -> list[int]:
        return [self.api.get(limiter).status_code for limiter in DOORS]

    def refresh(self) -> int:
        answer = APIClient().post("/api/auth/refresh", {"refresh_token": self.refresh_token})
        if answer.status_code == 200:
            self.refresh_token = answer.json()["refresh_token"]
            self.api.credentials(HTTP_AUTHORIZATION=f"Bearer {answer.json()['access_token']}")
        return answer.status_code

    def admin_leads_to(self) -> str:
        """Return where the admin's first page sends one on to; empty: nowhere, one is in."""
        return self.admin.get("/admin/").headers.get("Location", "").partition("?")[0]


def come_in() -> Visitor:
    form = {"username": "mo", "password": PASSWORD}
    tokens = APIClient().post("/api/auth/token", form).json()
    admin = Client()
    admin.post("/admin/login/", form)
    api = APIClient(HTTP_AUTHORIZATION=f"Bearer {tokens['access_token']}")
    return Visitor(api, tokens["refresh_token"], admin)


def set_up_by_api(owner: Visitor) -> None:
    begun = owner.api.post("/api/auth/second-factor", {"password": PASSWORD}).json()
    form = {"enrolment": begun["enrolment"], "code": totp_code(begun["secret"])}
    answer = owner.api.post("/api/auth/second-factor/confirm", form)
    assert len(answer.json()["recovery_codes"]) == 10


def set_up_in_admin(owner: Visitor) -> None:
    enrolment = owner.admin.get("/admin/second-factor/").context["enrolment"]
    form = {
        "enrolment": enrolment.sealed, "code": totp_code(enrolment.secret), "password": PASSWORD,
    }  # fmt: skip
    assert "recovery_codes" in owner.admin.post("/admin/second-factor/", form).context


@pytest.mark.parametrize("set_up", [set_up_by_api, set_up_in_admin])
def test_who_came_in_with_the_password_alone_is_out(set_up, moderator_mo):
    thief, owner = come_in(), come_in()
    assert thief.statuses() == [200, 403, 200, 403]
    assert thief.admin_leads_to() == "/admin/second-factor/"

    set_up(owner)

    assert thief.statuses() == [401] * 4
    assert thief.refresh() == 401
    assert thief.admin_leads_to() == "/admin/login/"


def test_the_device_that_set_it_up_goes_on_by_refreshing(moderator_mo):
    owner = come_in()

    set_up_by_api(owner)

    assert owner.refresh() == 200
    assert owner.statuses() == [200] * 4
    assert Session.objects.get(epoch__gt=0).second_factor
    assert owner.admin_leads_to() == "/admin/login/"


def test_the_admin_page_that_set_it_up_goes_on(moderator_mo):
    owner = come_in()

    set_up_in_admin(owner)

    assert owner.admin_leads_to() == ""
    assert owner.refresh() == 401


def test_a_login_that_was_under_way_is_dead_at_birth(moderator_mo, monkeypatch):
    """The password was right before the second factor was on; the session is opened after."""
    owner = come_in()
    monkeypatch.setattr(
        "accounts.auth.login.forget_device_attempts", lambda *_words: set_up_by_api(owner)
    )

    late = come_in_by_api()
    monkeypatch.undo()

    assert late.refresh() == 401
    assert late.statuses() == [401] * 4


def come_in_by_api() -> Visitor:
    tokens = APIClient().post("/api/auth/token", {"username": "mo", "password": PASSWORD}).json()
    api = APIClient(HTTP_AUTHORIZATION=f"Bearer {tokens['access_token']}")
    return Visitor(api, tokens["refresh_token"], Client())
