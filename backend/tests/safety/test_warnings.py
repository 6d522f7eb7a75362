"""Warnings and strikes by hand."""

import uuid

import pytest

from accounts.emails import KINDS
from accounts.models import AuditEntry, OutgoingEmail, Strike
from common.http.errors import AlreadyDecided, Forbidden, Invalid
from safety.models import ModeratorWarning
from safety.warnings import strike_user, warn_user
from tests.cast import client_of, make_user

pytestmark = pytest.mark.django_db


def test_a_warning_is_seen_logged_and_sent(uploader_uli, moderator_mo):
    warning = warn_user(uploader_uli, moderator=moderator_mo, text=" Credit the translators. ")
    api = client_of(uploader_uli)

    before = api.get("/api/warnings").json()["results"]
    answers = [api.post(f"/api/warnings/{warning.pk}/seen").status_code for _ in range(2)]
    after = api.get("/api/warnings").json()["results"]

    assert [(row["text"], row["seen_at"]) for row in before] == [("Credit the translators.", None)]
    assert answers == [204, 204]
    assert after[0]["seen_at"] is not None
    entry = AuditEntry.objects.get(action="warn")
    assert (entry.actor, entry.subject_id) == (moderator_mo, uploader_uli.pk)
    email = OutgoingEmail.objects.get(kind="warning")
    assert email.address == uploader_uli.email
    assert KINDS["warning"].write(email) is None  # it has been read on the site


def test_the_email_says_what_the_moderator_wrote(uploader_uli, moderator_mo):
    warn_user(uploader_uli, moderator=moderator_mo, text="Credit the translators.")

    text = KINDS["warning"].write(OutgoingEmail.objects.get())

    assert "Credit the translators." in text.body
    assert "mo" not in text.body.split()


def test_a_warning_of_somebody_else_is_not_there(uploader_uli, outsider_otto, moderator_mo):
    warning = warn_user(uploader_uli, moderator=moderator_mo, text="Be kind.")
    api = client_of(outsider_otto)

    assert api.post(f"/api/warnings/{warning.pk}/seen").status_code == 404
    assert api.get("/api/warnings").json() == {"results": []}


def test_one_form_sent_twice_is_one_act(uploader_uli, moderator_mo):
    key = uuid.uuid4()
    warn_user(uploader_uli, moderator=moderator_mo, text="Be kind.", form_key=key)
    strike_user(uploader_uli, moderator=moderator_mo, reason="Insults.", form_key=key)

    with pytest.raises(AlreadyDecided):
        warn_user(uploader_uli, moderator=moderator_mo, text="Be kind.", form_key=key)
    with pytest.raises(AlreadyDecided):
        strike_user(uploader_uli, moderator=moderator_mo, reason="Insults.", form_key=key)

    assert (
        ModeratorWarning.objects.count(),
        Strike.objects.count(),
        OutgoingEmail.objects.count(),
    ) == (1, 1, 1)
    assert list(AuditEntry.objects.order_by("pk").values_list("action", flat=True)) == [
        "warn", "strike",
    ]  # fmt: skip


def test_strikes_by_hand_count_to_the_ban(uploader_uli, moderator_mo, settings):
    settings.STRIKES_TO_BAN = 2

    has_banned = [
        strike_user(uploader_uli, moderator=moderator_mo, reason=reason)
        for reason in ("Insults.", "Threats.")
    ]

    assert (has_banned, uploader_uli.is_banned) == ([False, True], True)
    strikes = Strike.objects.order_by("pk").values_list("code", "reason")
    assert list(strikes) == [("manual", "Insults."), ("manual", "Threats.")]


@pytest.mark.parametrize("act", [warn_user, strike_user])
def test_only_moderators_act_and_not_on_their_like(act, uploader_uli, moderator_mo, admin_aida):
    words = {"text": "x"} if act is warn_user else {"reason": "x"}
    peer = make_user("max", "moderator")

    for who, by in ((uploader_uli, make_user("rina")), (peer, moderator_mo), (peer, peer)):
        with pytest.raises(Forbidden):
            act(who, moderator=by, **words)
    with pytest.raises(Invalid):
        act(uploader_uli, moderator=moderator_mo, **dict.fromkeys(words, " "))
    act(peer, moderator=admin_aida, **words)

    assert ModeratorWarning.objects.count() + Strike.objects.count() == 1
