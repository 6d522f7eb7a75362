"""Coming in, and accounts made by hand."""

import pytest
from allauth.account.models import EmailAddress

from accounts.auth.addresses import is_confirmed
from accounts.models import AuditEntry, User
from accounts.roles.bans import ban_user
from accounts.usernames import name_key
from tests.cast import PASSWORD, client_of, make_upload, make_user

pytestmark = pytest.mark.django_db(transaction=True)
LOGIN = "/admin/login/"


def attempt(client, name: str, password: str = PASSWORD):
    return client.post(LOGIN, {"username": name, "password": password, "next": "/admin/"})


@pytest.mark.parametrize("name", ["mo", "MO", "mo@example.test"])
def test_a_moderator_comes_in_by_name_or_address(name, client, moderator_mo):
    assert attempt(client, name).headers["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_a_long_address_is_long_enough(client):
    user = make_user("ai", "moderator", confirmed=False)
    address = f"{'a' * 60}@example.test"
    EmailAddress.objects.update_or_create(user=user, defaults={"email": address, "verified": True})

    assert attempt(client, address).status_code == 302


def test_a_reader_is_told_that_this_is_for_moderators(client, reader_rina):
    answer = attempt(client, "rina")

    assert "this part of the site is for moderators" in answer.content.decode()


@pytest.mark.parametrize(("name", "password"), [("mo", "wrong"), ("nobody", PASSWORD)])
def test_wrong_is_wrong_whichever_it_was(name, password, client, moderator_mo):
    answer = attempt(client, name, password)

    assert "The name or the password is wrong." in answer.content.decode()


def test_a_banned_person_reads_why_if_the_password_is_right(client, moderator_mo, admin_aida):
    ban_user(moderator_mo, moderator=admin_aida, reason="Sold approvals.")

    assert "You are banned: Sold approvals." in attempt(client, "mo").content.decode()
    assert "Sold approvals." not in attempt(client, "mo", "wrong").content.decode()


def test_too_many_attempts_wait(client, moderator_mo, limit):
    limit("auth", 2)
    for _ in range(2):
        attempt(client, "mo", "wrong")

    answer = attempt(client, "mo")

    assert (answer.status_code, answer["Retry-After"]) == (429, "15")
    assert "Too many attempts." in answer.content.decode()
    assert client.get("/admin/").status_code == 302


def test_the_badge_counts_what_waits(log_in, moderator_mo, uploader_uli):
    make_upload(uploader=uploader_uli)
    make_upload(uploader=uploader_uli, state="live")

    page = log_in(moderator_mo).get("/admin/catalog/tag/").content.decode()

    assert 'data-waiting="1"' in page


def new_user(**words: object) -> dict[str, object]:
    return {
        "username": "gulnara", "email": "gulnara@example.test", "password1": PASSWORD,
        "password2": PASSWORD, "language": "ky", "groups": [], **words,
    }  # fmt: skip


def test_an_account_made_here_has_a_confirmed_address_and_its_password(log_in, admin_aida):
    from django.contrib.auth.models import Group

    uploader = Group.objects.get(name="uploader")

    log_in(admin_aida).post("/admin/accounts/user/add/", new_user(groups=[uploader.pk]))

    user = User.objects.get(username="gulnara")
    assert user.check_password(PASSWORD)
    assert is_confirmed(user)
    assert EmailAddress.objects.get(user=user).primary
    assert user.has_perm("reader.submit_upload")
    entry = AuditEntry.objects.get(action="create_user")
    assert (entry.actor, entry.to_state) == (admin_aida, "uploader")


def test_an_address_that_somebody_has_confirmed_is_refused(log_in, admin_aida, uploader_uli):
    answer = log_in(admin_aida).post(
        "/admin/accounts/user/add/", new_user(email="ULI@example.test")
    )

    assert "Somebody else has this address." in answer.content.decode()
    assert not User.objects.filter(username="gulnara").exists()


def test_a_role_given_is_in_the_log_with_before_and_after(log_in, admin_aida, reader_rina):
    from django.contrib.auth.models import Group

    moderator = Group.objects.get(name="moderator")

    log_in(admin_aida).post(
        f"/admin/accounts/user/{reader_rina.pk}/change/",
        {"username": "rina", "email": reader_rina.email, "language": "en", "is_active": "on",
         "groups": [moderator.pk]},
    )  # fmt: skip

    entry = AuditEntry.objects.get(action="edit_user")
    assert (entry.from_state, entry.to_state) == ("reader", "moderator")


def test_an_edit_puts_back_nothing_that_happened_meanwhile(
    log_in, admin_aida, reader_rina, moderator_mo
):
    from accounts.admin.users import UserAdmin

    browser, save = log_in(admin_aida), UserAdmin.save_model

    def ban_first(self, *words):
        ban_user(User.objects.get(pk=reader_rina.pk), moderator=moderator_mo, reason="Spam.")
        save(self, *words)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(UserAdmin, "save_model", ban_first)
        browser.post(
            f"/admin/accounts/user/{reader_rina.pk}/change/",
            {"username": "rina2", "email": reader_rina.email, "language": "ky", "is_active": "on",
             "groups": [group.pk for group in reader_rina.groups.all()]},
        )  # fmt: skip

    reader_rina.refresh_from_db()
    assert (reader_rina.username, reader_rina.username_key) == ("rina2", name_key("rina2"))
    assert (reader_rina.language, reader_rina.is_banned, reader_rina.epoch) == ("ky", True, 1)


def test_a_password_set_here_logs_every_device_out(log_in, admin_aida, reader_rina):
    api = client_of(reader_rina)
    assert api.get("/api/auth/me").status_code == 200

    log_in(admin_aida).post(
        f"/admin/accounts/user/{reader_rina.pk}/password/",
        {"password1": "kalpak-kumys-1", "password2": "kalpak-kumys-1", "usable_password": "true"},
    )

    reader_rina.refresh_from_db()
    assert reader_rina.check_password("kalpak-kumys-1")
    assert api.get("/api/auth/me").status_code == 401
