"""The items of a library by HTTP: what people do with them, and what it does to the counters."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from catalog.choices import Moderation
from catalog.models import Title
from tests.cast import client_of, make_title
from tests.tracker.builders import assert_counted_right, keep
from tracker.models import LibraryChange, LibraryCount, LibraryItem

pytestmark = [pytest.mark.django_db, pytest.mark.same_everywhere]

ITEMS = "/api/library/items"


def send(client, method, path, **body):
    return getattr(client, method)(path, body, format="json")


def test_a_title_that_is_only_a_name_is_kept_changed_and_removed(reader_rina):
    rina = client_of(reader_rina)
    made = send(
        rina, "post", ITEMS, title="Ак кеме", type="movie", source="manual",
        cover_url="https://example.test/c.webp", status="plan_to_watch",
    )  # fmt: skip
    item = made.json()
    path = f"{ITEMS}/{item['id']}"

    changed = send(rina, "patch", path, status="watching", progress=40)
    again = send(rina, "post", ITEMS, title="АК КЕМЕ", type="movie", score=80)
    summary = rina.get("/api/library/summary").json()
    listed = rina.get(ITEMS).json()
    removed = rina.delete(path)

    assert made.status_code == 201
    assert (item["title"], item["type"], item["status"]) == ("Ак кеме", "movie", "planning")
    assert (item["progress"], item["unit"], item["source"]) == (0, "minutes", "manual")
    assert (changed.json()["status"], changed.json()["progress"]) == ("current", 40)
    assert (again.status_code, again.json()["id"], again.json()["score"]) == (200, item["id"], 80)
    assert again.json()["progress"] == 40
    assert summary["total"] == summary["by_status"]["current"] == summary["by_type"]["movie"] == 1
    assert summary["progress"] == {"chapters": 0, "episodes": 0, "minutes": 40}
    assert [row["id"] for row in listed["results"]] == [item["id"]]
    assert (removed.status_code, rina.get(path).status_code) == (204, 404)
    assert rina.get("/api/library/summary").json()["total"] == 0
    assert_counted_right(reader_rina)


def test_a_title_is_added_by_its_id_here_or_elsewhere(reader_rina, outsider_otto):
    rina, title = client_of(reader_rina), make_title(anilist_id=20, mal_id=11)
    anime = make_title("Naruto", kind="anime", mal_id=11)
    private = Title.objects.create(
        name="Mine", kind="manga", moderation=Moderation.UNLISTED, created_by=outsider_otto
    )

    asked = {
        "here": {"title_id": title.pk},
        "anilist": {"external": {"site": "anilist", "id": "20"}},
        "mal, watched": {"external": {"site": "mal", "id": "11"}, "type": "anime"},
        "not known": {"external": {"site": "mal", "id": "21"}},
        "another's": {"title_id": private.pk},
        "no id": {"external": {"site": "mangadex", "id": "x"}},
        "nothing": {},
        "no type": {"title": "Naruto"},
    }
    answers = {name: rina.post(ITEMS, body, format="json") for name, body in asked.items()}

    assert {name: answer.status_code for name, answer in answers.items()} == {
        "here": 201, "anilist": 200, "mal, watched": 201, "not known": 404, "another's": 404,
        "no id": 400, "nothing": 400, "no type": 400,
    }  # fmt: skip
    assert answers["mal, watched"].json()["title_id"] == anime.pk
    assert set(answers["nothing"].json()["fields"]) == {"title", "type"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("score", 101), ("progress", -1), ("status", "seen"), ("notes", "x" * 10_001),
        ("tags", [str(n) for n in range(31)]), ("tags", ["x" * 61]), ("cover_url", "javascript:x"),
        ("started_on", "yesterday"), ("max_progress", 0), ("repeats", 10**9),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_field(field, value, reader_rina):
    item = keep(reader_rina, make_title())

    answer = send(client_of(reader_rina), "patch", f"{ITEMS}/{item.pk}", **{field: value})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert [name.split(".")[0] for name in answer.json()["fields"]] == [field]


def test_steps_go_from_where_it_is_and_stay_inside(reader_rina):
    title = make_title(status="completed", length=3)
    item, rina = keep(reader_rina, title), client_of(reader_rina)
    path = f"{ITEMS}/{item.pk}/progress"

    seen = [
        (answer["progress"], answer["status"])
        for by in (1, 1, 5, -1, -100)
        for answer in [send(rina, "post", path, by=by).json()]
    ]

    assert seen == [
        (1, "current"), (2, "current"), (3, "completed"), (2, "completed"), (0, "repeating"),
    ]  # fmt: skip
    assert_counted_right(reader_rina)


def test_the_later_of_two_devices_wins_field_by_field(reader_rina):
    item, rina = keep(reader_rina, make_title()), client_of(reader_rina)
    path, now = f"{ITEMS}/{item.pk}", timezone.now()

    def told(minutes):
        return (now + timedelta(minutes=minutes)).isoformat()

    send(rina, "patch", path, progress=10, score=50, changed_at=told(-10))
    send(rina, "patch", path, progress=7, notes="On the bus.", changed_at=told(-20))
    answer = send(rina, "patch", path, score=90, changed_at=told(-5)).json()

    assert (answer["progress"], answer["score"], answer["notes"]) == (10, 90, "On the bus.")
    assert_counted_right(reader_rina)


def test_a_clock_that_is_ahead_wins_for_five_minutes_only(reader_rina):
    item, rina = keep(reader_rina, make_title()), client_of(reader_rina)
    path = f"{ITEMS}/{item.pk}"
    send(rina, "patch", path, score=10, changed_at="2999-01-01T00:00:00Z")

    kept = LibraryItem.objects.get().field_times["score"]

    assert kept < (timezone.now() + timedelta(minutes=6)).isoformat()


def test_a_change_of_a_version_that_is_over_is_refused(reader_rina):
    item, rina = keep(reader_rina, make_title()), client_of(reader_rina)
    path = f"{ITEMS}/{item.pk}"
    seen = rina.get(path)["ETag"]

    first = rina.patch(path, {"score": 1}, format="json", HTTP_IF_MATCH=seen)
    second = rina.patch(path, {"score": 2}, format="json", HTTP_IF_MATCH=seen)
    third = rina.delete(path, HTTP_IF_MATCH=seen)
    fourth = rina.delete(path, HTTP_IF_MATCH=f"W/{first['ETag']}")

    assert [first.status_code, second.status_code, third.status_code] == [200, 412, 412]
    assert second.json()["code"] == "changed_meanwhile"
    assert first["ETag"] != seen
    assert fourth.status_code == 204


def test_tags_are_ones_own_and_one_however_they_are_spelled(reader_rina, outsider_otto):
    rina, item = client_of(reader_rina), keep(reader_rina, make_title(), tags=["Адашуу", "cosy"])
    keep(outsider_otto, make_title("Other"), tags=["cosy"])

    send(rina, "patch", f"{ITEMS}/{item.pk}", tags=["COSY", "  rainy   day "])
    tags = rina.get("/api/library/tags").json()["results"]
    cosy = next(tag for tag in tags if tag["name"] == "cosy")
    renamed = send(rina, "patch", f"/api/library/tags/{cosy['id']}", name="Warm")
    taken = send(rina, "patch", f"/api/library/tags/{cosy['id']}", name="адашуу")

    assert {tag["name"]: tag["count"] for tag in tags} == {"cosy": 1, "rainy day": 1, "Адашуу": 0}
    assert (renamed.status_code, taken.status_code) == (200, 409)
    assert rina.get(f"{ITEMS}?tag=warm").json()["results"][0]["tags"] == ["rainy day", "Warm"]
    assert rina.delete(f"/api/library/tags/{cosy['id']}").status_code == 204
    assert rina.get(f"{ITEMS}/{item.pk}").json()["tags"] == ["rainy day"]


def test_what_one_keeps_is_ones_own(reader_rina, outsider_otto):
    item, otto = keep(reader_rina, make_title()), client_of(outsider_otto)
    change = LibraryChange.objects.get()

    answers = [
        otto.get(f"{ITEMS}/{item.pk}"),
        send(otto, "patch", f"{ITEMS}/{item.pk}", score=1),
        otto.delete(f"{ITEMS}/{item.pk}"),
        send(otto, "post", f"{ITEMS}/{item.pk}/progress", by=1),
        otto.get(f"{ITEMS}/{item.pk}/history"),
        otto.get(f"{ITEMS}/by-title/{item.title_id}"),
        otto.post(f"/api/library/history/{change.pk}/undo"),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert otto.get(ITEMS).json()["results"] == otto.get("/api/library/history").json()["results"]


# --- History ------------------------------------------------------------------------------------


def history(client):
    return client.get("/api/library/history").json()["results"]


def test_changes_are_undone_one_after_the_other(reader_rina):
    rina = client_of(reader_rina)
    item = keep(reader_rina, make_title(status="completed", length=2), tags=["a"])
    path = f"{ITEMS}/{item.pk}"
    send(rina, "patch", path, notes="First.", tags=["b"])
    send(rina, "post", f"{path}/progress", by=2)
    rina.delete(path)

    removed, stepped, noted, added = history(rina)
    too_early = rina.post(f"/api/library/history/{noted['id']}/undo")
    back = rina.post(f"/api/library/history/{removed['id']}/undo").json()
    assert_counted_right(reader_rina)
    before_step = rina.post(f"/api/library/history/{stepped['id']}/undo").json()
    before_note = rina.post(f"/api/library/history/{noted['id']}/undo").json()
    gone = rina.post(f"/api/library/history/{added['id']}/undo")
    twice = rina.post(f"/api/library/history/{added['id']}/undo")

    assert (too_early.status_code, too_early.json()["code"]) == (409, "not_last_change")
    assert (back["status"], back["progress"], back["tags"]) == ("completed", 2, ["b"])
    assert back["finished_on"] is not None
    assert (before_step["status"], before_step["progress"]) == ("planning", 0)
    assert before_step["finished_on"] is None
    assert (before_note["notes"], before_note["tags"]) == ("", ["a"])
    assert (gone.status_code, twice.status_code) == (204, 409)
    assert [change["origin"] for change in history(rina)[:4]] == ["undo"] * 4
    assert_counted_right(reader_rina)


def test_a_history_says_what_from_and_to(reader_rina):
    rina, item = client_of(reader_rina), keep(reader_rina, make_title())
    send(rina, "patch", f"{ITEMS}/{item.pk}", score=70, favourite=True)
    send(rina, "patch", f"{ITEMS}/{item.pk}", score=70)  # nothing is different

    of_item = rina.get(f"{ITEMS}/{item.pk}/history").json()["results"]

    assert [sorted(change["changes"]) for change in of_item] == [["favourite", "score"], ["item"]]
    assert of_item[0]["changes"] == {"favourite": [False, True], "score": [None, 70]}
    assert (of_item[0]["origin"], of_item[0]["title"]["id"]) == ("web", item.title_id)


# --- Lists of items -----------------------------------------------------------------------------


def pages(client, path):
    """Read a list to its end and back again, two rows at a time."""
    seen, address, last = [], f"{path}&page_size=2", ""
    while address:
        page = client.get(address).json()
        seen.append([row["title"] for row in page["results"]])
        address, last = page["next"], page["previous"]
    back = seen[-1:]
    while last:
        page = client.get(last).json()
        back.insert(0, [row["title"] for row in page["results"]])
        last = page["previous"]
    assert back == seen
    return [name for page in seen for name in page]


def test_a_library_is_sorted_by_each_order_and_read_in_pages_both_ways(reader_rina):
    rina, scores = client_of(reader_rina), {"Б": None, "a": 50, "Ө": 50, "C": 50, "я": 90}
    for name, score in scores.items():
        keep(reader_rina, make_title(name), score=score, progress=score or 0)

    found = {
        order: "".join(pages(rina, f"{ITEMS}?ordering={order}"))
        for order in ("title", "-title", "score", "-score", "progress", "added", "updated")
    }

    assert found == {
        "title": "aCБӨя", "-title": "яӨБCa", "score": "яCӨaБ", "-score": "БaӨCя",
        "progress": "яCӨaБ", "added": "яCӨaБ", "updated": "яCӨaБ",
    }  # fmt: skip
    assert rina.get(f"{ITEMS}?cursor=nonsense").json()["fields"].keys() == {"cursor"}


def test_a_library_is_filtered_and_searched(reader_rina):
    rina = client_of(reader_rina)
    keep(reader_rina, make_title("Наруто", year=1999), status="current", score=80, favourite=True)
    keep(reader_rina, make_title("Bleach", kind="anime", year=2004), status="dropped", score=20)
    keep(reader_rina, make_title("Manas", kind="novel"), tags=["epic"])

    def titles(query):
        return {row["title"] for row in rina.get(f"{ITEMS}?{query}").json()["results"]}

    assert titles("status=watching,dropped") == {"Наруто", "Bleach"}
    assert titles("type=anime&type=novel") == {"Bleach", "Manas"}
    assert titles("score_min=20&score_max=79") == {"Bleach"}
    assert titles("favourite=true") == titles("search=narto") == {"Наруто"}
    assert titles("tag=EPIC") == {"Manas"}
    assert titles("year=2004") == {"Bleach"}
    assert titles("updated_since=2999-01-01T00:00:00Z") == titles("genre=none") == set()
    assert titles("has_unread=false") == {"Наруто", "Bleach", "Manas"}
    ids = ",".join(
        str(pk) for pk in Title.objects.exclude(name="Manas").values_list("pk", flat=True)
    )
    assert titles(f"title_id={ids},{2**63 - 1}") == {"Наруто", "Bleach"}
    assert titles(f"title_id={2**63 - 1}") == set(), "what one does not keep is no error"
    for refused in ("status=seen", f"title_id={2**63}", "title_id=x", "title_id=1.5"):
        assert rina.get(f"{ITEMS}?{refused}").status_code == 400


def test_counters_that_are_wrong_are_mended(reader_rina, outsider_otto, capsys):
    for person in (reader_rina, outsider_otto):
        keep(person, make_title(f"Of {person}"), progress=2)
    LibraryCount.objects.filter(user=reader_rina).update(items=7)

    call_command("recount_libraries")

    assert "2 libraries, 1 of them mended" in capsys.readouterr().out
    assert_counted_right(reader_rina, outsider_otto)
