"""Names and addresses as admins give them."""

import pytest
from allauth.account.models import EmailAddress

from accounts.models import OutgoingEmail, User
from tests.cast import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)
ADD = "/admin/accounts/user/add/"


def add(browser, username: str, **changes):
    form = {"username": username, "email": "", "password1": PASSWORD, "password2": PASSWORD}
    return browser.post(ADD, form | {"language": "en"} | changes)


@pytest.mark.parametrize("username", ["RINA", "r1na", "rlna"])
def test_a_name_that_is_taken_is_an_error_of_the_form(username, log_in, admin_aida, reader_rina):
    answer = add(log_in(admin_aida), username)

    assert "is taken" in answer.context["adminform"].form.errors["username"][0]


def test_a_person_cannot_be_renamed_into_another(log_in, admin_aida, reader_rina, uploader_uli):
    page = f"/admin/accounts/user/{uploader_uli.pk}/change/"
    form = {"username": "Rina", "display_name": "", "email": uploader_uli.email, "language": "en",
            "is_active": "on"}  # fmt: skip

    answer = log_in(admin_aida).post(page, form)

    assert "is taken" in answer.context["adminform"].form.errors["username"][0]
    uploader_uli.refresh_from_db()
    assert uploader_uli.username == "uli"


@pytest.mark.parametrize("username", ["a b", "ab", "pаypal", "x\u200bxx", ".abc"])
def test_the_rules_of_names_hold_for_admins_too(username, log_in, admin_aida):
    answer = add(log_in(admin_aida), username)

    assert answer.context["adminform"].form.errors["username"]


def test_an_admin_may_give_a_reserved_name(log_in, admin_aida):
    add(log_in(admin_aida), "support", email="Help@Example.test")

    user = User.objects.called("SUPPORT")
    assert user is not None
    address = EmailAddress.objects.get(user=user)
    assert (user.email, address.email) == ("help@example.test", "help@example.test")
    assert address.verified


def test_an_old_name_that_breaks_the_rules_may_stay(log_in, admin_aida, moderator_mo):
    page = f"/admin/accounts/user/{moderator_mo.pk}/change/"
    form = {"username": "mo", "display_name": "Mo", "email": moderator_mo.email, "language": "en",
            "is_active": "on"}  # fmt: skip

    answer = log_in(admin_aida).post(page, form)

    assert answer.status_code == 302
    moderator_mo.refresh_from_db()
    assert moderator_mo.display_name == "Mo"


def test_a_password_that_an_admin_sets_is_told_to_the_person(log_in, admin_aida, reader_rina):
    form = {"password1": "another-felt-rug", "password2": "another-felt-rug"}

    log_in(admin_aida).post(f"/admin/accounts/user/{reader_rina.pk}/password/", form)

    assert User.objects.get(pk=reader_rina.pk).check_password("another-felt-rug")
    assert OutgoingEmail.objects.get().kind == "password_changed"
