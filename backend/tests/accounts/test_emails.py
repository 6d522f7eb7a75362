"""Emails: the row is the queue, the text is made when it is sent, and none is lost."""

import os
import re
import smtplib
import subprocess
import sys
from datetime import timedelta
from functools import partial
from pathlib import Path
from smtplib import SMTPServerDisconnected

import pytest
from django.core.mail import send_mail
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import emails
from accounts.auth.addresses import resend_confirmation
from accounts.auth.password_resets import ask_for_reset
from accounts.emails import (
    KINDS,
    MAX_ATTEMPTS,
    EmailText,
    email_kind,
    purge_emails,
    queue_email,
    queue_email_to,
    send_email,
)
from accounts.models import OutgoingEmail
from accounts.profile.registration import register_user
from common.models import Pause
from common.work.background import SCHEDULE
from tests.at_once import run_at_once
from tests.cast import PASSWORD, make_user
from tests.smtp import html_of, text_of

pytestmark = pytest.mark.django_db
BACKEND = Path(__file__).resolve().parent.parent.parent
TO = "aida@example.test"


@pytest.fixture(autouse=True)
def _kinds(monkeypatch):
    """Two kinds of the tests' own."""
    monkeypatch.setattr(emails, "KINDS", dict(KINDS))

    @email_kind("greeting")
    def _greet(row: OutgoingEmail) -> EmailText:
        return EmailText(
            subject=f"Hello {row.params.get('name', '')}",
            body=f"{_('Log in first.')}\n\nTwo <b>lines</b>\nhttp://127.0.0.1:8000/two",
            link="http://127.0.0.1:8000/go#key", link_label="Go & see", closing="Bye.",
        )  # fmt: skip

    @email_kind("silence", is_limited=False)
    def _say_nothing(row: OutgoingEmail) -> EmailText | None:
        return EmailText("Something", "After all.") if row.params.get("speak") else None


greet = partial(queue_email, "greeting", address=TO, language="en")


def test_whoever_sends_emails_knows_all_kinds():
    """In a process that only sends them, as a worker is."""
    writing = {
        ".".join(source.relative_to(BACKEND).with_suffix("").parts)
        for source in BACKEND.rglob("*.py")
        if re.search(r"^@email_kind\(", source.read_text(), re.MULTILINE)
    }
    show = (
        "import django; django.setup(); from accounts.emails import KINDS;"
        "print(*{kind.write.__module__ for kind in KINDS.values()})"
    )

    done = subprocess.run(
        [sys.executable, "-c", show], cwd=BACKEND, capture_output=True, text=True, check=True,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "mangakg.settings"},
    )  # fmt: skip

    assert {
        "accounts.auth.addresses",
        "accounts.auth.passwords",
        "accounts.auth.password_resets",
    } <= writing
    assert set(done.stdout.split()) == writing


def test_the_mail_server_is_the_one_that_the_environment_names(post_office):
    send = (
        "import django; django.setup(); from django.core.mail import send_mail;"
        "send_mail('Hello', 'Text', None, ['a@example.test'])"
    )
    named = {"EMAIL_HOST": post_office.host, "EMAIL_PORT": str(post_office.port),
             "EMAIL_SECURITY": "none", "DEFAULT_FROM_EMAIL": "House <house@example.test>",
             "DJANGO_SETTINGS_MODULE": "mangakg.settings"}  # fmt: skip

    subprocess.run([sys.executable, "-c", send], cwd=BACKEND, env=os.environ | named, check=True)

    assert [mail["From"] for mail in post_office.mails] == ["House <house@example.test>"]


def test_an_email_is_plain_text_with_html_beside_it(post_office):
    greet(params={"name": "Aida"})

    [mail] = post_office.deliver()

    assert mail["Subject"] == "[MangaKG] Hello Aida"
    assert mail["To"] == TO
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "http://127.0.0.1:8000/go#key" in text_of(mail)
    assert '<a href="http://127.0.0.1:8000/go#key"' in html_of(mail)
    assert "Go &amp; see" in html_of(mail)
    assert "&lt;b&gt;lines" in html_of(mail)
    assert '<a href="http://127.0.0.1:8000/two"' in html_of(mail)
    assert not any(word in html_of(mail) for word in ("<img", "<script", "<link", "url("))
    assert OutgoingEmail.objects.get().sent_at is not None


def test_an_email_goes_once(post_office):
    row = greet()
    post_office.deliver()

    send_email.run(row.pk)

    assert len(post_office.mails) == 1


