"""/api/auth/email/change: another address, confirmed there and told here."""

from collections import Counter
from datetime import timedelta
from functools import partial

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import OutgoingEmail, User
from tests.at_once import run_at_once
from tests.cast import PASSWORD, client_of, make_user
from tests.smtp import key_of, text_of

pytestmark = pytest.mark.django_db
CHANGE = "/api/auth/email/change"


def ask(client, email="new@example.test", password=PASSWORD):
    return client.post(CHANGE, {"email": email, "password": password}, format="json")


def confirm(mail):
    return APIClient().post("/api/auth/email/confirm", {"key": key_of(mail)}, format="json")


def me_of(client):
    return client.get("/api/auth/me").json()


def forget_pauses():
    """Let the next emails go as if some minutes had passed."""
    OutgoingEmail.objects.filter(sent_at__isnull=False).update(
        sent_at=timezone.now() - timedelta(minutes=3)
    )


def test_an_address_changes_once_it_is_confirmed(post_office, reader_rina):
    client = client_of(reader_rina)

    asked = ask(client, " New@Example.test ")
    [mail] = post_office.deliver()
    waiting = me_of(client)
    confirmed = confirm(mail)
    [told] = post_office.deliver()

    assert (asked.status_code, asked.json()) == (202, {"pending_email": "new@example.test"})
    assert mail["To"] == "new@example.test"
    assert (waiting["email"], waiting["pending_email"]) == ("rina@example.test", "new@example.test")
    assert waiting["email_confirmed"] is True
    assert confirmed.json() == {"email": "new@example.test"}
    assert told["To"] == "rina@example.test"
    assert "new@example.test" not in text_of(told)
    now = me_of(client)
    assert (now["email"], now["pending_email"]) == ("new@example.test", None)
    assert User.objects.get(pk=reader_rina.pk).email == "new@example.test"
    assert EmailAddress.objects.get(user=reader_rina).primary


def test_a_change_needs_the_password(post_office, reader_rina):
    answer = ask(client_of(reader_rina), password="wrong")

    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["password"])
    assert me_of(client_of(reader_rina))["pending_email"] is None
    assert not OutgoingEmail.objects.exists()


@pytest.mark.parametrize("email", ["rina@example.test", "RINA@EXAMPLE.TEST", "no address"])
def test_what_is_no_new_address_is_named(email, reader_rina):
    answer = ask(client_of(reader_rina), email)

    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["email"])


def test_an_address_of_somebody_else_looks_like_any_other(post_office, reader_rina, uploader_uli):
    client = client_of(reader_rina)

    known, unknown = ask(client, "uli@example.test"), ask(client, "fresh@example.test")

    assert known.status_code == unknown.status_code == 202
    ask(client, "uli@example.test")
    [mail] = [mail for mail in post_office.deliver() if mail["To"] == "uli@example.test"]
    assert "confirm#" not in text_of(mail)
    assert "rina" not in mail.as_string()


def test_asking_again_tells_nothing_of_what_others_asked(post_office, reader_rina):
    client = client_of(reader_rina)
    of_others = {"kind": "confirm", "address": "known@example.test", "language": "en"}
    for _stranger in range(20):
        OutgoingEmail.objects.create(**of_others, sent_at=timezone.now())

    def ask_again(email):
        ask(client, email)
        post_office.deliver()
        at_once = client.post("/api/auth/email/resend").status_code
        forget_pauses()
        return at_once, client.post("/api/auth/email/resend").status_code

    known, fresh = ask_again("known@example.test"), ask_again("fresh@example.test")

    assert known == fresh == (429, 204)
    assert OutgoingEmail.objects.filter(
        user=reader_rina, error="too_often"
    ).exists()  # of the known one


def test_a_change_can_be_forgotten(post_office, reader_rina):
    client = client_of(reader_rina)
    ask(client)
    [mail] = post_office.deliver()

    answer = client.delete(CHANGE)

    assert answer.status_code == 204
    assert me_of(client)["pending_email"] is None
    assert confirm(mail).json()["code"] == "invalid_key"


def test_keys_of_an_old_change_are_dead(post_office, reader_rina):
    client = client_of(reader_rina)
    ask(client, "one@example.test")
    [first] = post_office.deliver()
    ask(client, "two@example.test")
    [second] = post_office.deliver()

    dead = confirm(first)
    ask(client, "one@example.test")
    forget_pauses()
    client.post("/api/auth/email/resend")
    post_office.deliver()

    assert dead.json()["code"] == "invalid_key"
    assert confirm(first).json()["code"] == "invalid_key"
    assert confirm(second).json()["code"] == "invalid_key"
    assert confirm(post_office.mails[-1]).status_code == 200
    assert me_of(client)["email"] == "one@example.test"


def test_who_mistyped_at_first_corrects_it(post_office):
    nina = make_user("nina", confirmed=False)
    client = client_of(nina)
    ask(client, "right@example.test")
    [mail] = post_office.deliver()
    assert me_of(client)["email_confirmed"] is False

    confirm(mail)

    now = me_of(client)
    assert (now["email"], now["email_confirmed"]) == ("right@example.test", True)
    assert post_office.deliver() == []  # nobody at the mistyped one asked for anything


def test_an_account_made_by_hand_stays_good_while_its_first_address_waits(post_office):
    user = User.objects.create_user("byhand", "old@example.test", PASSWORD)
    client = client_of(user)

    ask(client)
    [mail] = post_office.deliver()

    assert me_of(client)["email_confirmed"] is True
    confirm(mail)
    [told] = post_office.deliver()
    assert told["To"] == "old@example.test"
    assert me_of(client)["email"] == "new@example.test"


def test_a_change_that_a_thief_began_ends_with_the_password(post_office, reader_rina):
    thief = client_of(reader_rina)
    ask(thief, "thief@example.test")
    [mail] = post_office.deliver()

    client_of(reader_rina).post(
        "/api/auth/password/change",
        {"old_password": PASSWORD, "new_password": "another-felt-rug"}, format="json",
    )  # fmt: skip

    assert confirm(mail).json()["code"] == "invalid_key"
    assert User.objects.get(pk=reader_rina.pk).email == "rina@example.test"


@pytest.mark.django_db(transaction=True)
def test_two_changes_at_once_leave_one(reader_rina):
    clients = [client_of(reader_rina) for _time in range(4)]

    answers = run_at_once(
        *[
            partial(ask, client, f"new{number}@example.test")
            for number, client in enumerate(clients)
        ]
    )

    assert Counter(answer.status_code for answer in answers) == {202: 4}
    assert EmailAddress.objects.filter(user=reader_rina, primary=False).count() == 1
