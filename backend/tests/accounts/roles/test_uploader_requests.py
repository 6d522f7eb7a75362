"""Asking to upload, and being trusted."""

import pytest

from accounts.emails import KINDS
from accounts.models import AuditEntry, OutgoingEmail, User
from accounts.roles.bans import ban_user
from accounts.roles.groups import roles_of
from accounts.roles.uploader_requests import (
    AlreadyAsked,
    ask_to_upload,
    grant_request,
    newest_request,
    refuse_request,
    set_trusted,
    unset_trusted,
)
from common.http.errors import AlreadyDecided, AppError, Forbidden
from tests.cast import make_user

pytestmark = pytest.mark.django_db


def fresh(user: User) -> User:
    return User.objects.get(pk=user.pk)


def test_a_reader_who_is_granted_uploads(reader_rina, moderator_mo):
    asked = ask_to_upload(reader_rina, text=" I translate. ")

    grant_request(asked, moderator=moderator_mo, answer="Welcome.")

    assert fresh(reader_rina).has_perm("reader.submit_upload")
    newest = newest_request(reader_rina)
    assert newest is not None
    assert (newest.state, newest.text, newest.answer) == ("granted", "I translate.", "Welcome.")
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.action, entry.subject_id, entry.reason) == (
        moderator_mo, "grant_uploader", reader_rina.pk, "Welcome.",
    )  # fmt: skip


def test_who_is_refused_may_ask_again(reader_rina, moderator_mo):
    refuse_request(ask_to_upload(reader_rina, text="x"), moderator=moderator_mo, answer="Not yet.")

    again = ask_to_upload(reader_rina, text="y")

    assert newest_request(reader_rina) == again
    assert not fresh(reader_rina).has_perm("reader.submit_upload")


def test_one_request_waits(reader_rina):
    ask_to_upload(reader_rina, text="x")

    with pytest.raises(AlreadyAsked):
        ask_to_upload(reader_rina, text="y")


def test_uploaders_moderators_unconfirmed_and_banned_do_not_ask(uploader_uli, moderator_mo):
    nina = make_user("nina", confirmed=False)
    boris = make_user("boris")
    ban_user(boris, moderator=moderator_mo, reason="Spam.")

    codes = []
    for user in (uploader_uli, moderator_mo, nina, boris):
        with pytest.raises(AppError) as refusal:
            ask_to_upload(user, text="x")
        codes.append(refusal.value.code)

    assert codes == ["already_decided", "already_decided", "unconfirmed", "banned"]


@pytest.mark.parametrize("decide", [grant_request, refuse_request])
def test_a_request_is_decided_once(decide, reader_rina, moderator_mo, moderator_max):
    asked = ask_to_upload(reader_rina, text="x")
    decide(asked, moderator=moderator_mo)

    with pytest.raises(AlreadyDecided):
        decide(asked, moderator=moderator_max)

    assert AuditEntry.objects.count() == 1


@pytest.mark.parametrize("role", ["reader", "uploader", "trusted"])
@pytest.mark.parametrize("decide", [grant_request, refuse_request])
def test_only_moderators_decide(decide, role, reader_rina):
    asked = ask_to_upload(reader_rina, text="x")

    with pytest.raises(Forbidden):
        decide(asked, moderator=make_user("somebody", role))

    assert newest_request(reader_rina).state == "waiting"


def test_a_banned_person_is_not_granted(reader_rina, moderator_mo):
    asked = ask_to_upload(reader_rina, text="x")
    ban_user(reader_rina, moderator=moderator_mo, reason="Spam.")
    asked.refresh_from_db()

    with pytest.raises(Forbidden):
        grant_request(asked, moderator=moderator_mo)


def test_trust_is_given_and_taken(uploader_uli, moderator_mo):
    set_trusted(uploader_uli, moderator=moderator_mo)
    assert fresh(uploader_uli).has_perm("reader.skip_review")

    unset_trusted(uploader_uli, moderator=moderator_mo)

    assert not fresh(uploader_uli).has_perm("reader.skip_review")
    assert roles_of(uploader_uli) == ["reader", "uploader"]
    actions = AuditEntry.objects.order_by("pk").values_list("action", "to_state")
    assert list(actions) == [("trust", "trusted"), ("untrust", "uploader")]


def test_trust_is_for_uploaders_only_and_given_once(reader_rina, uploader_uli, moderator_mo):
    with pytest.raises(Forbidden):
        set_trusted(reader_rina, moderator=moderator_mo)
    with pytest.raises(AlreadyDecided):
        unset_trusted(uploader_uli, moderator=moderator_mo)
    set_trusted(uploader_uli, moderator=moderator_mo)
    with pytest.raises(AlreadyDecided):
        set_trusted(fresh(uploader_uli), moderator=moderator_mo)


def test_nobody_trusts_themselves(moderator_mo, uploader_uli, outsider_otto):
    for moderator, user in ((moderator_mo, moderator_mo), (uploader_uli, outsider_otto)):
        with pytest.raises(Forbidden):
            set_trusted(user, moderator=moderator)


@pytest.mark.parametrize(
    ("decide", "subject"),
    [(grant_request, "You may upload now"), (refuse_request, "Your request to upload")],
)
def test_the_answer_comes_by_email(decide, subject, reader_rina, moderator_mo):
    decide(ask_to_upload(reader_rina, text="x"), moderator=moderator_mo, answer="Use PNG.")

    row = OutgoingEmail.objects.get()
    text = KINDS[row.kind].write(row)
    assert (row.address, text.subject) == ("rina@example.test", subject)
    assert "Use PNG." in text.body
