"""/api/auth/register and /api/auth/email/confirm: coming in, with mails from a real server."""

import re
from collections import Counter
from datetime import timedelta
from functools import partial

import pytest
from allauth.account.models import EmailAddress
from django.core import signing
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.auth import addresses
from accounts.models import OutgoingEmail, User
from tests.at_once import run_at_once
from tests.cast import PASSWORD, client_of, make_user
from tests.smtp import html_of, key_of, text_of

pytestmark = pytest.mark.django_db


def register(username="Aigerim", email="aigerim@example.test", **form):
    body = {"username": username, "email": email, "password": PASSWORD} | form
    return APIClient().post("/api/auth/register", body, format="json")


def confirm(key: str):
    return APIClient().post("/api/auth/email/confirm", {"key": key}, format="json")


def log_in(name: str):
    return APIClient().post("/api/auth/token", {"username": name, "password": PASSWORD})


def test_a_new_person_confirms_by_the_email(post_office):
    me = register().json()
    [mail] = post_office.deliver()

    answer = confirm(key_of(mail))

    assert (me["email_confirmed"], me["email"]) == (False, "aigerim@example.test")
    assert mail["To"] == "aigerim@example.test"
    assert "Aigerim" in text_of(mail)
    assert (answer.status_code, answer.json()) == (200, {"email": "aigerim@example.test"})
    me = client_of(User.objects.get()).get("/api/auth/me").json()
    assert me["email_confirmed"] is True
    assert log_in("aigerim@example.test").status_code == 200


@pytest.mark.parametrize(("language", "word"), [("ru", "ru"), ("ky", "ky"), ("en", "en")])
def test_the_email_is_in_the_language_that_was_chosen(language, word, post_office):
    assert register(language=language).json()["language"] == language

    [mail] = post_office.deliver()

    assert f'<html lang="{word}">' in html_of(mail)


def test_links_lead_to_the_site_whatever_host_was_asked(post_office, settings):
    settings.ALLOWED_HOSTS = ["*"]
    APIClient().post(
        "/api/auth/register",
        {"username": "Aigerim", "email": "a@example.test", "password": PASSWORD},
        format="json", headers={"host": "evil.example", "x-forwarded-host": "evil.example"},
    )  # fmt: skip

    [mail] = post_office.deliver()

    assert f"{settings.SITE_URL}/confirm#" in text_of(mail)
    assert "evil" not in mail.as_string()


def test_a_key_that_is_used_again_changes_nothing(post_office):
    register()
    [mail] = post_office.deliver()
    confirm(key_of(mail))

    assert confirm(key_of(mail)).status_code == 200
    assert EmailAddress.objects.get().verified


@pytest.mark.parametrize("key", ["x", "a:b:c", "é", "x" * 400, "MQ:1abcde:" + "A" * 43])
def test_a_key_that_is_none_is_refused(key, db):
    answer = confirm(key)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_key")


def test_a_key_ends_after_days_and_is_for_one_thing(post_office, monkeypatch):
    register()
    [mail] = post_office.deliver()
    row = EmailAddress.objects.get()

    other = signing.dumps(row.pk, salt="accounts.resets")
    monkeypatch.setattr(addresses, "CONFIRM_DAYS", -1)

    assert confirm(other).json()["code"] == "invalid_key"
    assert confirm(key_of(mail)).json()["code"] == "invalid_key"


def test_keys_are_in_no_row_and_no_log(post_office, caplog):
    caplog.set_level("DEBUG")
    register()
    [mail] = post_office.deliver()
    key = key_of(mail)
    confirm(key)

    ours = [record for record in caplog.records if record.name != "mail.log"]
    assert key not in str(list(OutgoingEmail.objects.values()))
    assert not any(key in record.getMessage() or "example.test" in record.getMessage()
                   for record in ours)  # fmt: skip


def test_the_owner_of_an_address_is_told_and_nobody_else(post_office, reader_rina):
    new, known = register("one", "one@example.test"), register("two", "RINA@example.test")

    assert new.status_code == known.status_code == 201
    assert new.json().keys() == known.json().keys()
    post_office.deliver()
    [mail] = post_office.to("rina@example.test")
    assert "already" in mail["Subject"]
    assert "confirm#" not in text_of(mail)
    assert not any(name in mail.as_string() for name in (" rina ", "two"))


def test_a_known_address_costs_the_same_queries(post_office, reader_rina):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    register("zero", "zero@example.test")
    asked = []
    for name, email in (("one", "one@example.test"), ("two", "rina@example.test")):
        with CaptureQueriesContext(connection) as queries:
            register(name, email)
        asked.append([re.sub(r"'[^']*'|\d+|_x\w+", "", query["sql"]) for query in queries])

    assert asked[0] == asked[1]