def test_an_email_is_in_the_persons_language(post_office, reader_rina):
    reader_rina.language = "ru"
    reader_rina.save()
    greet(user=reader_rina)

    [mail] = post_office.deliver()

    assert 'lang="ru"' in html_of(mail)
    assert "Log in first." not in text_of(mail)


@pytest.mark.parametrize("name", ["x\r\nBcc: all@example.test", "x\nBcc: all@example.test", "\r"])
def test_a_name_cannot_add_headers(name, post_office):
    greet(params={"name": name})

    [mail] = post_office.deliver()

    assert mail["Bcc"] is None
    assert len(mail["Subject"].splitlines()) == 1


@pytest.mark.parametrize("answer", ["451 try later", "550 no such mailbox"])
@pytest.mark.parametrize("at_recipient", [True, False])
def test_a_refused_email_is_tried_again_later(answer, at_recipient, post_office):
    greet()
    post_office.refusal, post_office.refuses_recipients = answer, at_recipient

    assert post_office.deliver() == []

    row = OutgoingEmail.objects.get()
    assert (row.sent_at, row.attempts, answer[:3] in row.error) == (None, 1, True)
    assert not list(send_email.due())
    post_office.refusal = ""
    OutgoingEmail.objects.update(lease_until=timezone.now())
    assert len(post_office.deliver()) == 1
    assert OutgoingEmail.objects.get().error == ""


def test_delays_grow_until_it_is_given_up_with_its_error(post_office):
    greet()
    post_office.refusal = "451 try later"
    delays = []
    for _attempt in range(MAX_ATTEMPTS):
        before = timezone.now()
        post_office.deliver()
        until = OutgoingEmail.objects.get().lease_until
        assert until is not None
        delays.append(until - before)
        OutgoingEmail.objects.update(lease_until=timezone.now())

    assert delays[:3] == sorted(delays[:3])
    assert delays[0] < timedelta(minutes=2) < timedelta(hours=3) < delays[-1]
    assert not list(send_email.due())
    assert "451" in OutgoingEmail.objects.get().error


def test_a_server_that_is_down_loses_nothing_and_rests(post_office, settings):
    rows = [greet(), queue_email("greeting", address="other@example.test", language="en")]
    settings.EMAIL_PORT = 1

    assert post_office.deliver() == []

    assert list(OutgoingEmail.objects.order_by("pk").values_list("attempts", flat=True)) == [1, 0]
    assert not list(send_email.due())
    Pause.objects.all().delete()
    settings.EMAIL_PORT = post_office.port
    OutgoingEmail.objects.update(lease_until=None)
    assert len(post_office.deliver()) == len(rows)


def test_an_email_that_goes_twice_has_the_same_id(post_office, monkeypatch):
    """The server took it, and the line broke before it said so."""
    greet()
    send = smtplib.SMTP.sendmail

    def break_after(*arguments, **options):
        send(*arguments, **options)
        raise SMTPServerDisconnected("gone")

    monkeypatch.setattr(smtplib.SMTP, "sendmail", break_after)
    post_office.deliver()
    monkeypatch.setattr(smtplib.SMTP, "sendmail", send)
    OutgoingEmail.objects.update(lease_until=None)
    Pause.objects.all().delete()
    post_office.deliver()

    first, second = post_office.mails
    assert first["Message-ID"] == second["Message-ID"]


def test_one_of_a_kind_in_two_minutes(post_office):
    for _time in range(3):
        greet()
    queue_email("greeting", address="other@example.test", language="en")

    mails = post_office.deliver()

    assert sorted(mail["To"] for mail in mails) == [TO, "other@example.test"]
    assert OutgoingEmail.objects.filter(error="too_often").count() == 2


def test_five_of_a_kind_a_day(post_office):
    for _time in range(7):
        greet()
        post_office.deliver()
        OutgoingEmail.objects.filter(sent_at__isnull=False).update(
            sent_at=timezone.now() - timedelta(minutes=3)
        )

    assert len(post_office.mails) == 5


def rest(**words):
    """Let time pass since every email so far."""
    OutgoingEmail.objects.exclude(sent_at=None).update(sent_at=F("sent_at") - timedelta(**words))


def test_strangers_use_up_nobodys_emails_of_confirmation(post_office):
    for number in range(7):
        register_user(username=f"stranger{number}", email=TO, password=PASSWORD)
    post_office.deliver()

    aida = register_user(username="aida", email=TO, password=PASSWORD)
    first = post_office.deliver()
    rest(minutes=3)
    resend_confirmation(aida)
    second = post_office.deliver()

    assert ["aida" in text_of(mail) for mail in (*first[-1:], *second[-1:])] == [True, True]
    assert len(post_office.mails) == 9


