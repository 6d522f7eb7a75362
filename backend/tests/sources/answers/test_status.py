"""What everybody can see of sources, and what goes from the cache."""

from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from common.models import OutboundBudget
from sources.answers import clearing
from sources.answers.answering import answer_source
from sources.answers.asking import ask
from sources.answers.clearing import clear_answers, forget_old_answers
from sources.answers.status import budget_of, waiting_of
from sources.models import SourceAnswer, SourceHour, SourceSettings
from tests.sources.double import Said, limited
from tests.sources.doubles.catalogue import WORKS

pytestmark = pytest.mark.django_db
KNOWN = next(work.english for work in WORKS if work.mangadex and work.english)


def shown(where: str = "status", source: str = "mangadex") -> dict[str, Any]:
    answer = APIClient().get(f"/api/sources/{where}")
    assert answer.status_code == 200
    return next(one for one in answer.json()["results"] if one["name"] == source)


def search(query: str) -> None:
    ask("mangadex", "search", {"query": query})
    answer_source("mangadex")


def test_a_source_is_shown_as_it_is_doing(site, clock):
    unused = shown()
    search("Манас")
    up = shown()
    site.plan(limited(retry_after=90))
    search("another")
    limited_now = shown()
    clock(100)
    site.plan(Said(503), times=9)
    for number in range(3):
        search(f"q{number}")
    down = shown()

    assert (unused["state"], unused["last_error"], unused["latency_ms"]) == ("unused", None, None)
    assert (up["state"], up["label"], len(up["hours"])) == ("up", "MangaDex", 24)
    assert up["hours"][-1] | {"at": "", "mean_ms": 0} == {
        "at": "", "calls": 1, "errors": 0, "limited": 0, "mean_ms": 0
    }  # fmt: skip
    assert up["latency_ms"] == up["hours"][-1]["mean_ms"] < 3000
    assert limited_now["state"] == "limited"
    assert limited_now["until"] > limited_now["since"]
    assert limited_now["last_error"]["code"] == "source_limited"
    assert down["state"] == "down"
    assert down["until"] > down["since"]
    assert down["last_error"]["detail"] == "It answered with an error (status 503)."
    assert (down["hours"][-1]["errors"], down["hours"][-1]["limited"]) == (5, 1)
    SourceSettings.objects.create(source="mangadex", is_enabled=False)
    assert shown()["state"] == "off"


def test_a_source_that_gave_its_last_asker_no_answer_is_down_until_it_gives_one(site):
    site.plan(Said(503), times=2)
    search("Манас")
    down = shown()
    search("another")

    assert (down["state"], down["until"]) == ("down", None)
    assert (down["since"] is not None, shown()["state"]) == (True, "up")


def test_a_source_that_takes_long_is_slow(site):
    search("Манас")
    SourceHour.objects.update(milliseconds=5_000)

    assert shown()["state"] == "slow"


@pytest.mark.parametrize("language", ["ky", "ru"])
def test_the_last_error_is_told_in_the_readers_language(site, language):
    reasons = ("limited", "unreachable", "timeout", "blocked", "status", "broken")
    told = []
    for reason in reasons:
        OutboundBudget.objects.update_or_create(
            name="mangadex",
            defaults={"error": reason, "error_status": 503, "error_at": timezone.now()},
        )
        answer = APIClient().get("/api/sources/status", headers={"Accept-Language": language})
        told += [one["last_error"] for one in answer.json()["results"] if one["last_error"]]

    details = [one["detail"] for one in told]
    assert len(set(details)) == len(reasons)
    assert not any(detail.isascii() for detail in details)


def test_what_the_cache_saves_is_shown(site):
    search(KNOWN)
    for _again in range(3):
        search(KNOWN)

    stats = shown("stats")

    assert (stats["questions"], stats["hits"], stats["negative"]) == (4, 3, 0)
    assert (stats["saved_calls"], stats["misses"], stats["calls"]) == (3, 1, 1)
    assert (stats["answers"], stats["oldest_at"]) == (1, stats["newest_at"])


def test_the_operator_sees_budgets_and_what_waits(site):
    search("Манас")
    ask("mangadex", "search", {"query": "a"})
    ask("mangadex", "search", {"query": "b"}, urgent=False)

    row = OutboundBudget.objects.get(pk="mangadex")
    row.calls[0][1] += 3600  # however slow this machine is
    row.save(update_fields=["calls"])
    budgets = {one["name"]: one for one in budget_of("mangadex")}

    assert budgets["mangadex"]["limits"] == [{"calls": 5, "seconds": 1, "used": 1}]
    assert budgets["mangadex.at-home"]["limits"][0]["used"] == 0
    waiting = waiting_of("mangadex")
    assert (waiting["urgent"], waiting["background"]) == (1, 1)


def test_answers_are_cleared_by_source_by_hand_and_with_time(site, monkeypatch):
    for query in ("Манас", "none", "other"):
        search(query)
    ask("kitsu", "search", {"query": "waits"})
    assert clear_answers("kitsu") == 0
    old = timezone.now() - clearing._KEEP_EMPTY * 2
    SourceAnswer.objects.filter(params__query="none").update(changed_at=old)
    SourceHour.objects.create(source="mangadex", hour=timezone.now() - 2 * clearing._KEEP_HOURS)

    forget_old_answers()

    kept = SourceAnswer.objects.order_by("pk").values_list("params__query", flat=True)
    assert list(kept.all()) == ["манас", "other", "waits"]
    assert SourceHour.objects.count() == 1
    monkeypatch.setattr(clearing, "_MOST_ANSWERS", 2)
    forget_old_answers()
    assert list(kept.all()) == ["other", "waits"]
    assert clear_answers() == 1
    assert list(kept.all()) == ["waits"]
