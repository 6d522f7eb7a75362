"""/api/users/{username}: what others see of a person."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.roles.bans import ban_user
from catalog.choices import Moderation
from catalog.models import Title
from reader.models import Group
from reader.states import UploadState
from tests.cast import client_of, give_avatar, make_title, make_upload_row

pytestmark = pytest.mark.django_db


def profile_of(username, viewer=None):
    return client_of(viewer).get(f"/api/users/{username}")


def set_picture(user, *, days_old):
    joined = timezone.now() - timedelta(days=days_old)
    User.objects.filter(pk=user.pk).update(date_joined=joined)
    user.refresh_from_db()
    give_avatar(user)


def test_others_see_what_is_meant_for_them_and_nothing_else(uploader_uli):
    User.objects.filter(pk=uploader_uli.pk).update(bio="I translate.", display_name="Uli K.")
    series = make_title()
    make_upload_row(uploader=uploader_uli, series=series)
    second = make_upload_row(uploader=uploader_uli, series=make_title("Late"), language="ky")
    Title.objects.filter(name="Late").update(content_rating="erotica", names={"ky": "Кеч"})
    make_upload_row(uploader=uploader_uli, series=series, state=UploadState.AWAITING_REVIEW)
    Group.objects.create(name="Steppe", slug="steppe").members.add(uploader_uli)
    Group.objects.create(name="Other", slug="other")
    hidden = make_title("Secret", moderation=Moderation.PENDING)
    make_upload_row(uploader=uploader_uli, series=hidden)

    answer = profile_of("ULI")

    body = answer.json()
    assert body.pop("created_at").endswith("Z")
    latest = body.pop("latest_uploads")
    assert [row["series"]["name"] for row in latest] == ["Late", "Naruto"]
    assert (latest[0]["id"], latest[0]["language"]) == (second.chapter_id, "ky")
    assert latest[0]["series"]["names"] == {"ky": "Кеч"}
    shown = profile_of("uli?rating=safe,suggestive").json()
    assert [row["series"]["name"] for row in shown["latest_uploads"]] == ["Naruto"]
    assert shown["uploads_live"] == 2
    assert body == {
        "id": uploader_uli.pk,
        "username": "uli",
        "display_name": "Uli K.",
        "bio": "I translate.",
        "avatar_url": None,
        "roles": ["reader", "uploader"],
        "uploads_live": 2,
        "series_live": 2,
        "groups": [{"slug": "steppe", "name": "Steppe"}],
    }
    assert answer["Cache-Control"] == "private, no-store"


def test_a_new_accounts_picture_is_for_members(uploader_uli, reader_rina):
    set_picture(uploader_uli, days_old=1)

    assert profile_of("uli").json()["avatar_url"] is None
    assert "signature=" in profile_of("uli", reader_rina).json()["avatar_url"].lower()


def test_an_old_accounts_picture_is_for_everybody(uploader_uli, settings):
    set_picture(uploader_uli, days_old=8)

    assert profile_of("uli").json()["avatar_url"].startswith(settings.MEDIA_URL)


def test_a_banned_person_shows_no_words_and_no_picture(uploader_uli, reader_rina, moderator_mo):
    User.objects.filter(pk=uploader_uli.pk).update(bio="Buy this.", display_name="Buy")
    set_picture(uploader_uli, days_old=8)
    ban_user(uploader_uli, moderator=moderator_mo, reason="Spam.")

    body = profile_of("uli", reader_rina).json()

    assert (body["display_name"], body["bio"], body["avatar_url"]) == ("", "", None)
    assert "Spam" not in str(body)


@pytest.mark.parametrize("username", ["nobody", "r%D1%96na", "a%2Fb", "%00", "%F0%9F%98%80", "."])
def test_who_is_not_here_is_not_found(username, reader_rina):
    answer = profile_of(username)

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_private_profile_looks_like_none(reader_rina, uploader_uli):
    User.objects.filter(pk=reader_rina.pk).update(visibility="private")

    assert profile_of("rina", uploader_uli).content == profile_of("nobody", uploader_uli).content
    assert profile_of("rina", reader_rina).status_code == 200


def test_a_profile_costs_few_queries(uploader_uli, django_assert_max_num_queries):
    series = make_title()
    for _ in range(3):
        make_upload_row(uploader=uploader_uli, series=series)
    with django_assert_max_num_queries(5):
        profile_of("uli")