def test_of_one_person_five_confirmations_a_day_go_and_to_one_address_twenty(post_office):
    person = register_user(username="aida", email=TO, password=PASSWORD)
    for _time in range(7):
        rest(minutes=3)
        queue_email(
            "confirm", address=TO, language="en", user=person,
            params={"address": person.emailaddress_set.get().pk},
        )  # fmt: skip
        post_office.deliver()
    assert len(post_office.mails) == 5

    for number in range(17):
        register_user(username=f"stranger{number}", email=TO, password=PASSWORD)
    post_office.deliver()

    assert len(post_office.mails) == 20


def test_resets_of_strangers_make_the_owner_wait_and_never_for_a_day(post_office, reader_rina):
    def is_sent() -> bool:
        ask_for_reset("rina@example.test", language="en")
        return bool(post_office.deliver())

    assert is_sent()
    for minutes in (2, 4, 8, 16, 32, 64, 120, 120, 120):
        rest(minutes=minutes - 1)
        assert not is_sent()
        rest(minutes=1)
        assert is_sent()


def test_a_kind_without_limit_always_goes(post_office):
    for _time in range(7):
        queue_email("silence", address=TO, language="en", params={"speak": True})

    assert len(post_office.deliver()) == 7


def test_what_turns_out_to_need_no_email_ends(post_office):
    queue_email("silence", address=TO, language="en")

    assert post_office.deliver() == []
    assert not list(send_email.due())


def test_somebody_who_left_gets_nothing(post_office, reader_rina):
    row = greet(user=reader_rina)
    reader_rina.delete()

    send_email.run(row.pk)

    assert post_office.mails == []


def test_a_person_is_written_to_where_they_confirmed(post_office, reader_rina):
    nina = make_user("nina", confirmed=False)

    assert queue_email_to(nina, "greeting") is None
    queue_email_to(reader_rina, "greeting")

    assert [mail["To"] for mail in post_office.deliver()] == ["rina@example.test"]


def test_old_emails_are_forgotten_and_waiting_ones_are_not(post_office):
    sent = greet()
    post_office.deliver()
    waiting, given_up = greet(), greet()
    long_ago = timezone.now() - timedelta(days=8)
    OutgoingEmail.objects.update(created_at=long_ago)
    OutgoingEmail.objects.filter(pk=sent.pk).update(sent_at=long_ago)
    OutgoingEmail.objects.filter(pk=given_up.pk).update(attempts=MAX_ATTEMPTS)

    assert purge_emails() == 2
    assert OutgoingEmail.objects.get() == waiting
    assert "accounts.emails.purge_emails" in SCHEDULE


def test_without_a_server_emails_are_files_and_the_log_says_where(settings, tmp_path, caplog):
    settings.EMAIL_BACKEND = "common.mail_folder.MailFolder"
    settings.EMAIL_FILE_PATH = tmp_path / "mail"
    caplog.set_level("INFO")
    row = greet()

    send_email.run(row.pk)

    [file] = (tmp_path / "mail").iterdir()
    assert file.stat().st_mode & 0o077 == 0
    assert "http://127.0.0.1:8000/go#key" in file.read_text()
    assert str(file) in caplog.text
    assert TO not in caplog.text
    assert "#key" not in caplog.text


def test_emails_that_are_files_sort_by_time(settings, tmp_path):
    settings.EMAIL_BACKEND = "common.mail_folder.MailFolder"
    settings.EMAIL_FILE_PATH = tmp_path
    addresses = [f"reader{number}@example.test" for number in range(12)]

    for address in addresses:
        send_mail("An email", "Text.", None, [address])

    written = [file.read_text() for file in sorted(tmp_path.iterdir())]
    assert re.findall("^To: (.*)$", "".join(written), re.M) == addresses


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_an_email_once(post_office):
    row = greet()

    assert run_at_once(*[partial(send_email.run, row.pk)] * 4) == [None] * 4

    assert len(post_office.mails) == 1


@pytest.mark.django_db(transaction=True)
def test_two_emails_at_once_are_one(post_office):
    rows = [greet() for _time in range(4)]

    run_at_once(*[partial(send_email.run, row.pk) for row in rows])

    assert len(post_office.mails) == 1
