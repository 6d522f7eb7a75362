"""Searching and sorting lists of the admin: no case in any alphabet, Ё after Е and not after Я."""

import re

import pytest

from accounts.models import AuditEntry, User
from catalog.models import Person
from common.names import order_key
from reader.models import Chapter, Group, Volume
from tests.cast import make_title, make_upload_row, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def names(uploader_uli):
    """One row of everything that has a Cyrillic name, its capitals typed in the middle of it."""
    series = make_title("Болот")
    upload = make_upload_row(uploader=uploader_uli, series=series, pages=0)
    upload.filename = "Глава Ёлка.zip"
    upload.save(update_fields=["filename"])
    Chapter.objects.filter(pk=upload.chapter_id).update(title="Кар Жаады")
    Volume.objects.create(series=series, number=1, title="Кыш")
    Group.objects.create(name="Түн Скан", slug="tun-skan")
    Person.objects.create(name="Чыңгыз", slug="chyngyz")
    User.objects.filter(pk=make_user("Нурлан").pk).update(display_name="Нур Ага")
    AuditEntry.objects.create(
        action="ban", subject_type="user", subject_id=1, subject_label="Өмүр", reason="Жаман"
    )


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("reader/upload", ("глава", "ЁЛКА", "Ёлка", "болот")),
        ("reader/chapter", ("кар жаады", "БОЛОТ")),
        ("reader/volume", ("КЫШ", "болот")),
        ("reader/group", ("ТҮН", "скан")),
        ("catalog/person", ("ЧЫҢГЫЗ",)),
        ("accounts/user", ("нурлан", "НУР АГА")),
        ("safety/member", ("НУРЛАН", "ага")),
        ("accounts/auditentry", ("өмүр", "ЖАМАН")),
    ],
)
def test_lists_are_searched_without_case(page, words, names, log_in, admin_aida):
    browser = log_in(admin_aida)

    found = {
        word: len(browser.get(f"/admin/{page}/", {"q": word}).context["cl"].result_list)
        for word in (*words, "нетакого")
    }

    assert found == {**dict.fromkeys(words, 1), "нетакого": 0}


def test_names_sort_by_the_alphabet(log_in, admin_aida):
    for name in ("Яна", "ёлка", "Ена", "Жан", "Өзүм", "Ода", "Пери"):
        Group.objects.create(name=name, slug=order_key(name).hex())
        Person.objects.create(name=name, slug=order_key(name).hex())
    browser = log_in(admin_aida)

    groups = browser.get("/admin/reader/group/").context["cl"].result_list
    people = browser.get("/admin/catalog/person/", {"o": "-1"}).context["cl"].result_list

    in_order = ["Ена", "ёлка", "Жан", "Ода", "Өзүм", "Пери", "Яна"]
    assert [group.name for group in groups] == in_order
    assert [person.name for person in people] == in_order[::-1]


def test_the_review_says_which_work_would_be_replaced(log_in, moderator_mo, uploader_uli):
    series = make_title()
    volume = Volume.objects.create(series=series, number=1)
    live = make_upload_row(uploader=uploader_uli, series=series, number=1, volume=volume, pages=1)
    Chapter.objects.filter(pk=live.chapter_id).update(title="Dawn")
    other = live.chapter.uploads.create(
        uploader=uploader_uli, state="awaiting_review", filename="b.zip", archive_bytes=1,
        archive_sha256="b" * 64, volume_number=2, title="Dusk",
    )  # fmt: skip

    page = log_in(moderator_mo).get(f"/admin/reader/upload/{other.pk}/review/").content.decode()

    warning = re.search(r'id="replaces".*?</p>', page, re.DOTALL)
    assert warning is not None
    assert "vol. 1 #1 «Dawn»" in warning[0]
