"""Calls to APIs within budgets: what is counted, repeated, put off and given up."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from common.models import OutboundBudget
from common.outbound import calls
from common.outbound.budgets import Limit, Outcome, Turn, Wait, end_turn, reset_budget, take_turn
from common.outbound.calls import BudgetedClient, CallFailed
from common.outbound.client import outbound_client
from common.outbound.transport import OpenTransaction
from tests.sources.double import Double, Heard, Said, cloudflare, cut, limited, say_json, slow

pytestmark = pytest.mark.django_db

WIDE = {"": [Limit(1000, 1)]}


class Echo(Double):
    """Answers what it was asked."""

    def answer(self, heard: Heard) -> Said:
        if heard.path == "/round":
            return Said(302, headers={"Location": "/round"})
        if heard.path == "/moved":
            return Said(302, headers={"Location": heard.one("to", "/there")})
        return say_json({"path": heard.path, "query": heard.query, "body": heard.json()})


@pytest.fixture(scope="module")
def server():
    with Echo() as double:
        yield double


@pytest.fixture(autouse=True)
def site(server, monkeypatch):
    """The server as it was at first, and a client that does not wait between tries."""
    server.forget()
    monkeypatch.setattr(calls, "_BACKOFF", lambda state: 0.0)
    return server


def client(site: Double, **options: Any) -> BudgetedClient:
    settings: dict[str, Any] = {"limits": WIDE, "trusted": [site.url], "wait_seconds": 5.0}
    return BudgetedClient("site", **settings | options)


def get(site: Double, path: str = "/a", **options: Any):
    words = {name: options.pop(name) for name in ("params", "accepts", "retries", "max_bytes")
             if name in options}  # fmt: skip
    return client(site, **options).request("GET", site.url + path, **words)


def budget(name: str = "site") -> OutboundBudget:
    return OutboundBudget.objects.get(pk=name)


def test_requests_say_who_we_are_and_share_a_connection(site, settings):
    settings.OUTBOUND_CONTACT = "operator@example.test"

    answer = get(site, params={"q": "Манас", "page": 2, "ids[]": ["1", "2"]})
    client(site).request("POST", f"{site.url}/b", json={"a": 1}, headers={"X-Own": "yes"})

    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    got, posted = site.requests
    assert got.query == {"q": ["Манас"], "page": ["2"], "ids[]": ["1", "2"]}
    assert got.headers["user-agent"] == "MangaKG (+operator@example.test)"
    assert not {"via", "cookie", "authorization"} & {*got.headers, *posted.headers}
    assert (posted.json(), posted.headers["x-own"]) == ({"a": 1}, "yes")
    assert got.connection == posted.connection


def test_no_call_is_made_inside_a_transaction(site):
    with transaction.atomic():
        with pytest.raises(OpenTransaction):
            get(site)
        with pytest.raises(OpenTransaction):
            outbound_client().fetch(site.url, max_bytes=10, content_types={"text/plain"})

    assert site.requests == []
    assert not OutboundBudget.objects.exists()


def test_what_answers_name_has_to_be_public_unless_the_operator_allows_it(site, settings):
    named = site.url.replace("127.0.0.1", "localhost")

    for path in ("/a", f"/moved?to={named}/a"):
        with pytest.raises(CallFailed, match="unreadable: address"):
            client(site).request("GET", (named if path == "/a" else site.url) + path)
    assert site.paths() == ["/moved"]
    settings.OUTBOUND_ALLOW_PRIVATE = True
    answer = get(site, f"/moved?to={named}/a")

    assert (answer.url, answer.status) == (f"{named}/a", 200)


def test_each_hop_of_a_redirect_counts_and_there_are_few(site):
    assert get(site, "/moved").url == f"{site.url}/there"
    assert len(budget().calls) == 2

    with pytest.raises(CallFailed, match="redirects"):
        get(site, "/round")
    with pytest.raises(CallFailed, match="status 302"):
        client(site).request("POST", f"{site.url}/moved", json={})


# --- What is tried again ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault", [Said(500), cloudflare(502), cloudflare(522), cut()], ids=str
)  # fmt: skip
def test_a_get_is_tried_again_and_a_post_only_where_it_is_safe(site, fault):
    site.plan(fault, times=2)
    assert get(site).status == 200
    site.plan(fault, times=2)
    assert client(site, safe_posts=True).request("POST", site.url, json={}).status == 200
    asked = len(site.requests)
    site.plan(fault)
    with pytest.raises(CallFailed, match="down"):
        client(site).request("POST", site.url, json={})
    site.plan(fault)
    with pytest.raises(CallFailed, match="down"):
        get(site, retries=False)

    assert (asked, len(site.requests)) == (6, 8)
    assert budget().failures == 2  # an answer in between ends the row of failures


def test_what_never_ends_is_given_up_in_time(site):
    site.plan(slow(), times=2)

    with pytest.raises(CallFailed, match="down: timeout"):
        get(site, call_seconds=0.2, attempts=2)

    assert len(site.requests) == 2


@pytest.mark.parametrize(
    ("said", "reason"),
    [(Said(404), "status 404"), (Said(400), "status 400"),
     (say_json("x" * 3000), "too_large"), (Said(403, b"API disabled"), "blocked 403"),
     (cloudflare(403), "blocked 403")],
)  # fmt: skip
def test_what_will_not_get_better_is_not_tried_again(site, said, reason):
    site.plan(said)

    with pytest.raises(CallFailed, match=reason):
        get(site, max_bytes=2000)

    assert len(site.requests) == 1


def test_a_status_that_is_accepted_is_an_answer(site):
    site.plan(Said(404, b"none"), times=2)

    assert get(site, accepts=(200, 404)).body == b"none"
    assert budget().failures == 0


# --- Being asked to wait ------------------------------------------------------------------------


NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)


def _date(seconds: int) -> str:
    return format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)


def _stamp(seconds: int) -> str:
    return str(int(NOW.timestamp()) + seconds)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({}, 60), ({"retry_after": "90"}, 90), ({"retry_after": _date(120)}, 120),
     ({"x_ratelimit_retry_after": _stamp(300)}, 300), ({"retry_after": "soon"}, 60),
     ({"retry_after": "nan"}, 60), ({"retry_after": "-5"}, 1), ({"retry_after": "1e9"}, 3600)],
)  # fmt: skip
def test_a_429_stops_the_budget_for_as_long_as_it_says(site, monkeypatch, headers, seconds):
    monkeypatch.setattr(calls, "timezone", SimpleNamespace(now=lambda: NOW))
    site.plan(limited(**headers))

    with pytest.raises(CallFailed, match="limited") as failed:
        get(site, wait_seconds=0.5)

    assert failed.value.until == NOW + timedelta(seconds=seconds)
    row = budget()
    assert row.limited_until is not None
    assert row.error_at is not None
    assert row.limited_until - row.error_at == timedelta(seconds=seconds)
    assert row.failures == 0
    if seconds > 1:
        with pytest.raises(CallFailed, match="limited"):
            get(site, wait_seconds=0.5)
        assert len(site.requests) == 1


def test_a_short_pause_is_waited_for(site):
    site.plan(limited(retry_after=1))

    assert get(site).status == 200
    assert site.requests[1].at - site.requests[0].at >= 1


def test_the_limit_of_one_address_leaves_the_others_alone(site):
    limits = {"": [Limit(9, 1)], "at-home": [Limit(9, 1)]}
    site.plan(limited(x_ratelimit_retry_after=str(int(timezone.now().timestamp()) + 600)))

    with pytest.raises(CallFailed, match="limited"):
        client(site, limits=limits).request("GET", site.url, budgets=("", "at-home"))

    assert budget("site.at-home").limited_until
    assert budget().limited_until is None
    assert client(site, limits=limits).request("GET", site.url).status == 200


# --- Budgets ------------------------------------------------------------------------------------


def take(*limits: Limit, urgent: bool = True, name: str = "site") -> Turn | Wait:
    return take_turn({name: limits}, urgent=urgent, call_seconds=9)


def end(turn: Turn | Wait, outcome: Outcome | None = None) -> None:
    assert isinstance(turn, Turn)
    end_turn(turn, outcome or Outcome(), last="site")


def test_a_window_is_full_until_its_first_call_has_ended_a_window_ago():
    first, second = take(Limit(2, 60)), take(Limit(2, 60))
    assert isinstance(take(Limit(2, 60)), Wait)
    end(second)
    end(first)

    full = take(Limit(2, 60))

    assert isinstance(full, Wait)
    assert 0 < full.seconds <= 60.1
    _age(second, 61)
    assert isinstance(take(Limit(2, 60)), Turn)
    assert isinstance(take(Limit(2, 60)), Wait)


def _age(turn: Turn | Wait, seconds: float) -> None:
    assert isinstance(turn, Turn)
    row = budget()
    for call in row.calls:
        call[1] -= seconds * (call[0] == turn.key)
    row.save(update_fields=["calls"])


def test_a_call_that_died_with_its_process_counts_no_longer_than_it_could_have_lasted():
    turn = take(Limit(1, 2))
    assert isinstance(take(Limit(1, 2)), Wait)
    _age(turn, 9 + 2.1)

    assert isinstance(take(Limit(1, 2)), Turn)


def test_people_go_first_and_background_work_leaves_them_a_turn():
    background = [take(Limit(5, 60), urgent=False) for _call in range(5)]
    assert [type(turn) for turn in background] == [Turn] * 4 + [Wait]
    assert isinstance(take(Limit(5, 60)), Turn)
    waiting = take(Limit(5, 60))
    for turn in background[:4]:
        end(turn)
        _age(turn, 61)

    assert budget().people_until is not None
    OutboundBudget.objects.update(people_until=timezone.now() + timedelta(hours=1))
    stepping_back = take(Limit(5, 60), urgent=False)

    assert isinstance(waiting, Wait)
    assert isinstance(stepping_back, Wait)
    assert isinstance(take(Limit(5, 60)), Turn)


def test_the_breaker_opens_half_opens_and_closes(site):
    failed = Outcome(failure="timeout")
    for _call in range(5):
        end(take(Limit(99, 1)), failed)
    opened = take(Limit(99, 1))
    assert isinstance(opened, Wait)
    assert opened.why == "open"
    assert 0 < opened.seconds <= 30
    with pytest.raises(CallFailed, match="down: open") as told:
        get(site)
    assert _seconds_until(told.value.until) > 0
    assert site.requests == []
    since = budget().failing_since

    _end_pause()
    trial, second = take(Limit(99, 1)), take(Limit(99, 1))
    end(trial, failed)
    longer = take(Limit(99, 1))

    assert isinstance(second, Wait)  # one trial at a time
    assert isinstance(longer, Wait)
    assert 30 < longer.seconds <= 60
    assert (budget().failures, budget().failing_since) == (6, since)
    _end_pause()
    assert get(site).status == 200
    assert (budget().failures, budget().failing_since, budget().open_until) == (0, None, None)


def _seconds_until(time: datetime | None) -> float:
    assert time is not None
    return (time - timezone.now()).total_seconds()


def _end_pause() -> None:
    OutboundBudget.objects.update(open_until=timezone.now() - timedelta(seconds=1))


def test_a_server_that_says_until_when_it_is_down_is_left_alone_until_then(site):
    site.plan(Said(503, headers={"Retry-After": "600"}))

    with pytest.raises(CallFailed, match="down") as failed:
        get(site)

    assert 0 < _seconds_until(failed.value.until) <= 600
    assert 0 < _seconds_until(budget().open_until) <= 600
    reset_budget("site")
    assert get(site).status == 200
