"""Questions to sources, and the answers that workers bring."""

import zlib
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sources.answers import answering
from sources.answers.answering import answer_source
from sources.answers.asking import Asked, ask, ask_all, wait_for
from sources.answers.counters import flush_counts
from sources.contract import FoundTitle, Unreadable
from sources.models import SourceAnswer, SourceHour, SourceSettings
from tests.sources.double import Said, cloudflare, cut, limited
from tests.sources.doubles import MangaDex
from tests.sources.doubles.catalogue import WORKS

pytestmark = pytest.mark.django_db

WORK = next(work for work in WORKS if work.mangadex and work.english)
SEARCH = {"query": WORK.english, "kind": None}


def search(query: str = SEARCH["query"] or "", **options) -> Asked:
    return ask("mangadex", "search", {"query": query}, **options)


def answered(query: str = SEARCH["query"] or "", **options) -> Asked:
    search(query, **options)
    answer_source("mangadex")
    return search(query, **options)


def names(asked: Asked) -> list[str]:
    assert isinstance(asked.value, list)
    return [one.name for one in asked.value if isinstance(one, FoundTitle)]


def asked_of(site: MangaDex) -> int:
    return len(site.requests)


def test_a_question_is_answered_by_a_worker_and_then_by_its_row(site):
    first = search()
    assert (first.state, first.value, site.requests) == ("waiting", None, [])

    answer_source("mangadex")
    second = search()
    folded = search(f"  {SEARCH['query']!s} ".upper().replace(" ", "　"))

    assert second.state == "fresh"
    assert WORK.english in names(second)
    assert second.age_seconds is not None and second.age_seconds < 60
    assert folded.value == second.value
    assert asked_of(site) == 1
    assert SourceAnswer.objects.count() == 1


def test_what_is_known_costs_one_query_and_no_write(site):
    questions = [("mangadex", "search", {"query": f"one {n}"}) for n in range(3)]
    ask_all(questions)
    answer_source("mangadex")
    ask_all(questions)  # what was counted is written down now and then

    with CaptureQueriesContext(connection) as queries:
        found = ask_all(questions)

    assert [one.state for one in found] == ["fresh"] * 3
    assert [query["sql"].partition(" ")[0] for query in queries] == ["SELECT"]


def test_details_and_chapters_are_kept_as_they_were_found(site):
    [title] = [one for one in answered().value or () if one.name == WORK.english]
    for what, params in (
        ("details", {"id": title.id}),
        ("chapters", {"id": title.id, "languages": ["ru", "en"]}),
        ("chapters", {"id": title.id, "languages": ["en", "ru", "en"]}),
    ):
        ask("mangadex", what, params)
    answer_source("mangadex")

    details = ask("mangadex", "details", {"id": title.id})
    chapters = ask("mangadex", "chapters", {"id": title.id, "languages": ("ru", "en")})

    source = answering.call_source("mangadex")
    assert details.value == source.get_details(title.id)
    assert chapters.value == list(source.get_chapters(title.id, languages=["en", "ru"]))
    assert chapters.value
    assert SourceAnswer.objects.count() == 3


# --- Old answers, and none ----------------------------------------------------------------------


def test_an_old_answer_is_shown_while_a_new_one_is_fetched(site, clock):
    answered()
    clock(25 * 3600)

    old = search()
    again = search()
    answer_source("mangadex")

    assert (old.state, again.state, names(old)) == ("stale", "stale", names(again))
    assert search().state == "fresh"
    assert asked_of(site) == 2


def test_an_old_answer_is_shown_as_long_as_the_source_fails(site, clock):
    answered()
    clock(25 * 3600)
    search()
    site.plan(Said(500), times=3)
    answer_source("mangadex")

    stale = search()

    assert stale.state == "stale"
    assert names(stale)
    assert stale.error is not None and stale.error["code"] == "source_down"
    assert not SourceAnswer.objects.filter(wanted_at__isnull=False).exists()
    clock(61)
    assert answered().state == "fresh"


@pytest.mark.parametrize(
    ("fault", "code"),
    [(Said(500), "source_down"), (cloudflare(), "source_down"), (cut(), "source_down"),
     (Said(403, b"no"), "source_down"), (limited(retry_after=100), "source_limited"),
     (Said(200, b"<html>"), "source_unreadable"), (Said(200, b"[1]"), "source_unreadable")],
)  # fmt: skip
def test_a_failure_is_told_and_not_repeated_for_a_while(site, clock, fault, code):
    site.plan(fault, times=9)

    failed = answered()
    answer_source("mangadex")
    asked = asked_of(site)
    search()
    answer_source("mangadex")

    assert failed.state == "failed"
    assert failed.error is not None
    assert (failed.error["code"], bool(failed.error["detail"])) == (code, True)
    assert failed.until is not None
    assert asked_of(site) == asked
    site.forget()
    clock(601)
    assert answered().state == "fresh"


