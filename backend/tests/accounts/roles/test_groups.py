"""Roles: what each may do, and what becomes of sessions when they change."""

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import User
from accounts.roles.groups import ADMIN, MODERATOR, ROLES, TRUSTED, UPLOADER, grant_role
from accounts.roles.staff import record_account_edit
from common.http.errors import Forbidden
from tests.cast import client_of, make_user

pytestmark = pytest.mark.django_db


def test_an_admin_made_by_command_is_told_of_a_taken_name(monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "a-yurt-on-the-jailoo")
    call_command("createsuperuser", "--no-input", username="boss", email="boss@example.test")

    with pytest.raises(CommandError, match="is taken"):
        call_command("createsuperuser", "--no-input", username="B0SS", email="b@example.test")

    assert [str(user) for user in User.objects.all()] == ["boss"]


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("reader", []),
        ("uploader", ["submit"]),
        ("trusted", ["submit", "skip review"]),
        ("moderator", ["submit", "review", "grant"]),
        ("admin", ["submit", "skip review", "review", "grant", "edit"]),
    ],
)
def test_a_role_has_its_rights(role, expected):
    user = make_user("somebody", role)

    rights = {
        "submit": "reader.submit_upload", "skip review": "reader.skip_review",
        "review": "reader.moderate_upload", "grant": "accounts.grant_uploader",
        "edit": "accounts.change_user",
    }  # fmt: skip
    assert [word for word, name in rights.items() if user.has_perm(name)] == expected


def test_a_role_that_is_taken_is_gone_at_the_next_request(moderator_mo):
    client = client_of(moderator_mo)
    assert client.get("/api/uploads?scope=all").status_code == 200

    moderator_mo.groups.clear()

    assert client.get("/api/uploads?scope=all").status_code == 403


@pytest.mark.parametrize(
    ("before", "after", "ends"),
    [
        (UPLOADER, MODERATOR, True),
        (MODERATOR, UPLOADER, True),
        (ADMIN, MODERATOR, True),
        (UPLOADER, TRUSTED, False),
    ],
)
def test_who_becomes_staff_or_is_it_no_more_logs_in_anew(before, after, ends, admin_aida):
    user = make_user("somebody", before)
    client, browser = client_of(user), Client()
    browser.force_login(user)

    user.groups.set(Group.objects.filter(name=after))
    record_account_edit(
        User.objects.get(pk=user.pk), admin=admin_aida, changed=["groups"], roles_before=[before]
    )

    assert client.get("/api/auth/me").status_code == (401 if ends else 200)
    assert "_auth_user_id" in browser.session
    browser.get("/admin/")
    assert ("_auth_user_id" in browser.session) is not ends


def test_only_admins_change_rights(moderator_mo, reader_rina):
    with pytest.raises(Forbidden):
        record_account_edit(reader_rina, admin=moderator_mo, changed=["groups"])


def test_a_role_is_granted_once(reader_rina):
    for _time in range(2):
        grant_role(reader_rina, UPLOADER)

    assert set(ROLES) >= set(reader_rina.groups.values_list("name", flat=True))
    assert reader_rina.groups.count() == 2
