"""/api/movies, /api/anime and /api/shows: entered, changed, proposed and deleted."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import ProtectedError

from catalog.choices import Moderation
from catalog.covers import publish_cover_draft
from catalog.models import Alias, Category, Cover, CoverDraft, Credit, Person, Tag, Title
from catalog.moderation import approve_title, reject_title
from catalog.screenshots import make_small_screenshot
from catalog.search_index import reindex_title
from common.models import MediaFile
from tests.cast import client_of, make_title, make_user
from tests.leftovers import find_leftovers
from tests.reader.archive_builders import page_bytes

pytestmark = [pytest.mark.django_db]

MOVIES = "/api/movies"


def picture(name: str = "poster.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, page_bytes("png", (300, 450)), "image/png")


def test_a_moderator_enters_reads_changes_and_deletes_a_movie(
    moderator_mo, django_capture_on_commit_callbacks
):
    client, guest = client_of(moderator_mo), client_of(None)
    sent = {"name": "Ак кеме", "year": "1976", "duration_minutes": "80", "poster": picture()}

    made = client.post(MOVIES, sent, format="multipart")
    path = f"{MOVIES}/{made.json()['slug']}"
    shown = guest.get(path).json()
    patched = client.patch(path, {"year": 1975, "duration_minutes": None}, format="json")
    put = client.put(path, {"name": "White Ship", "duration_minutes": 81}, format="json")
    with django_capture_on_commit_callbacks(execute=True):
        deleted = client.delete(path)

    assert made.status_code == 201, made.json()
    assert (shown["kind"], shown["name"], shown["slug"]) == ("movie", "Ак кеме", "ak-keme")
    assert (shown["year"], shown["duration_minutes"]) == (1976, 80)
    assert (shown["cover"]["width"], shown["moderation"]) == (300, "approved")
    assert (patched.json()["year"], patched.json()["duration_minutes"]) == (1975, None)
    assert (put.json()["name"], put.json()["year"], put.json()["duration_minutes"]) == (
        "White Ship", None, 81,
    )  # fmt: skip
    assert put.json()["cover"]["width"] == 300
    assert (deleted.status_code, client.get(path).status_code) == (204, 404)


FULL = {
    "name": "Ак кеме", "original_name": "Белый пароход", "original_language": "RU",
    "aliases": [{"name": "The White Ship", "language": "en"}],
    "synopsis": {"ky": "Бала менен таята.", "en": ""}, "status": "completed",
    "content_rating": "suggestive", "year": 1975, "duration_minutes": 83,
    "genres": ["drama"], "tags": [{"slug": "lake"}],
    "credits": [
        {"person": "Bolotbek Shamshiyev", "role": "director"},
        {"person": {"name": "Nurgazy Sydygaliev"}, "role": "cast", "part": "The boy"},
        {"person": "bolotbek  shamshiyev", "role": "cast", "part": "A driver"},
        {"person": "Bolotbek Shamshiyev", "role": "cast", "part": "A guest"},
    ],
    "trailers": ["https://youtu.be/abcdefghijk?t=5", {"url": "vkvideo.ru/video-1_2"}],
    "site_url": "https://example.test/ak-keme",
}  # fmt: skip


@pytest.fixture
def words():
    Category.objects.create(slug="drama", name={"en": "Drama"})
    Tag.objects.create(slug="lake", name={"en": "Lake"})


@pytest.mark.same_everywhere
def test_everything_about_a_movie_is_kept_and_can_be_sent_back(moderator_mo, words):
    client = client_of(moderator_mo)

    made = client.post(MOVIES, FULL, format="json").json()
    again = client.put(f"{MOVIES}/{made['id']}", made, format="json").json()

    assert (made["original_language"], made["synopsis"]) == ("ru", {"ky": "Бала менен таята."})
    assert made["names"] == {"en": "The White Ship", "ru": "Белый пароход"}
    assert [genre["slug"] for genre in made["genres"] + made["tags"]] == ["drama", "lake"]
    assert [(row["person"]["name"], row["role"], row["part"]) for row in made["credits"]] == [
        ("Bolotbek Shamshiyev", "director", ""),
        ("Nurgazy Sydygaliev", "cast", "The boy"),
        ("Bolotbek Shamshiyev", "cast", "A driver / A guest"),
    ]
    assert made["trailers"] == [
        {"url": "https://www.youtube.com/watch?v=abcdefghijk", "site": "youtube",
         "id": "abcdefghijk"},
        {"url": "https://vkvideo.ru/video-1_2", "site": "vk", "id": "-1_2"},
    ]  # fmt: skip
    assert made["similar"] == []
    assert again == {name: value for name, value in made.items() if name != "similar"}
    assert Person.objects.count() == 2
    found = client_of(None).get("/api/movies?search=sydygaliev&genre=drama").json()
    assert [row["name"] for row in found["results"]] == ["Ак кеме"]


@pytest.mark.same_everywhere
def test_a_form_says_the_same_as_json(moderator_mo, words):
    form = FULL | {
        "synopsis": "Бала менен таята.", "genres": "drama", "tags": ["lake"],
        "aliases": '[{"name": "The White Ship", "language": "en"}]',
        "credits": '[{"person": "Bolotbek Shamshiyev", "role": "director"}]',
        "trailers": "https://youtu.be/abcdefghijk\nhttps://vkvideo.ru/video-1_2",
        "duration_minutes": "",
    }  # fmt: skip

    made = client_of(moderator_mo).post(MOVIES, form, HTTP_ACCEPT_LANGUAGE="ky")

    assert made.status_code == 201, made.json()
    body = made.json()
    assert (body["synopsis"], body["duration_minutes"]) == ({"ky": "Бала менен таята."}, None)
    assert (len(body["genres"]), len(body["trailers"]), len(body["credits"])) == (1, 2, 1)


@pytest.mark.same_everywhere
@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({}, "name"),
        ({"name": "x" * 301}, "name"),
        ({"name": "A", "year": 1700}, "year"),
        ({"name": "A", "duration_minutes": 0}, "duration_minutes"),
        ({"name": "A", "genres": ["none"]}, "genres"),
        ({"name": "A", "credits": [{"person": 99, "role": "cast"}]}, "credits"),
        ({"name": "A", "credits": [{"person": "B"}]}, "credits.0.role"),
        ({"name": "A", "credits": [{"person": [], "role": "cast"}]}, "credits.0.person"),
        ({"name": "A", "credits": "B"}, "credits"),
        ({"name": "A", "trailers": ["https://evil.test/watch?v=abcdefghijk"]}, "trailers.0"),
        ({"name": "A", "synopsis": {"klingon!": "x"}}, "synopsis"),
        ({"name": "A", "site_url": "javascript:alert(1)"}, "site_url"),
        ({"name": "A", "poster": "no file"}, "poster"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(moderator_mo, sent, field):
    answer = client_of(moderator_mo).post(MOVIES, sent, format="json")

    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])
    assert not Title.objects.exists()


@pytest.mark.same_everywhere
def test_a_bad_poster_enters_nothing(moderator_mo):
    broken = SimpleUploadedFile("poster.png", b"no picture", "image/png")

    answer = client_of(moderator_mo).post(MOVIES, {"name": "A", "poster": broken})

    assert (answer.status_code, Title.objects.count()) == (422, 0)


@pytest.mark.same_everywhere
def test_a_poster_is_replaced_and_removed(moderator_mo):
    client, title = client_of(moderator_mo), make_title("A", kind="movie")
    path = f"{MOVIES}/{title.slug}"

    first = client.patch(path, {"poster": picture()}).json()["cover"]
    kept = client.patch(path, {"name": "B"}, format="json").json()["cover"]
    gone = client.patch(path, {"poster": None}, format="json").json()["cover"]

    assert first == kept
    assert (gone, Cover.objects.count()) == (None, 0)


@pytest.mark.same_everywhere
def test_shows_and_anime_have_seasons_and_their_own_lists(moderator_mo):
    client = client_of(moderator_mo)
    sent = {"name": "Курак", "season_count": 2, "length": 16, "status": "hiatus"}
    made = client.post("/api/shows", sent, format="json").json()
    client.post("/api/anime", {"name": "Anime", "length": 12}, format="json")

    listed = {
        folder: [row["name"] for row in client_of(None).get(f"/api/{folder}").json()["results"]]
        for folder in ("movies", "anime", "shows", "series", "titles")
    }

    assert (made["season_count"], made["length"], made["status"]) == (2, 16, "hiatus")
    assert listed == {
        "movies": [], "anime": ["Anime"], "shows": ["Курак"], "series": [],
        "titles": ["Anime", "Курак"],
    }  # fmt: skip
    assert client.patch(f"/api/movies/{made['id']}", {}, format="json").status_code == 404


# --- Proposals ----------------------------------------------------------------------------------


def test_a_proposal_waits_and_only_its_author_and_moderators_see_it(
    reader_rina, outsider_otto, moderator_mo, django_capture_on_commit_callbacks
):
    author = client_of(reader_rina)
    made = author.post(MOVIES, {"name": "Ак кеме", "poster": picture()})
    path = f"{MOVIES}/{made.json()['slug']}"

    assert (made.status_code, made.json()["moderation"]) == (201, "pending")
    seen = [client_of(user).get(path) for user in (None, outsider_otto, reader_rina, moderator_mo)]
    assert [answer.status_code for answer in seen] == [404, 404, 200, 200]
    private = seen[2].json()["cover"]["url"]
    assert "signature=" in private or "X-Amz-Signature=" in private
    if private.startswith("/files/"):  # a bucket answers for itself
        picture_seen = client_of(None).get(private)
        assert (picture_seen.status_code, picture_seen["Content-Type"]) == (200, "image/png")
    assert client_of(None).get(MOVIES).json()["results"] == []

    changed = author.patch(path, {"year": 1975, "credits": [{"person": "N", "role": "cast"}]},
                           format="json")  # fmt: skip
    strange = client_of(outsider_otto).patch(path, {"year": 1975}, format="json")
    with django_capture_on_commit_callbacks(execute=True):
        gone = author.delete(path)

    assert (changed.json()["year"], changed.json()["cover"]["width"]) == (1975, 300)
    assert (strange.status_code, gone.status_code) == (404, 204)
    assert not any(model.objects.exists() for model in (Title, CoverDraft, Person, Credit))


def test_an_approved_proposal_gets_its_cover_and_is_its_authors_no_more(
    reader_rina, moderator_mo, settings, django_capture_on_commit_callbacks
):
    author = client_of(reader_rina)
    made = author.post(MOVIES, {"name": "Ак кеме", "poster": picture()}).json()

    with django_capture_on_commit_callbacks(execute=True):
        approve_title(Title.objects.get(), moderator=moderator_mo)
        publish_cover_draft.run(CoverDraft.objects.get().pk)
    shown = client_of(None).get(f"{MOVIES}/ak-keme").json()

    assert shown["id"] == made["id"]
    assert shown["cover"]["url"].startswith(settings.MEDIA_URL)
    assert not CoverDraft.objects.exists()
    for act in (author.patch, author.put, author.delete):
        assert act(f"{MOVIES}/ak-keme", {"name": "B"}, format="json").status_code == 403
    assert find_leftovers() == []


@pytest.mark.same_everywhere
def test_the_author_of_a_rejected_proposal_reads_why(reader_rina, outsider_otto, moderator_mo):
    made = client_of(reader_rina).post(MOVIES, {"name": "Ак кеме"}).json()
    title = Title.objects.get()
    path = f"/api/titles/{made['id']}"

    reject_title(title, moderator=moderator_mo, reason="An advertisement.")
    approve_title(title, moderator=moderator_mo)
    reject_title(title, moderator=moderator_mo, reason="It is here twice.")
    read = [client_of(user).get(path) for user in (reader_rina, outsider_otto)]

    assert made["rejection_reason"] == ""
    assert read[0].json()["rejection_reason"] == "It is here twice."
    assert read[1].status_code == 404


@pytest.mark.same_everywhere
def test_who_may_not_propose_is_told_so(reader_rina, settings):
    unconfirmed = make_user("new", confirmed=False)
    settings.QUOTA_PROPOSALS_WAITING = 1
    make_title("Waits", kind="show", moderation=Moderation.PENDING, created_by=reader_rina)

    answers = [
        client_of(user).post(MOVIES, {"name": "A"}, format="json")
        for user in (None, unconfirmed, reader_rina)
    ]

    assert [answer.status_code for answer in answers] == [401, 403, 429]
    assert [answer.json()["code"] for answer in answers] == [
        "not_authenticated", "unconfirmed", "quota",
    ]  # fmt: skip


@pytest.mark.same_everywhere
@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"name": "АК  КЕМЕ"}, 409),
        ({"name": "The White Ship", "year": 1975}, 409),
        ({"name": "Ак кеме", "year": 2020}, 201),
        ({"name": "Ак кеме", "is_another": True}, 201),
        ({"name": "Ак кеме 2"}, 201),
    ],
)
def test_a_second_proposal_of_a_title_is_pointed_at_the_first(reader_rina, sent, status):
    held = make_title("Ак кеме", kind="movie", year=1975)
    Alias.objects.create(subject=held, name="The White Ship", language="en")
    make_title("Ак кеме", kind="show")
    make_title("Ак кеме", kind="movie", moderation=Moderation.PENDING)
    reindex_title(held.pk)

    answer = client_of(reader_rina).post(MOVIES, sent, format="json")

    assert answer.status_code == status
    if status == 409:
        body = answer.json()
        assert (body["code"], [one["id"] for one in body["existing"]]) == (
            "title_exists", [held.pk],
        )  # fmt: skip


@pytest.mark.same_everywhere
def test_a_moderator_is_told_of_similar_titles_and_not_refused(moderator_mo):
    held = make_title("Ак кеме", kind="movie")

    answer = client_of(moderator_mo).post(MOVIES, {"name": "Ак кеме"}, format="json")

    assert (answer.status_code, answer.json()["slug"]) == (201, "ak-keme")
    assert [one["id"] for one in answer.json()["similar"]] == [held.pk]


# --- Screenshots --------------------------------------------------------------------------------


@pytest.mark.same_everywhere
def test_screenshots_are_added_ordered_and_removed(moderator_mo, reader_rina, monkeypatch):
    monkeypatch.setattr("catalog.screenshots.MAX_SCREENSHOTS", 2)
    title = make_title("A", kind="movie")
    path, client = f"/api/titles/{title.slug}/screenshots", client_of(moderator_mo)

    first = client.post(path, {"file": picture()}).json()
    second = client.post(path, {"file": picture()}).json()
    one, two = (shot["id"] for shot in second)
    make_small_screenshot.run(one)
    ordered = client.put(path, {"ids": [two, one]}, format="json").json()

    assert (len(first), first[0]["width"]) == (1, 300)
    assert [shot["id"] for shot in ordered] == [two, one]
    assert client.post(path, {"file": picture()}).json()["code"] == "too_many_screenshots"
    assert client.put(path, {"ids": [two]}, format="json").status_code == 400
    reader = client_of(reader_rina)
    assert reader.post(path, {"file": picture()}).status_code == 403
    assert reader.delete(f"{path}/{one}").status_code == 403
    assert client.delete(f"{path}/{two}").status_code == 204
    assert client.delete(f"{path}/{two}").status_code == 404
    assert client.post(f"/api/titles/{make_title().slug}/screenshots").status_code == 404
    client.delete(f"{MOVIES}/{title.slug}")
    assert not MediaFile.objects.filter(unreferenced_since__isnull=True).exists()


@pytest.mark.same_everywhere
def test_a_title_that_is_held_is_unlisted_and_not_deleted(moderator_mo, monkeypatch):
    title = make_title("A", kind="movie")

    def refuse(*_row, **_options):
        raise ProtectedError("held", set())

    monkeypatch.setattr(Title, "delete", refuse)
    answer = client_of(moderator_mo).delete(f"{MOVIES}/{title.slug}")

    title.refresh_from_db()
    assert (answer.status_code, title.moderation) == (204, Moderation.UNLISTED)
