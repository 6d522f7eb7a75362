"""What people say about themselves, and who sees it."""

import pytest
from django.contrib.auth.models import AnonymousUser
from hypothesis import given
from hypothesis import strategies as st

from accounts.auth.authority import Banned
from accounts.auth.sessions import InvalidToken
from accounts.models import User
from accounts.profile.profiles import clean_display_name, edit_profile, find_profile
from accounts.roles.bans import ban_user
from common.http.errors import Invalid
from tests.cast import make_user

pytestmark = pytest.mark.django_db


def test_a_profile_is_kept_as_it_was_written(reader_rina):
    edit_profile(
        reader_rina,
        display_name=" Рина ",
        bio="Окуйм.\r\nПишу. 👩‍🎨",
        time_zone="Asia/Bishkek",
        language="ky",
        hidden_ratings=["pornographic", "erotica"],
        reading_direction="strip",
        data_saver=None,
    )

    kept = User.objects.get(pk=reader_rina.pk)
    assert (kept.display_name, kept.bio) == ("Рина", "Окуйм.\nПишу. 👩‍🎨")
    assert (kept.time_zone, kept.language) == ("Asia/Bishkek", "ky")
    assert kept.hidden_ratings == ["erotica", "pornographic"]
    assert (kept.reading_direction, kept.data_saver) == ("strip", None)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("display_name", "a\u202eb"),
        ("display_name", "a\u200bb"),
        ("display_name", "a\nb"),
        ("display_name", "\u3164\u3164"),
        ("display_name", "Z" + "\u0300" * 4),
        ("display_name", "admin"),
        ("display_name", "Аdmin"),
        ("display_name", "M o"),
        ("display_name", "МО"),
        ("display_name", "x" * 61),
        ("bio", "a\x07"),
        ("bio", "a\u202eb"),
        ("bio", "x" * 1001),
        ("time_zone", "../../etc/passwd"),
        ("time_zone", "Mars/Olympus"),
        ("language", "fr"),
        ("visibility", "nobody"),
        ("hidden_ratings", ["safe", "rude"]),
        ("reading_fit", "huge"),
    ],
)
def test_what_cannot_be_is_refused_by_its_field(column, value, reader_rina, moderator_mo):
    with pytest.raises(Invalid) as caught:
        edit_profile(reader_rina, bio="kept?") if column == "" else edit_profile(
            reader_rina, **{"language": "ru", column: value}
        )

    assert list(caught.value.fields) == [column.replace("reading_", "reading.")]
    assert User.objects.get(pk=reader_rina.pk).language == "en"


def test_ones_own_name_is_no_disguise(reader_rina):
    edit_profile(reader_rina, display_name="RINA")

    assert User.objects.get(pk=reader_rina.pk).display_name == "RINA"


@pytest.mark.parametrize("column", ["is_staff", "is_superuser", "username", "email", "id", "epoch"])
def test_nothing_else_is_ever_written(column, reader_rina):
    with pytest.raises(TypeError):
        edit_profile(reader_rina, **{column: 1})


def test_who_is_banned_or_gone_writes_nothing(reader_rina, moderator_mo, uploader_uli):
    ban_user(reader_rina, moderator=moderator_mo, reason="Spam.")
    User.objects.filter(pk=uploader_uli.pk).delete()

    with pytest.raises(Banned):
        edit_profile(reader_rina, bio="Hello")
    with pytest.raises(InvalidToken):
        edit_profile(uploader_uli, bio="Hello")


@given(st.text(max_size=70))
def test_a_display_name_that_is_taken_stays_as_it_is_when_sent_again(name):
    user = User(pk=0, username="rina", username_key="rina")
    try:
        kept = clean_display_name(name, user=user)
    except Invalid:
        return
    assert clean_display_name(kept, user=user) == kept
    assert len(kept) <= 60


@pytest.mark.parametrize(
    ("visibility", "seen_by"),
    [
        ("public", {"stranger", "member", "oneself", "moderator"}),
        ("members", {"member", "oneself", "moderator"}),
        ("private", {"oneself", "moderator"}),
    ],
)
def test_a_profile_is_seen_by_whom_it_is_for(visibility, seen_by, reader_rina, moderator_mo):
    edit_profile(reader_rina, visibility=visibility)
    viewers = {
        "stranger": AnonymousUser(),
        "member": make_user("otto"),
        "oneself": reader_rina,
        "moderator": moderator_mo,
    }

    found = {name for name, who in viewers.items() if find_profile("Rina", viewer=who)}

    assert found == seen_by


@pytest.mark.parametrize("username", ["rіna", "r1na", "rin", "", "\x00", "rina\x00", "х" * 60])
def test_only_the_very_person_is_found(username, reader_rina):
    assert find_profile(username, viewer=AnonymousUser()) is None


def test_who_was_switched_off_is_not_found(reader_rina, moderator_mo):
    User.objects.filter(pk=reader_rina.pk).update(is_active=False)

    assert find_profile("rina", viewer=moderator_mo) is None
