"""Leaving: what is shared stays under nobody's name, what is private goes, all or nothing."""

from collections import Counter
from datetime import timedelta
from functools import partial

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session as AdminSession
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.audit import log_decision
from accounts.auth.api_keys import make_key
from accounts.auth.authority import Banned, acting
from accounts.auth.sessions import InvalidToken, Tokens, open_session
from accounts.emails import queue_email
from accounts.models import (
    ApiKey,
    AuditEntry,
    OutgoingEmail,
    Session,
    Strike,
    UploaderRequest,
    User,
)
from accounts.profile import account_deletion
from accounts.profile.account_deletion import delete_account
from accounts.roles.bans import add_strike, ban_user
from common.files.storages import list_names, media_storage, quarantine_storage
from common.http.errors import AlreadyDecided, Invalid
from reader.api import reading
from reader.intake.extraction import extract_upload
from reader.models import Group, ReadingState, Upload
from reader.publication.moderation import approve_upload
from reader.states import UploadState
from tests.at_once import run_at_once
from tests.cast import (
    PASSWORD,
    client_of,
    give_avatar,
    make_title,
    make_upload,
    make_upload_row,
    make_user,
)
from tests.leftovers import find_leftovers, finish_due_work
from tests.reader.archive_builders import make_chapter_zip

pytestmark = pytest.mark.django_db(transaction=True)


def give_everything(user, moderator):
    """Let a person own one row of each kind that there is."""
    live = make_upload_row(uploader=user, series=make_title("Manas", created_by=user))
    ReadingState.objects.create(
        user=user, series=live.chapter.series, chapter=live.chapter, page=1,
        changed_at=timezone.now(),
    )  # fmt: skip
    Group.objects.create(name="Tulpar", slug="tulpar").members.add(user)
    open_session(user, device="Phone")
    make_key(user, name="OPDS", scopes=["read"], expires_in_days=None, password=PASSWORD)
    Authenticator.objects.create(user=user, type="totp", data={"secret": "x"})
    UploaderRequest.objects.create(user=user, text="I translate.", state="granted")
    add_strike(user, code="symlink", subject="upload:1")
    queue_email("password_changed", address=user.email, language="ru", user=user)
    queue_email("reset", address=user.email.upper(), language="ru")
    give_avatar(user)
    with acting(moderator):
        log_decision(user, action="warn", actor=moderator, reason="Be kind.")
    with acting(user):
        log_decision(live, action="withdraw", actor=user)
    LogEntry.objects.create(
        user=moderator, content_type=ContentType.objects.get_for_model(User),
        object_id=str(user.pk), object_repr=str(user), action_flag=CHANGE,
    )  # fmt: skip
    Client().force_login(user)
    return live


def test_what_is_private_goes_and_what_is_shared_stays_unnamed(uploader_uli, moderator_mo):
    live = give_everything(uploader_uli, moderator_mo)
    acts = AuditEntry.objects.count()

    delete_account(uploader_uli, password=PASSWORD)

    assert not User.objects.filter(username="uli").exists()
    for model in (
        ReadingState,
        Session,
        ApiKey,
        Authenticator,
        UploaderRequest,
        Strike,
        LogEntry,
        AdminSession,
    ):
        assert not model.objects.exists(), model
    assert not EmailAddress.objects.filter(email__iexact="uli@example.test").exists()
    assert (Upload.objects.get().uploader, Upload.objects.get().state) == (None, "live")
    assert live.chapter.series.__class__.objects.get().created_by is None
    assert not Group.objects.get().members.exists()
    assert AuditEntry.objects.count() == acts + 1
    named = [str(entry.subject_label) for entry in AuditEntry.objects.all()]
    assert not [label for label in named if "uli" in label]
    assert AuditEntry.objects.get(action="warn").reason == "Be kind."
    assert AuditEntry.objects.get(action="withdraw").actor is None
    assert list_names(quarantine_storage(), "") == []


def test_an_email_says_goodbye_and_is_the_only_one(uploader_uli, moderator_mo):
    give_everything(uploader_uli, moderator_mo)
    User.objects.filter(pk=uploader_uli.pk).update(language="ru")

    delete_account(uploader_uli, password=PASSWORD)

    email = OutgoingEmail.objects.get()
    assert (email.kind, email.address, email.language) == ("goodbye", "uli@example.test", "ru")
    assert (email.user, email.params) == (None, {})


def test_a_public_picture_goes_with_its_person(reader_rina):
    User.objects.filter(pk=reader_rina.pk).update(date_joined=timezone.now() - timedelta(days=9))
    reader_rina.refresh_from_db()
    give_avatar(reader_rina)

    delete_account(reader_rina, password=PASSWORD)

    assert list_names(media_storage(), "") == []


