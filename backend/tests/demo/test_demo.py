"""`manage.py demo`: one run for all tests of it, then what it left."""

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings
from PIL import Image

from accounts.models import UploaderRequest, User
from accounts.roles.groups import roles_of
from catalog.models import Cover, Title
from catalog.search import search_titles
from demo import chapters, play
from demo.library import CATEGORIES, PEOPLE, PICTURES, TAGS, TITLES
from reader.models import Chapter, Page, ReadingState, Upload
from reader.states import UploadState
from safety.models import Case, ModeratorWarning, Report
from tracker.choices import ItemStatus
from tracker.models import LibraryItem, LibraryList

pytestmark = pytest.mark.django_db(transaction=True)

# A small part with every way that an upload of the demo can end.
_FEW = [
    next(demo for demo in chapters.CHAPTERS if demo.ends == "live" and demo.number is None),
    *(demo for demo in chapters.CHAPTERS if demo.ends != "live" and demo.series != "wake_up"),
]
_MAX_BYTES = 5_200_000  # of every clone, for ever


@pytest.fixture
def small_demo(settings, monkeypatch):
    settings.DEMO = True
    monkeypatch.setattr(play, "CHAPTERS", _FEW)
    monkeypatch.setattr(play, "_READ_SO_FAR", (("Yurt No. 7", None, 2, False, 1),))


def test_without_the_switch_no_account_is_made():
    with override_settings(DEMO=False), pytest.raises(CommandError):
        call_command("demo")

    assert not User.objects.exists()


def test_the_demo_walks_every_upload_to_its_end_and_repeats_nothing(small_demo):
    call_command("demo")

    ends = {
        "live": "live",
        "waiting": "awaiting_review",
        "rejected": "rejected",
        "failed": "failed",
    }
    found = dict(Upload.objects.values_list("filename", "state"))
    assert found == {demo.filename: ends[demo.ends] for demo in _FEW}
    assert Title.objects.all().public().count() == len(TITLES)
    assert Cover.objects.filter(small__isnull=False).count() == len(TITLES)
    assert [place.page for place in ReadingState.objects.all()] == [2]
    assert Case.objects.filter(state="open").count() == 3
    assert UploaderRequest.objects.filter(state="waiting").count() == 1
    assert set(LibraryItem.objects.values_list("status", flat=True)) == set(ItemStatus.values)
    counted = (Page, Chapter, Report, UploaderRequest, ModeratorWarning, LibraryItem, LibraryList)
    before = [model.objects.count() for model in counted]
    call_command("demo")
    assert [model.objects.count() for model in counted] == before


def test_each_account_has_its_role_and_the_public_password(small_demo, monkeypatch):
    monkeypatch.setattr(play, "CHAPTERS", ())
    monkeypatch.setattr(play, "TITLES", ())
    call_command("demo")

    roles = {user.username: roles_of(user)[-1] for user in User.objects.all()}
    assert roles == {
        "demo": "reader", "uploader": "uploader", "moderator": "moderator", "admin": "admin",
    }  # fmt: skip
    assert all(user.check_password("demo1234") for user in User.objects.all())


def test_a_cut_short_demo_is_finished_by_the_next_start(small_demo, monkeypatch):
    monkeypatch.setattr(play, "CHAPTERS", _FEW[:1])
    call_command("demo")
    User.objects.get(username="demo").delete()
    Upload.objects.update(state=UploadState.PUBLISHING)

    call_command("demo", if_empty=True)

    assert Upload.objects.get().state == UploadState.LIVE


def test_a_library_with_titles_of_its_own_is_left_alone(small_demo):
    Title.objects.create(name="Somebody's own", kind="manga")

    call_command("demo", if_empty=True)

    assert Title.objects.count() == 1
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "query", ["ワンステップ", "ван степ", "one step", "Жалгыз талаа", "wan step"]
)
def test_the_demo_is_found_in_every_script(small_demo, monkeypatch, query):
    monkeypatch.setattr(play, "CHAPTERS", ())
    monkeypatch.setattr(play, "TITLES", [demo for demo in TITLES if demo.name == "One Steppe"])
    call_command("demo")

    [found] = search_titles(query, among=Title.objects.all().public())
    assert Title.objects.get(pk=found).name == "One Steppe"


def test_every_word_of_the_demo_is_there_in_three_languages():
    for words in (*CATEGORIES.values(), *TAGS.values(), *(demo.synopsis for demo in TITLES)):
        assert set(words) == {"en", "ky", "ru"}
    for demo in TITLES:
        assert {"ky", "ru"} <= set(demo.names)
        assert set(demo.categories) <= set(CATEGORIES)
        assert set(demo.tags) <= set(TAGS)
        assert {*demo.people.values(), *(name for name, _part in demo.cast)} <= set(PEOPLE)


def test_every_picture_of_the_demo_is_used_and_all_are_small():
    used = [path for demo in TITLES for path in (demo.cover, *demo.screenshots)]
    used += [file for demo in chapters.CHAPTERS for file in demo.files]
    there = [path for path in PICTURES.rglob("*") if path.is_file()]

    assert sorted(there) == sorted(used)
    assert sum(path.stat().st_size for path in there) <= _MAX_BYTES


def test_the_demo_has_every_format_and_layout():
    formats = {file.suffix for demo in chapters.CHAPTERS for file in demo.files}
    with Image.open(PICTURES / "manas" / "2-en" / "004.png") as double_page:
        width, height = double_page.size

    assert formats == {".jpg", ".png", ".webp", ".avif", ".gif"}
    assert width > height
    assert any(demo.number == "10.5" for demo in chapters.CHAPTERS)
    assert len({demo.filename for demo in chapters.CHAPTERS}) == len(chapters.CHAPTERS)