def test_nothing_found_is_known_for_a_shorter_while(site, clock):
    nothing = answered("no such thing anywhere")
    unknown = ask("mangadex", "details", {"id": "00000000-0000-4000-8000-000000000000"})
    answer_source("mangadex")
    unknown = ask("mangadex", "details", unknown.question.params)

    assert (nothing.state, nothing.value) == ("fresh", [])
    assert (unknown.state, unknown.value) == ("failed", None)
    assert unknown.error is not None and unknown.error["code"] == "not_found"
    asked = asked_of(site)
    clock(3601)
    search("no such thing anywhere")
    ask("mangadex", "details", unknown.question.params)
    answer_source("mangadex")
    assert asked_of(site) == asked + 2


def test_who_knows_that_something_changed_gets_a_newer_answer(site, clock):
    answered()
    clock(120)

    waiting = search(max_age=timedelta(seconds=60))
    answer_source("mangadex")
    [newer] = wait_for([waiting], 0)
    repeated = search(max_age=timedelta(seconds=60))

    assert (waiting.state, names(waiting)) == ("waiting", names(newer))
    assert (newer.state, repeated.state) == ("fresh", "fresh")
    assert asked_of(site) == 2


# --- Who is first, and who is not asked ---------------------------------------------------------


def test_people_go_before_background_work_and_the_newest_first(site, clock, monkeypatch):
    order: list[str] = []
    asked = answering._call

    def note(source, row):
        order.append(row.params["query"])
        return asked(source, row)

    monkeypatch.setattr(answering, "_call", note)
    for query, urgent in (("b1", False), ("p1", True), ("b2", False), ("p2", True)):
        search(query, urgent=urgent)
        clock(1)
    search("b2")  # somebody waits for it now

    answer_source("mangadex")

    assert order == ["b2", "p2", "p1", "b1"]


def test_what_nobody_waits_for_any_more_is_not_asked(site, clock):
    search("left")
    search("background", urgent=False)
    clock(20)
    search("kept")
    clock(20)
    search("kept")
    answer_source("mangadex")

    assert [heard.one("title") for heard in site.requests] == ["kept", "background"]
    assert answered("left").state == "fresh"


def test_a_source_that_is_off_or_gone_is_not_asked(site, settings, clock):
    SourceSettings.objects.create(source="mangadex", is_enabled=False)
    off = answered()
    ask("no-such", "search", {"query": "a"})
    answer_source("no-such")

    assert off.error is not None and off.error["code"] == "source_off"
    assert ask("no-such", "search", {"query": "a"}).state == "failed"
    assert site.requests == []


def test_a_plug_in_that_breaks_is_the_failure_of_its_question_only(site, monkeypatch):
    broken = [RuntimeError("oops"), Unreadable("no")]

    def call(source, row):
        if broken and row.params["query"] != "good":
            raise broken.pop()
        return []

    monkeypatch.setattr(answering, "_call", call)
    for query in ("bad", "worse", "good"):
        search(query)
    answer_source("mangadex")

    states = [search(query).state for query in ("bad", "worse", "good")]
    assert states == ["failed", "failed", "fresh"]


def test_a_question_that_ends_its_worker_each_time_is_given_up(site):
    search()
    SourceAnswer.objects.update(attempts=3)

    answer_source("mangadex")

    assert search().state == "failed"
    assert site.requests == []


def test_what_a_killed_worker_took_is_asked_again_once_its_lease_ends(site, clock):
    search()
    row = SourceAnswer.objects.get()
    lease = answering.claim(SourceAnswer.objects.all(), row.pk)
    assert lease is not None
    answer_source("mangadex")
    assert site.requests == []

    lease.rows().update(lease_until=row.changed_at - timedelta(days=1))
    answer_source("mangadex")

    assert search().state == "fresh"
    assert not lease.rows().exists()


def test_an_answer_that_is_too_long_or_of_other_types_is_not_kept(site, monkeypatch):
    monkeypatch.setattr("sources.answers.values._MOST_JSON_BYTES", 100)
    assert answered().error == {
        "code": "source_unreadable",
        "detail": "The other site answers in a way that we do not understand.",
    }
    monkeypatch.undo()
    monkeypatch.setattr(answering, "_call", lambda source, row: [object()])
    assert answered("other").state == "failed"


def test_a_value_of_an_older_version_is_asked_anew(site):
    answered()
    row = SourceAnswer.objects.get()
    row.value = zlib.compress(b'[{"old": 1}]')
    row.save(update_fields=["value"])

    assert search().state == "waiting"
    assert answered().state == "fresh"


# --- Counters -----------------------------------------------------------------------------------


def test_questions_and_calls_are_counted_by_the_hour(site, clock):
    search("none")  # a miss
    search("none")  # joins it
    answer_source("mangadex")
    for _hit in range(3):
        search(SEARCH["query"] or "")  # a miss, then joins
    answer_source("mangadex")
    for _hit in range(4):
        search(SEARCH["query"] or "")
    search("none")
    site.plan(Said(500), times=3)
    search("b")
    answer_source("mangadex")
    flush_counts()

    hour = SourceHour.objects.get()

    assert (hour.misses, hour.joined, hour.hits, hour.negative) == (3, 3, 4, 1)
    assert (hour.calls, hour.errors, hour.limited) == (4, 2, 0)