def test_nothing_goes_where_something_fails(uploader_uli, moderator_mo, monkeypatch):
    give_everything(uploader_uli, moderator_mo)
    monkeypatch.setattr(account_deletion, "queue_email", lambda *_, **__: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        delete_account(uploader_uli, password=PASSWORD)

    assert Upload.objects.get().uploader == uploader_uli
    assert AuditEntry.objects.filter(subject_label="uli").exists()
    assert quarantine_storage().exists(User.objects.get(pk=uploader_uli.pk).avatar_draft)


def test_a_wrong_password_or_a_ban_keeps_everything(reader_rina, moderator_mo):
    with pytest.raises(Invalid) as caught:
        delete_account(reader_rina, password="wrong")
    assert list(caught.value.fields or ()) == ["password"]
    ban_user(User.objects.get(pk=reader_rina.pk), moderator=moderator_mo, reason="Spam.")

    with pytest.raises(Banned):
        delete_account(reader_rina, password=PASSWORD)

    assert User.objects.filter(pk=reader_rina.pk).exists()


def test_leaving_twice_at_once_is_leaving_once(uploader_uli, moderator_mo):
    give_everything(uploader_uli, moderator_mo)

    outcomes = run_at_once(*[partial(delete_account, uploader_uli, password=PASSWORD)] * 3)

    assert Counter(type(outcome) for outcome in outcomes) == {type(None): 1, InvalidToken: 2}
    assert OutgoingEmail.objects.filter(kind="goodbye").count() == 1
    assert AuditEntry.objects.filter(action="delete_account").count() == 1


def test_leaving_and_being_banned_at_once(reader_rina, moderator_mo):
    banning = partial(
        ban_user, User.objects.get(pk=reader_rina.pk), moderator=moderator_mo, reason="Spam."
    )

    left, banned = run_at_once(partial(delete_account, reader_rina, password=PASSWORD), banning)

    here = User.objects.filter(pk=reader_rina.pk).first()
    if here is None:
        assert (left, type(banned)) == (None, AlreadyDecided)
    else:
        assert (type(left), banned, here.is_banned) == (Banned, None, True)


def test_leaving_while_a_worker_extracts_the_upload(uploader_uli, moderator_mo):
    upload = make_upload(uploader=uploader_uli, state=UploadState.RECEIVED)

    outcomes = run_at_once(
        partial(delete_account, uploader_uli, password=PASSWORD),
        partial(extract_upload.run, upload.pk),
    )
    finish_due_work()

    assert outcomes == [None, None]
    upload.refresh_from_db()
    assert (upload.state, upload.uploader) == ("awaiting_review", None)
    assert find_leftovers() == []
    approve_upload(upload, moderator=moderator_mo)
    finish_due_work()
    assert find_leftovers() == []


def test_leaving_while_a_worker_finds_harm_in_the_upload(uploader_uli):
    hostile = make_chapter_zip(pages=2, extra_files={"003.png": b"MZ" + bytes(100)})
    upload = make_upload(uploader=uploader_uli, state=UploadState.RECEIVED, archive=hostile)

    outcomes = run_at_once(
        partial(delete_account, uploader_uli, password=PASSWORD),
        partial(extract_upload.run, upload.pk),
    )
    finish_due_work()

    assert outcomes == [None, None]
    upload.refresh_from_db()
    assert (upload.state, upload.uploader, upload.malicious) == ("failed", None, True)
    assert not Strike.objects.exists()
    assert find_leftovers() == []


def test_leaving_while_ones_zip_arrives(uploader_uli):
    series = make_title()
    file = SimpleUploadedFile("chapter.zip", make_chapter_zip(2), "application/zip")
    sending = partial(
        client_of(uploader_uli).post, f"/api/series/{series.path_slug}/chapters", {"file": file}
    )

    left, sent = run_at_once(partial(delete_account, uploader_uli, password=PASSWORD), sending)
    finish_due_work()

    assert left is None
    assert sent.status_code in (202, 401)
    assert Upload.objects.count() == (sent.status_code == 202)
    assert not Upload.objects.filter(uploader__isnull=False).exists()
    assert find_leftovers() == []


def test_leaving_while_one_does_something_else_is_a_coded_answer(reader_rina):
    live = make_upload_row(uploader=make_user("uli", "uploader"), series=make_title())
    client = client_of(reader_rina)
    turning = partial(
        client.put, f"/api/chapters/{live.chapter_id}/progress",
        {"page": 1, "changed_at": "2026-01-01T00:00:00Z"}, "json",
    )  # fmt: skip
    writing = partial(client_of(reader_rina).patch, "/api/auth/me", {"bio": "Bye."}, "json")

    left, turned, wrote = run_at_once(
        partial(delete_account, reader_rina, password=PASSWORD), turning, writing
    )

    assert left is None
    for answer in (turned, wrote):
        assert answer.status_code in (200, 401), answer.content
    assert not ReadingState.objects.exists()


def test_a_row_for_somebody_who_left_says_that_they_left(reader_rina, monkeypatch):
    live = make_upload_row(uploader=make_user("uli", "uploader"), series=make_title())
    client = client_of(reader_rina)
    saving = reading.save_progress

    def leave_first(*args, **words):
        delete_account(reader_rina, password=PASSWORD)
        return saving(*args, **words)

    monkeypatch.setattr(reading, "save_progress", leave_first)

    answer = client.put(
        f"/api/chapters/{live.chapter_id}/progress",
        {"page": 1, "changed_at": "2026-01-01T00:00:00Z"}, "json",
    )  # fmt: skip

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


def test_leaving_while_one_logs_in_elsewhere(reader_rina):
    logging_in = partial(open_session, User.objects.get(pk=reader_rina.pk))

    left, entered = run_at_once(partial(delete_account, reader_rina, password=PASSWORD), logging_in)

    assert left is None
    assert isinstance(entered, Tokens | InvalidToken)
    assert not Session.objects.exists()