def test_of_two_who_claim_an_address_one_confirms_it(post_office, monkeypatch):
    register("first", "same@example.test")
    [first] = post_office.deliver()
    OutgoingEmail.objects.all().delete()  # the second email is not too early
    register("second", "same@example.test")
    [second] = post_office.deliver()

    assert confirm(key_of(first)).status_code == 200
    late = confirm(key_of(second))

    assert (late.status_code, late.json()["code"]) == (400, "invalid_key")
    assert "Another account" in late.json()["detail"]
    assert log_in("same@example.test").status_code == 200
    assert EmailAddress.objects.get(verified=True).user.username == "first"


def test_the_email_can_be_had_again(post_office):
    user_id = register().json()["id"]
    client = client_of(User.objects.get(pk=user_id))
    [first] = post_office.deliver()

    at_once = client.post("/api/auth/email/resend")
    assert post_office.deliver() == []  # one in two minutes
    OutgoingEmail.objects.update(sent_at=timezone.now() - timedelta(minutes=3))
    later = client.post("/api/auth/email/resend")
    [second] = post_office.deliver()

    assert (at_once.status_code, at_once.json()["code"]) == (429, "throttled")
    assert 0 < int(at_once["Retry-After"]) <= 120
    assert later.status_code == 204
    assert confirm(key_of(second)).status_code == 200
    assert confirm(key_of(first)).status_code == 200  # of the same address: nothing more to do
    assert client.post("/api/auth/email/resend").status_code == 204
    assert post_office.deliver() == []


def test_the_sixth_email_of_a_day_is_refused_and_not_promised(post_office):
    client = client_of(User.objects.get(pk=register().json()["id"]))
    statuses = []

    for _time in range(5):
        post_office.deliver()
        OutgoingEmail.objects.update(sent_at=timezone.now() - timedelta(hours=3))
        answer = client.post("/api/auth/email/resend")
        statuses.append(answer.status_code)

    assert statuses == [204, 204, 204, 204, 429]
    assert 20 * 3600 < int(answer["Retry-After"]) <= 21 * 3600
    assert (len(post_office.mails), OutgoingEmail.objects.filter(error="too_often").count()) == (
        5,
        0,
    )


@pytest.mark.django_db(transaction=True)
def test_of_many_who_ask_again_at_once_one_is_promised_an_email():
    user = make_user("nina", confirmed=False)
    clients = [client_of(user) for _time in range(3)]

    answers = run_at_once(*[partial(client.post, "/api/auth/email/resend") for client in clients])

    assert Counter(answer.status_code for answer in answers) == {204: 1, 429: 2}
    assert OutgoingEmail.objects.count() == 1


@pytest.mark.parametrize(
    ("username", "words"),
    [
        ("ab", "3 to 30"), ("a b c", "no spaces"), ("admin", "reserved"), ("pаypal", "alphabets"),
        ("RINA", "taken"), ("rlna", "taken"), ("-abc", "begins"), ("a\u200bbc", "invisible"),
    ],
)  # fmt: skip
def test_each_refusal_of_a_name_says_why(username, words, reader_rina):
    answer = register(username)

    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["username"])
    assert words in answer.json()["fields"]["username"][0]
    assert answer.json()["detail"] == answer.json()["fields"]["username"][0]


def test_all_that_is_wrong_is_named_at_once(db):
    answer = register("a b", password="12345678")

    assert sorted(answer.json()["fields"]) == ["password", "username"]
    assert not OutgoingEmail.objects.exists()


def test_what_a_form_does_not_have_is_not_taken(db):
    register(is_staff=True, is_superuser=True, roles=["admin"], username_key="x", groups=[1])

    user = User.objects.get()
    assert not user.is_staff
    assert not user.is_superuser
    assert [group.name for group in user.groups.all()] == ["reader"]


@pytest.mark.django_db(transaction=True)
def test_of_fifty_at_once_one_gets_the_name(settings):
    settings.THROTTLES = {**settings.THROTTLES, "auth": None}
    names = ["Aida", "AIDA", "aida", "a1da"]

    answers = run_at_once(
        *[
            partial(register, names[number % len(names)], f"a{number}@example.test")
            for number in range(50)
        ]
    )

    assert Counter(getattr(answer, "status_code", answer) for answer in answers) == {
        201: 1, 400: 49,
    }  # fmt: skip
    assert all(
        list(answer.json()["fields"]) == ["username"]
        for answer in answers
        if answer.status_code == 400
    )
    assert (User.objects.count(), OutgoingEmail.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_of_ten_who_confirm_one_address_at_once_one_has_it():
    users = [make_user(f"user-{email}", confirmed=False) for email in "abcdefghkm"]
    EmailAddress.objects.update(email="same@example.test")
    keys = [signing.dumps(row.pk, salt=addresses._SALT) for row in EmailAddress.objects.all()]

    answers = run_at_once(*[partial(confirm, key) for key in keys])

    assert Counter(answer.status_code for answer in answers) == {200: 1, 400: len(users) - 1}
    assert EmailAddress.objects.filter(verified=True).count() == 1
