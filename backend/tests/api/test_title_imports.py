"""POST /api/titles/import: a dry run, an answer for each row, and undo."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from catalog.batches import Wish, change_titles
from catalog.choices import Moderation
from catalog.importing import IMPORT, _import_chunk
from catalog.models import Alias, Category, Person, Tag, Title
from catalog.search_index import reindex_title
from common.models import Job, JobItem
from common.work import jobs
from common.work.jobs import run_job
from tests.cast import client_of, make_title
from tests.tracker.builders import keep

pytestmark = pytest.mark.django_db

PATH = "/api/titles/import"
CSV = """\ufeffkind,name,year,genres,tags,trailers,aliases,credits,synopsis,duration_minutes
movie,Ак кеме,1976,drama,lake|home,https://youtu.be/abcdefghijk|vkvideo.ru/video-1_2,\
"[{""name"": ""The White Ship"", ""language"": ""en""}]",\
"[{""person"": ""Bolotbek Shamshiyev"", ""role"": ""director""}]",Бала менен таята.,83
,Unnamed kind,,,,,,,,
movie,"Манас, уулу",soon,"drama,comedy",,,,,,

movie,The White Ship,,,,,,,,
show,Ак кеме,,"drama,comedy",,,,,,
manga,Naruto,,,,,,,,
movie,Too,many,,,,,,,,,,,,,cells
"""
ANSWERS = [
    ("done", "", None),
    ("failed", "invalid", ["kind"]),
    ("failed", "invalid", ["year"]),
    ("skipped", "title_exists", None),
    ("failed", "invalid", ["genres"]),
    ("skipped", "title_exists", None),
    ("failed", "invalid", ["non_field_errors"]),
]


def a_file(text: str | bytes, name: str = "titles.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, text if isinstance(text, bytes) else text.encode())


@pytest.fixture
def words():
    Category.objects.create(slug="drama", name={"en": "Drama"})
    Tag.objects.bulk_create(Tag(slug=slug, name={"en": slug}) for slug in ("lake", "home"))
    naruto = make_title("Наруто")
    Alias.objects.create(subject=naruto, name="Naruto", language="en")
    reindex_title(naruto.pk)
    # What is in libraries only is no reason to skip a row.
    make_title("Ак кеме", kind="movie", moderation=Moderation.UNLISTED)


def answers_of(results):
    return [(row["outcome"], row["code"], row["fields"] and list(row["fields"])) for row in results]


@pytest.fixture
def client(moderator_mo):
    client = client_of(moderator_mo)
    client.credentials(**client._credentials, HTTP_ACCEPT_LANGUAGE="ky")
    return client


def test_a_dry_run_says_what_the_import_then_does_to_each_row(client, words, moderator_mo):
    before = list(Title.objects.values_list("pk", flat=True))

    tried = client.post(PATH, {"file": a_file(CSV), "dry_run": "true"}, format="multipart")
    assert (tried.status_code, list(Title.objects.values_list("pk", flat=True))) == (200, before)
    assert not Job.objects.exists()
    started = client.post(PATH, {"file": a_file(CSV)}, format="multipart")
    assert started.status_code == 202, started.json()
    run_job.run(started.json()["id"])
    job = client.get(f"/api/jobs/{started.json()['id']}").json()
    items = client.get(f"/api/jobs/{job['id']}/items").json()["results"]

    assert answers_of(tried.json()["results"]) == ANSWERS
    assert answers_of(items) == ANSWERS
    assert tried.json()["outcome"] == {"done": 1, "skipped": 2, "failed": 4, "undone": 0}
    assert (job["state"], job["outcome"]) == ("done", tried.json()["outcome"])
    made = client_of(None).get(f"/api/movies/{items[0]['subject_id']}").json()
    assert (made["slug"], made["year"], made["duration_minutes"]) == ("ak-keme", 1976, 83)
    assert made["synopsis"] == {"ky": "Бала менен таята."}
    assert sorted(word["slug"] for word in made["genres"] + made["tags"]) == [
        "drama", "home", "lake",
    ]  # fmt: skip
    assert [trailer["site"] for trailer in made["trailers"]] == ["youtube", "vk"]
    assert made["names"] == {"en": "The White Ship"}
    assert made["credits"][0]["person"]["name"] == "Bolotbek Shamshiyev"
    assert Title.objects.exclude(pk__in=before).get().created_by == moderator_mo


@pytest.mark.same_everywhere
def test_undoing_leaves_what_was_changed_or_taken_since(client, reader_rina, moderator_mo):
    sent = {
        "kind": "movie",
        "rows": [
            {"name": name, "credits": [{"person": name, "role": "director"}]}
            for name in ("Gone", "Changed", "Kept", "Deleted")
        ],
    }
    job = client.post(PATH, sent, format="json").json()["id"]
    run_job.run(job)
    titles = {title.name: title for title in Title.objects.all()}
    change_titles([titles["Changed"].pk], Wish(status="ongoing"), moderator=moderator_mo)
    keep(reader_rina, titles["Kept"])
    assert client.delete(f"/api/movies/{titles['Deleted'].pk}").status_code == 204

    undone = client.post(f"/api/jobs/{job}/undo").json()
    items = client.get(f"/api/jobs/{job}/items").json()["results"]

    assert (undone["state"], undone["outcome"]["undone"]) == ("done", 1)
    assert [(row["code"], row["undone"]) for row in items] == [
        ("", True), ("changed_meanwhile", False), ("in_use", False), ("not_found", False),
    ]  # fmt: skip
    assert set(Title.objects.values_list("name", flat=True)) == {"Changed", "Kept"}
    assert not Person.objects.filter(name="Gone").exists()


def test_a_killed_worker_enters_no_title_twice(client, monkeypatch):
    monkeypatch.setitem(jobs.KINDS, IMPORT.name, IMPORT.__class__(
        name=IMPORT.name, label="", run_chunk=_chunk_that_dies_once(), chunk=2,
    ))  # fmt: skip
    rows = [{"name": f"Title {number}", "is_another": True} for number in range(5)]
    job = client.post(PATH, {"kind": "show", "rows": rows}, format="json").json()["id"]

    with pytest.raises(RuntimeError):
        run_job.run(job)
    assert Title.objects.count() == 2
    Job.objects.update(lease_until=None, lease_token=None)
    run_job.run(job)

    assert sorted(Title.objects.values_list("name", flat=True)) == [row["name"] for row in rows]
    assert JobItem.objects.filter(outcome="done", subject_id__isnull=False).count() == 5


def _chunk_that_dies_once():
    calls = iter([False, True, *[False] * 9])

    def work(job, items):
        _import_chunk(job, items)
        if next(calls):
            raise RuntimeError

    return work


@pytest.mark.same_everywhere
@pytest.mark.parametrize(
    ("file", "field"),
    [
        (a_file("name\nA", "titles.txt"), "file"),
        (a_file(""), "file"),
        (a_file("name"), "file"),
        (a_file("title,year\nA,1"), "file"),
        (a_file("name,name\nA,B"), "file"),
        (a_file("name\nA\0"), "file"),
        (a_file('name\n"A'), "file"),
        (a_file("name\nА".encode("cp1251")), "file"),
        (a_file('{"titles": []}', "titles.json"), "file"),
        (a_file("[]", "titles.json"), "file"),
        (a_file("name\n" + "A\n" * 10_001), "rows"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_so(client, file, field):
    answer = client.post(PATH, {"file": file, "kind": "movie"}, format="multipart")

    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field]), answer.json()
    assert not Job.objects.exists()


@pytest.mark.same_everywhere
def test_json_files_and_files_with_semicolons_are_read(client):
    files = (
        a_file("name;year\nA;1999", "a.csv"),
        a_file('[{"name": "B", "year": 1999}, 7]', "b.JSON"),
        a_file('{"rows": [{"name": "C"}]}', "c.json"),
    )

    told = [
        client.post(PATH, {"file": file, "kind": "anime", "dry_run": True}, format="multipart")
        for file in files
    ]

    assert [answer.json()["outcome"]["done"] for answer in told] == [1, 1, 1]
    assert [answer.json()["outcome"]["failed"] for answer in told] == [0, 1, 0]


@pytest.mark.same_everywhere
def test_no_title_takes_the_address_of_the_import():
    from catalog.slugs import unique_slug

    assert unique_slug(Title, "Import", fallback="x") == "t-import"
