"""Series, titles, people and words in the admin, and what follows a change."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from accounts.models import AuditEntry
from catalog.covers import set_cover
from catalog.models import Artist, Author, Category, Credit, OldSlug, Person, Tag, Title
from catalog.search import search_titles
from common.models import Job, MediaFile
from reader.models import Series
from reader.states import UploadState
from tests.cast import client_of, make_title, make_upload

pytestmark = pytest.mark.django_db
SERIES = "/admin/reader/series/"
NO_ROWS = {"TOTAL_FORMS": "0", "INITIAL_FORMS": "0"}
ALIASES = "catalog-alias-content_type-object_id"


def form_of(title: Title | None = None, **words: str) -> dict[str, str]:
    """The form of a series as a browser sends it, with `words` changed."""
    form = {
        "kind": title.kind if title else "manga", "name": title.name if title else "Yurt",
        "original_name": "", "status": "ongoing", "content_rating": "safe", "year": "",
        "original_language": "", "direction": "", "length": "", "site_url": "", "format": "",
        "anilist_id": "", "mal_id": "", "mangadex_id": "", "duration_minutes": "",
        "synopsis_en": "", "synopsis_ky": "", "synopsis_ru": "",
    }  # fmt: skip
    for prefix in (ALIASES, "credits"):
        form |= {f"{prefix}-{name}": value for name, value in NO_ROWS.items()}
    return form | words


def picture(color: str = "#336699") -> SimpleUploadedFile:
    buffer = io.BytesIO()
    Image.new("RGB", (200, 300), color).save(buffer, "JPEG")
    return SimpleUploadedFile("cover.jpg", buffer.getvalue(), content_type="image/jpeg")


def found(query: str) -> list[int]:
    return search_titles(query, among=Title.objects.all())


def test_a_new_series_is_a_draft_of_who_made_it(log_in, moderator_mo):
    log_in(moderator_mo).post(f"{SERIES}add/", form_of(synopsis_ky="Боз үй", synopsis_en="A yurt"))

    series = Series.objects.get()
    assert (series.moderation, series.created_by) == ("draft", moderator_mo)
    assert series.synopsis == {"en": "A yurt", "ky": "Боз үй"}
    assert found("yurt") == [series.pk]
    assert AuditEntry.objects.get().action == "create_title"


@pytest.mark.django_db(transaction=True)  # lists are forgotten on commit
def test_publishing_gives_an_address_and_shows_it_at_once(log_in, moderator_mo):
    series = make_title("Боз үй", moderation="draft", approved_at=None)
    assert client_of(None).get("/api/series").json()["results"] == []

    log_in(moderator_mo).post(f"{SERIES}{series.pk}/decide/", {"decision": "publish"})

    [row] = client_of(None).get("/api/series").json()["results"]
    assert row["slug"] == "boz-uy"


def test_publishing_counts_the_chapters_that_are_live(log_in, moderator_mo, uploader_uli):
    live = make_upload(uploader=uploader_uli, state=UploadState.LIVE)
    address = f"{SERIES}{live.chapter.series_id}/decide/"
    browser = log_in(moderator_mo)

    browser.post(address, {"decision": "unpublish"})
    hidden = Title.objects.get().chapter_count
    browser.post(address, {"decision": "publish"})

    assert (hidden, Title.objects.get().chapter_count) == (0, 1)


def test_a_series_is_not_decided_about_without_its_chapters(log_in, moderator_mo, uploader_uli):
    live = make_upload(uploader=uploader_uli, state=UploadState.LIVE)
    browser, pk = log_in(moderator_mo), live.chapter.series_id
    words = {"decision": "reject", "reason": "Stolen."}

    by_the_other_page = browser.post(f"/admin/catalog/title/{pk}/decide/", words)
    before = Title.objects.get().moderation
    browser.post(f"{SERIES}{pk}/decide/", words)

    assert (by_the_other_page.status_code, before) == (302, "approved")
    assert Title.objects.get().moderation == "rejected"
    live.refresh_from_db()
    assert (live.state, live.reason) == (UploadState.TAKEN_DOWN, "Stolen.")


def test_an_address_made_anew_leaves_the_old_one_redirecting(log_in, moderator_mo):
    series = make_title("Old", moderation="draft", approved_at=None)
    browser = log_in(moderator_mo)
    browser.post(f"{SERIES}{series.pk}/decide/", {"decision": "publish"})
    browser.post(f"{SERIES}{series.pk}/change/", form_of(series, name="New"))

    browser.post(f"{SERIES}{series.pk}/decide/", {"decision": "readdress"})

    series.refresh_from_db()
    assert (series.slug, OldSlug.objects.get().slug) == ("new", "old")


def test_another_title_never_takes_an_old_address(log_in, moderator_mo):
    OldSlug.objects.create(title=make_title("Something else"), slug="yurt")
    series = make_title("Yurt", moderation="draft", approved_at=None)

    log_in(moderator_mo).post(f"{SERIES}{series.pk}/decide/", {"decision": "publish"})

    series.refresh_from_db()
    assert series.slug == "yurt-2"


def test_names_aliases_and_people_changed_are_found_at_once(log_in, moderator_mo):
    series = make_title("Yurt")
    who = Person.objects.create(name="Chingiz Torokul", slug="chingiz-torokul")
    rows = {
        f"{ALIASES}-TOTAL_FORMS": "1", f"{ALIASES}-0-name": "Kiyiz Dunyo",
        f"{ALIASES}-0-language": "ky", "credits-TOTAL_FORMS": "1",
        "credits-0-person": str(who.pk), "credits-0-role": "author",
    }  # fmt: skip

    log_in(moderator_mo).post(
        f"{SERIES}{series.pk}/change/", form_of(series, name="Felt World", **rows)
    )

    assert found("felt world") == found("kiyiz dunyo") == found("torokul") == [series.pk]
    assert found("yurt") == []
    edit = AuditEntry.objects.get(action="edit_title")
    assert edit.reason == "name, alias, credit"


def test_a_synopsis_keeps_languages_that_have_no_field(log_in, moderator_mo):
    series = make_title("Yurt", synopsis={"de": "Eine Jurte", "en": "A yurt"})

    log_in(moderator_mo).post(f"{SERIES}{series.pk}/change/", form_of(series, synopsis_en="New"))

    series.refresh_from_db()
    assert series.synopsis == {"de": "Eine Jurte", "en": "New"}


def test_a_series_with_chapters_stays_readable(log_in, moderator_mo, uploader_uli):
    series = make_upload(uploader=uploader_uli).chapter.series
    address = f"{SERIES}{series.pk}/change/"

    answer = log_in(moderator_mo).post(address, form_of(series, kind="movie"))

    assert "it stays something that is read" in answer.content.decode()
    series.refresh_from_db()
    assert series.kind == "manga"


def test_a_cover_is_set_replaced_and_removed(log_in, moderator_mo):
    series = make_title()
    address = f"{SERIES}{series.pk}/cover/"
    browser = log_in(moderator_mo)

    browser.post(address, {"cover": picture()})
    page = browser.get(f"{SERIES}{series.pk}/change/")
    broken = browser.post(
        address, {"cover": SimpleUploadedFile("x.jpg", b"no picture")}, follow=True
    )
    browser.post(address, {"remove": "1"})

    assert page.context["shown_cover"]["url"].endswith(".jpg")
    assert any(str(message) for message in broken.context["messages"])
    assert not hasattr(Title.objects.get(), "cover")


def test_a_deleted_series_leaves_no_file_that_nobody_sweeps(log_in, admin_aida):
    series = make_title()
    set_cover(series, picture(), moderator=admin_aida)

    log_in(admin_aida).post(f"{SERIES}{series.pk}/delete/", {"post": "yes"})

    assert not Title.objects.exists()
    assert not MediaFile.objects.filter(unreferenced_since__isnull=True).exists()


def test_a_series_with_chapters_cannot_be_deleted(log_in, admin_aida, uploader_uli):
    series = make_upload(uploader=uploader_uli).chapter.series

    answer = log_in(admin_aida).post(f"{SERIES}{series.pk}/delete/", {"post": "yes"})

    assert "would require deleting the following protected" in answer.content.decode()
    assert Title.objects.filter(pk=series.pk).exists()


def test_publication_changes_in_batches(log_in, moderator_mo):
    titles = [make_title("A"), make_title("B")]
    chosen = {"_selected_action": [title.pk for title in titles]}
    browser = log_in(moderator_mo)

    browser.post(SERIES, {"action": "unpublish", **chosen})
    drafts = list(Title.objects.values_list("moderation", flat=True))
    browser.post(SERIES, {"action": "publish", **chosen})
    browser.post(SERIES, {"action": "reject", "confirmed": "yes", "reason": "No.", **chosen})

    assert drafts == ["draft"] * 2
    assert set(Title.objects.values_list("moderation", flat=True)) == {"rejected"}


def test_status_genres_and_tags_change_in_batches_as_a_job(log_in, moderator_mo):
    epic, drama = (Category.objects.create(slug=slug) for slug in ("epic", "drama"))
    lake = Tag.objects.create(slug="lake")
    titles = [make_title("A"), make_title("B")]
    titles[0].categories.add(epic)
    chosen = {"action": "change_many", "_selected_action": [title.pk for title in titles]}
    sent = {**chosen, "confirmed": "yes"}
    browser = log_in(moderator_mo)

    asked = browser.post(SERIES, chosen).content.decode()
    nothing = browser.post(SERIES, sent).content.decode()
    both = browser.post(SERIES, {**sent, "add_tags": lake.pk, "remove_tags": lake.pk})
    changes = {"status": "completed", "add_genres": drama.pk, "remove_genres": epic.pk}
    told = browser.post(SERIES, {**sent, **changes, "add_tags": lake.pk}, follow=True)

    assert 'name="add_genres"' in asked
    assert "Say what is to change." in nothing
    assert "A word cannot be added and removed at once." in both.content.decode()
    job = Job.objects.get()
    assert (job.kind, job.owner, job.outcome) == ("change_titles", moderator_mo, {"done": 2})
    assert f"/admin/common/job/{job.pk}/change/" in told.content.decode()
    for title in titles:
        title.refresh_from_db()
        assert title.status == "completed"
        assert [*title.categories.all(), *title.tags.all()] == [drama, lake]
    browser.post(f"/admin/common/job/{job.pk}/undo/")
    assert [*titles[0].categories.all(), *titles[1].categories.all()] == [epic]


def test_the_list_is_searched_as_readers_search(log_in, moderator_mo):
    wanted = make_title("Shingeki no Kyojin")
    make_title("Bleach")

    answer = log_in(moderator_mo).get(SERIES, {"q": "shingeky"})

    assert [title.pk for title in answer.context["cl"].queryset] == [wanted.pk]


# --- People -------------------------------------------------------------------------------------


def person_form(**words: object) -> dict[str, object]:
    rows = {f"{ALIASES}-{name}": value for name, value in NO_ROWS.items()}
    return {"name": "Urasawa", "original_name": "", **rows, **words}


def test_an_author_added_is_in_the_list_of_authors(log_in, moderator_mo):
    series = make_title("Monster")

    log_in(moderator_mo).post("/admin/catalog/author/add/", person_form(titles=[series.pk]))

    author = Author.objects.get()
    assert (author.slug, Artist.objects.count()) == ("urasawa", 0)
    assert found("urasawa") == [series.pk]


def test_an_author_needs_a_title(log_in, moderator_mo):
    answer = log_in(moderator_mo).post("/admin/catalog/author/add/", person_form())

    assert "Choose at least one title." in answer.content.decode()
    assert not Person.objects.exists()


def test_an_author_keeps_what_they_drew(log_in, moderator_mo):
    wrote, drew = make_title("Wrote"), make_title("Drew")
    who = Person.objects.create(name="Urasawa", slug="urasawa")
    Credit.objects.create(person=who, title=drew, role="artist")
    Credit.objects.create(person=who, title=drew, role="author")

    log_in(moderator_mo).post(
        f"/admin/catalog/author/{who.pk}/change/", person_form(titles=[wrote.pk])
    )

    assert set(who.credits.values_list("title", "role")) == {
        (wrote.pk, "author"), (drew.pk, "artist"),
    }  # fmt: skip


def test_titles_of_somebody_deleted_are_found_by_that_name_no_more(log_in, moderator_mo):
    series = make_title("Monster")
    browser = log_in(moderator_mo)
    browser.post("/admin/catalog/author/add/", person_form(titles=[series.pk]))

    browser.post(f"/admin/catalog/author/{Person.objects.get().pk}/delete/", {"post": "yes"})

    assert not Person.objects.exists()
    assert found("urasawa") == []


# --- Words --------------------------------------------------------------------------------------


@pytest.fixture
def used_category():
    category = Category.objects.create(slug="drama", name={"en": "Drama"})
    make_title().categories.add(category)
    return category


def test_a_category_in_use_stays_and_says_why(log_in, moderator_mo, used_category):
    address = f"/admin/catalog/category/{used_category.pk}/delete/"
    browser = log_in(moderator_mo)

    asked = browser.get(address)
    answer = browser.post(address, {"post": "yes"})

    assert "“Drama” is used by 1 title" in asked.content.decode()
    assert "“Drama” is used by 1 title" in answer.content.decode()
    assert Category.objects.exists()


def test_a_batch_with_a_category_in_use_deletes_none(log_in, moderator_mo, used_category):
    unused = Category.objects.create(slug="sports")
    chosen = {"_selected_action": [used_category.pk, unused.pk], "post": "yes"}

    answer = log_in(moderator_mo).post(
        "/admin/catalog/category/", {"action": "delete_selected", **chosen}
    )

    assert "“Drama” is used by 1 title" in answer.content.decode()
    assert Category.objects.count() == 2


def test_an_unused_category_goes(log_in, moderator_mo):
    unused = Category.objects.create(slug="sports")

    log_in(moderator_mo).post(f"/admin/catalog/category/{unused.pk}/delete/", {"post": "yes"})

    assert not Category.objects.exists()
    assert AuditEntry.objects.get().action == "delete_category"


def test_a_tag_in_use_goes_and_its_title_stays(log_in, moderator_mo):
    tag = Tag.objects.create(slug="swords")
    title = make_title()
    title.tags.add(tag)

    log_in(moderator_mo).post(f"/admin/catalog/tag/{tag.pk}/delete/", {"post": "yes"})

    assert (Tag.objects.count(), Title.objects.count()) == (0, 1)


def test_a_word_is_named_in_every_language_and_found_by_each(log_in, moderator_mo):
    browser = log_in(moderator_mo)
    browser.post(
        "/admin/catalog/category/add/",
        {"slug": "drama", "name_en": "Drama", "name_ky": "Драма", "name_ru": "Драмы"},
    )

    answer = browser.get("/admin/catalog/category/", {"q": "драмы"})

    [category] = answer.context["cl"].queryset
    assert category.name == {"en": "Drama", "ky": "Драма", "ru": "Драмы"}
