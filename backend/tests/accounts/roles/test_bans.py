"""Bans and strikes: who may, how long, and what is written down."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.auth.api_keys import make_key
from accounts.auth.authority import refuse_banned
from accounts.emails import send_email
from accounts.models import ApiKey, AuditEntry, OutgoingEmail, User
from accounts.roles.bans import add_strike, ban_user, lift_ban
from common.http.errors import AlreadyDecided, AppError, Forbidden
from tests.cast import PASSWORD, make_user

pytestmark = pytest.mark.django_db


def test_a_ban_is_logged_with_who_and_why(uploader_uli, moderator_mo):
    ban_user(uploader_uli, moderator=moderator_mo, reason="Spam.")
    lift_ban(uploader_uli, moderator=moderator_mo, reason="Sorry.")

    entries = AuditEntry.objects.order_by("pk").values_list(
        "actor__username", "action", "subject_id", "from_state", "to_state", "reason"
    )
    assert list(entries) == [
        ("mo", "ban", uploader_uli.pk, "free", "banned", "Spam."),
        ("mo", "lift_ban", uploader_uli.pk, "banned", "free", "Sorry."),
    ]


def test_a_ban_raises_the_epoch(uploader_uli, moderator_mo):
    before = uploader_uli.epoch

    ban_user(uploader_uli, moderator=moderator_mo, reason="Spam.")

    assert uploader_uli.epoch == before + 1
    with pytest.raises(AppError, match="Spam"):
        refuse_banned(uploader_uli)


def test_a_ban_with_an_end_says_until_when(uploader_uli, moderator_mo):
    until = timezone.now() + timedelta(days=3)
    ban_user(uploader_uli, moderator=moderator_mo, reason="Spam.", until=until)

    with pytest.raises(AppError, match=f"until {until:%Y-%m-%d}"):
        refuse_banned(uploader_uli)


def test_a_ban_in_force_is_not_set_twice(uploader_uli, moderator_mo, moderator_max):
    ban_user(uploader_uli, moderator=moderator_mo, reason="Spam.")

    with pytest.raises(AlreadyDecided):
        ban_user(uploader_uli, moderator=moderator_max, reason="Me too.")

    uploader_uli.refresh_from_db()
    assert uploader_uli.ban_reason == "Spam."


IN_A_DAY, IN_A_WEEK = timedelta(days=1), timedelta(days=7)


@pytest.mark.parametrize("longer", [IN_A_WEEK, None])
def test_a_ban_can_be_made_longer(longer, uploader_uli, moderator_mo, moderator_max):
    now = timezone.now()
    ban_user(uploader_uli, moderator=moderator_mo, reason="Spam.", until=now + IN_A_DAY)
    until = now + longer if longer else None

    ban_user(uploader_uli, moderator=moderator_max, reason="Threats.", until=until)

    assert (uploader_uli.ban_reason, uploader_uli.banned_until) == ("Threats.", until)
    entry = AuditEntry.objects.latest("pk")
    assert (entry.actor, entry.action, entry.reason) == (moderator_max, "ban", "Threats.")
    assert (entry.from_state, entry.to_state) == ("banned", "banned")


@pytest.mark.parametrize(
    ("first", "second"), [(IN_A_WEEK, IN_A_WEEK), (IN_A_WEEK, IN_A_DAY), (None, IN_A_WEEK)]
)
def test_a_ban_never_gets_shorter(first, second, uploader_uli, moderator_mo, moderator_max):
    now = timezone.now()
    until = now + first if first else None
    ban_user(uploader_uli, moderator=moderator_mo, reason="Spam.", until=until)

    with pytest.raises(AlreadyDecided):
        ban_user(uploader_uli, moderator=moderator_max, reason="Me too.", until=now + second)

    uploader_uli.refresh_from_db()
    assert (uploader_uli.ban_reason, uploader_uli.banned_until) == ("Spam.", until)
    assert AuditEntry.objects.count() == 1


def test_a_ban_that_lapsed_can_be_set_again(uploader_uli, moderator_mo):
    past = timezone.now() - timedelta(seconds=1)
    ban_user(uploader_uli, moderator=moderator_mo, reason="Spam.", until=past)
    assert not uploader_uli.is_banned

    ban_user(uploader_uli, moderator=moderator_mo, reason="Again.")

    assert uploader_uli.is_banned


def test_who_is_not_banned_cannot_be_freed(uploader_uli, moderator_mo):
    with pytest.raises(AlreadyDecided):
        lift_ban(uploader_uli, moderator=moderator_mo, reason="Sorry.")


@pytest.mark.parametrize("role", ["reader", "uploader"])
def test_only_moderators_ban(role, reader_rina):
    somebody = make_user("somebody", role)

    with pytest.raises(Forbidden):
        ban_user(reader_rina, moderator=somebody, reason="No.")


def test_nobody_bans_themselves_or_their_peers(moderator_mo, moderator_max, admin_aida):
    for whom in (moderator_mo, moderator_max, admin_aida):
        with pytest.raises(Forbidden):
            ban_user(whom, moderator=moderator_mo, reason="No.")


def test_an_admin_may_ban_a_moderator(moderator_mo, admin_aida):
    ban_user(moderator_mo, moderator=admin_aida, reason="Misuse.")

    moderator_mo.refresh_from_db()
    assert moderator_mo.is_banned


def test_a_ban_ends_a_browser_session(moderator_mo, admin_aida):
    browser = Client()
    browser.force_login(moderator_mo)
    assert browser.get("/admin/nothing/").status_code == 404

    ban_user(moderator_mo, moderator=admin_aida, reason="Misuse.")

    assert browser.get("/admin/nothing/").status_code == 302


def test_one_upload_is_one_strike(uploader_uli):
    for _time in range(5):
        add_strike(uploader_uli, code="symlink", subject="upload:1")

    uploader_uli.refresh_from_db()
    assert uploader_uli.strikes.count() == 1
    assert not uploader_uli.is_banned


def test_the_program_signs_its_own_bans(uploader_uli, settings):
    for number in range(settings.STRIKES_TO_BAN):
        add_strike(uploader_uli, code="symlink", subject=f"upload:{number}")

    entry = AuditEntry.objects.get(action="ban")
    assert (entry.actor, entry.subject_id) == (None, uploader_uli.pk)
    assert entry.reason


def strike_to_the_ban(user, settings) -> list[bool]:
    """Return of each strike whether it banned."""
    return [
        add_strike(user, code="symlink", subject=f"upload:{number}").has_banned
        for number in range(settings.STRIKES_TO_BAN)
    ]


def test_strikes_of_one_who_is_banned_for_good_change_nothing(uploader_uli, moderator_mo, settings):
    ban_user(uploader_uli, moderator=moderator_mo, reason="Spam.")

    assert not any(strike_to_the_ban(uploader_uli, settings))

    uploader_uli.refresh_from_db()
    assert uploader_uli.ban_reason == "Spam."


def test_a_short_ban_is_no_shield_from_the_ban_of_many_strikes(
    uploader_uli, moderator_mo, settings
):
    until = timezone.now() + timedelta(hours=1)
    ban_user(uploader_uli, moderator=moderator_mo, reason="Calm down.", until=until)

    *before, last = strike_to_the_ban(uploader_uli, settings)

    assert (any(before), last) == (False, True)
    assert (uploader_uli.banned_until, uploader_uli.ban_reason) == (
        None, "Several malicious uploads.",
    )  # fmt: skip


# --- Strikes of staff, and of who was freed -----------------------------------------------------


def strike_three_times(user, *, first=1, **how):
    return [
        add_strike(user, code="symlink", subject=f"upload:{number}", **how)
        for number in range(first, first + 3)
    ]


@pytest.mark.parametrize("role", ["moderator", "admin"])
def test_staff_are_never_banned_by_their_uploads(role, admin_aida):
    staff = make_user("staff", role)
    key, _text = make_key(
        staff, name="Tachiyomi", scopes=["upload"], expires_in_days=None, password=PASSWORD
    )
    other, _text = make_key(
        staff, name="OPDS", scopes=["read"], expires_in_days=None, password=PASSWORD
    )
    staff.key_scopes, staff.used_key_id = ("upload",), key.pk
    OutgoingEmail.objects.all().delete()

    counted = strike_three_times(staff, key_id=key.pk)

    assert [strike.has_banned for strike in counted] == [False] * 3
    assert not User.objects.get(pk=staff.pk).is_banned
    assert list(ApiKey.objects.values_list("pk", flat=True)) == [other.pk]
    entry = AuditEntry.objects.get(action="spare_staff")
    assert (entry.subject_id, entry.actor, entry.to_state) == (staff.pk, None, "key ended")
    assert set(OutgoingEmail.objects.values_list("kind", "user__username")) == {
        ("staff_spared", "staff"),
        ("staff_spared", "aida"),
    }


def test_a_superuser_without_a_role_is_not_banned_either(db):
    root = User.objects.create_superuser("root", "root@example.test", PASSWORD)

    strike_three_times(root)

    root.refresh_from_db()
    assert not root.is_banned


def test_the_email_about_staff_names_the_key(admin_aida, mailoutbox, monkeypatch):
    key, _text = make_key(
        admin_aida, name="Tachiyomi", scopes=["upload"], expires_in_days=None, password=PASSWORD
    )
    strike_three_times(admin_aida, key_id=key.pk)
    sent = OutgoingEmail.objects.get(kind="staff_spared")

    send_email.run(sent.pk)

    [mail] = mailoutbox
    assert mail.subject.endswith("Malicious uploads of aida")
    assert f"Tachiyomi (…{key.hint})" in mail.body


def test_a_lift_lifts_the_strikes_before_it(uploader_uli, moderator_mo):
    strike_three_times(uploader_uli)
    uploader_uli.refresh_from_db()
    assert uploader_uli.is_banned
    lift_ban(uploader_uli, moderator=moderator_mo, reason="Their phone was stolen.")

    one_more = add_strike(uploader_uli, code="symlink", subject="upload:4")

    assert (one_more.is_new, one_more.has_banned) == (True, False)
    uploader_uli.refresh_from_db()
    assert not uploader_uli.is_banned
    assert strike_three_times(uploader_uli, first=5)[1].has_banned
