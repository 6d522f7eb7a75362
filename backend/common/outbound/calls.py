"""Calls to the APIs of other servers, within budgets that all processes share.

`BudgetedClient` waits for its turn, sends one request over connections that are kept, tries again
where that may help, and writes down how the other server is doing. What it stands on decides where
requests may go (`common.outbound.transport`) and bounds what is read (`common.outbound.client`).
"""

import io
import math
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any, Literal

import httpcore
import httpx
import tenacity
from django.conf import settings
from django.utils import timezone

from common.http.renderers import to_json
from common.outbound.budgets import (
    Limit,
    Outcome,
    Turn,
    Wait,
    end_turn,
    look_for_turn,
    take_turn,
)
from common.outbound.client import (
    EVERYWHERE,
    AnswerRefused,
    FetchFailed,
    OutboundClient,
    refuse_large,
    user_agent,
    write_body,
)
from common.outbound.transport import (
    AddressRefused,
    Connections,
    Deadline,
    Reach,
    refuse_open_transactions,
    trusted_hosts,
)

Method = Literal["GET", "POST"]
# What a request told of the other server, and how many seconds it took.
Observe = Callable[[Outcome, float], None]

# Whoever waits for a turn looks again after this at the latest.
_LOOK_SECONDS = 0.5
# A 429 that does not say for how long.
_LIMITED_SECONDS = 60.0
_LONGEST_PAUSE_SECONDS = 3600.0
# A call ends in its time; the database's clock is read a little before it begins.
_CLOCK_SECONDS = 1.0
_TRY_AGAIN = frozenset((408, 500, 502, 503, 504, *range(520, 528)))  # the last are Cloudflare's
_BACKOFF_SECONDS = 0.5
_LONGEST_BACKOFF_SECONDS = 8.0


class CallFailed(Exception):
    """A call has not brought an answer that is of use.

    `code` says why: `down` (it cannot be reached, or is not available), `limited` (it asks us to
    wait, or our own budget is used up), `unreadable` (another answer than its API promises).
    `reason` names what was seen, such as `timeout`. It is worth asking again after `until`.
    """

    def __init__(
        self,
        code: Literal["down", "limited", "unreadable"],
        reason: str,
        *,
        status: int | None = None,
        until: datetime | None = None,
    ) -> None:
        super().__init__(f"{code}: {reason} {status or ''}".strip())
        self.code = code
        self.reason = reason
        self.status = status
        self.until = until


class _MayTryAgain(Exception):
    """Another try may help; `wait_seconds` where the other server says when."""

    def __init__(self, failed: CallFailed, wait_seconds: float | None = None) -> None:
        super().__init__(str(failed))
        self.failed = failed
        self.wait_seconds = wait_seconds


@dataclass(frozen=True, slots=True)
class Called:
    """An answer; names of `headers` are in lower case."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float


@dataclass(frozen=True)
class BudgetedClient:
    """Calls within the limits of `name`: those of "" are its own, others are named below it.

    `trusted` are the addresses that the operator has set: they may be of our own network. `urgent`
    calls, which people wait for, go first. With `safe_posts` a POST only asks, and may be repeated.
    """

    name: str
    limits: Mapping[str, Sequence[Limit]]
    trusted: Collection[str] = ()
    urgent: bool = False
    safe_posts: bool = False
    wait_seconds: float = 30.0  # for turns, and until the last try
    call_seconds: float = 20.0
    step_seconds: float = 10.0
    attempts: int = 3
    max_redirects: int = 3
    observe: Observe | None = None  # is told of each request

    def request(
        self,
        method: Method,
        url: str,
        *,
        params: Mapping[str, str | int | Sequence[str]] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        budgets: Sequence[str] = ("",),
        retries: bool = True,
        max_bytes: int = 5 * 2**20,
        accepts: Sequence[int] = (200,),
    ) -> Called:
        """Return the answer if its status is one of `accepts`; raises CallFailed.

        It counts for `budgets`, which are names of `limits`; the last is the closest to what is
        asked. A GET is tried again where that may help, and a POST where it is safe or cannot have
        been seen.
        """
        refuse_open_transactions()
        content = b"" if json is None else to_json(json)
        sent = _Request(
            method, _with_params(url, params), dict(headers or {}), content, tuple(budgets),
            max_bytes, frozenset(accepts),
        )  # fmt: skip
        if json is not None:
            sent.headers["Content-Type"] = "application/json"
        give_up_at = time.monotonic() + self.wait_seconds
        tries = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_MayTryAgain),
            stop=lambda state: (
                state.attempt_number >= (self.attempts if retries else 1)
                or time.monotonic() + _wait_before_next(state) >= give_up_at
            ),
            wait=_wait_before_next,
            reraise=True,
        )
        try:
            return tries(self._follow, sent, give_up_at)
        except _MayTryAgain as error:
            raise error.failed from error

    def _follow(self, sent: "_Request", give_up_at: float) -> Called:
        """Send a request and follow redirects; each hop has its own turn."""
        for _hop in range(self.max_redirects + 1):
            answer, target = self._send(sent, self._wait_for_turn(sent.budgets, give_up_at))
            if target is None:
                return answer
            sent = sent.moved_to(target)
        raise CallFailed("unreadable", "redirects", status=answer.status)

    def _wait_for_turn(self, budgets: Sequence[str], give_up_at: float) -> Turn:
        limits = {self._budget_name(budget): self.limits.get(budget, ()) for budget in budgets}
        seconds = self.call_seconds + _CLOCK_SECONDS
        turn = take_turn(limits, urgent=self.urgent, call_seconds=seconds)
        while isinstance(turn, Wait):
            if time.monotonic() + turn.seconds >= give_up_at:
                until = timezone.now() + timedelta(seconds=turn.seconds)
                code: Literal["down", "limited"] = "down" if turn.why == "open" else "limited"
                raise CallFailed(code, turn.why, until=until)
            time.sleep(min(turn.seconds, _LOOK_SECONDS))
            # People say again that they wait; background work looks first without a lock.
            still = None if self.urgent else look_for_turn(limits, urgent=False)
            turn = still or take_turn(limits, urgent=self.urgent, call_seconds=seconds)
        return turn

    def _budget_name(self, budget: str) -> str:
        return f"{self.name}.{budget}" if budget else self.name

    def _send(self, sent: "_Request", turn: Turn) -> tuple[Called, str | None]:
        """Send one request in its turn; return the answer, and where it leads instead."""
        outcome = None
        started = time.monotonic()
        try:
            answer, target = self._exchange(sent)
            outcome = Outcome() if answer.status in sent.accepts else _outcome_of(answer)
        except FetchFailed as error:
            outcome = Outcome(failure=_reason_of(error))
            raise self._may_try_again(sent, error, outcome.failure) from error
        except AnswerRefused as error:
            outcome = Outcome()
            raise CallFailed("unreadable", "too_large") from error
        except AddressRefused as error:
            raise CallFailed("unreadable", "address") from error
        finally:
            end_turn(turn, outcome, last=self._budget_name(sent.budgets[-1]))
            if self.observe is not None and outcome is not None:
                self.observe(outcome, time.monotonic() - started)
        if target is None and answer.status not in sent.accepts:
            raise self._refusal(sent, answer, outcome)
        return answer, target

    def _exchange(self, sent: "_Request") -> tuple[Called, str | None]:
        started = time.monotonic()
        deadline = Deadline(self.call_seconds, self.step_seconds)
        headers = {"Accept-Encoding": "gzip", "Accept": "application/json, */*"} | sent.headers
        options = {"content": sent.content} if sent.content else {}
        with self._client().ask(
            deadline, sent.method, sent.url, headers=headers, follow_redirects=False, **options
        ) as told:
            body = io.BytesIO()
            refuse_large(told, sent.max_bytes)
            write_body(told, body, sent.max_bytes)
            # A redirected POST would become a GET.
            target = told.next_request if sent.method == "GET" else None
            named = {name.lower(): value for name, value in told.headers.items()}
            called = Called(
                str(told.url), told.status_code, named, body.getvalue(),
                time.monotonic() - started,
            )  # fmt: skip
        return called, None if target is None else str(target.url)

    def _client(self) -> OutboundClient:
        is_open = settings.OUTBOUND_ALLOW_PRIVATE
        over = _kept_connections(trusted_hosts(self.trusted), is_open=is_open)
        return OutboundClient(user_agent=user_agent(), connections=over)

    def _may_try_again(self, sent: "_Request", error: FetchFailed, reason: str) -> Exception:
        failed = CallFailed("down", reason)
        # Where there is no connection nothing was sent.
        was_unseen = isinstance(error.__cause__, httpcore.ConnectError | httpcore.ConnectTimeout)
        is_safe = sent.method == "GET" or self.safe_posts or was_unseen
        return _MayTryAgain(failed) if is_safe and not error.is_final else failed

    def _refusal(self, sent: "_Request", answer: Called, outcome: Outcome) -> Exception:
        """Return what an answer raises whose status is none of those that are accepted."""
        status = answer.status
        if outcome.limited_seconds is not None:
            # The next try waits for its turn, or gives up where that is too far away.
            until = timezone.now() + timedelta(seconds=outcome.limited_seconds)
            failed = CallFailed("limited", "limited", status=status, until=until)
            return _MayTryAgain(failed, outcome.limited_seconds)
        if not outcome.failure:
            return CallFailed("unreadable", "status", status=status)
        until = timezone.now() + timedelta(seconds=outcome.down_seconds)
        failed = CallFailed(
            "down", outcome.failure, status=status, until=until if outcome.down_seconds else None
        )
        is_safe = sent.method == "GET" or self.safe_posts
        if is_safe and status in _TRY_AGAIN:
            return _MayTryAgain(failed, outcome.down_seconds or None)
        return failed


@dataclass(frozen=True)
class _Request:
    method: Method
    url: str
    headers: dict[str, str]
    content: bytes
    budgets: tuple[str, ...]
    max_bytes: int
    accepts: frozenset[int]

    def moved_to(self, url: str) -> "_Request":
        """Return the request for another address; another server gets none of our headers."""
        here, there = httpx.URL(self.url), httpx.URL(url)
        is_same = (here.scheme, here.host, here.port) == (there.scheme, there.host, there.port)
        if here.scheme == "https" and there.scheme != "https":
            raise CallFailed("unreadable", "address")
        headers = self.headers if is_same else {}
        return _Request(self.method, url, headers, b"", self.budgets, self.max_bytes, self.accepts)


@lru_cache(maxsize=32)
def _kept_connections(trusted: frozenset[tuple[str, int]], *, is_open: bool) -> Connections:
    """Return the connections of this process to servers of one kind."""
    ports = None if is_open else frozenset(settings.OUTBOUND_PORTS)
    networks = EVERYWHERE if is_open else ()
    return Connections(Reach(ports=ports, allowed_networks=networks, trusted=trusted))


def _with_params(url: str, params: Mapping[str, str | int | Sequence[str]] | None) -> str:
    if not params:
        return url
    try:
        return str(httpx.URL(url).copy_merge_params(dict(params)))
    except httpx.InvalidURL as error:
        raise CallFailed("unreadable", "address") from error


def _wait_before_next(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, _MayTryAgain) and error.wait_seconds is not None:
        return error.wait_seconds
    return _BACKOFF(state)


# Full jitter: those who failed together do not come back together.
_BACKOFF = tenacity.wait_random_exponential(
    multiplier=_BACKOFF_SECONDS, max=_LONGEST_BACKOFF_SECONDS
)


def _reason_of(error: FetchFailed) -> str:
    match error.__cause__:
        case httpcore.ConnectError() | httpcore.ConnectTimeout():
            return "unreachable"
        case httpcore.TimeoutException():
            return "timeout"
        case _:
            return "broken"  # cut, or no HTTP


def _outcome_of(answer: Called) -> Outcome:
    """Return what an answer tells of the server that gave it."""
    status, told = answer.status, answer.headers
    now = timezone.now()
    if status == 429:
        stamp = told.get("x-ratelimit-retry-after", "")
        seconds = _pause_seconds(stamp or told.get("retry-after", ""), now, is_stamp=bool(stamp))
        return Outcome(
            status=status, failure="limited", limits_all=not stamp,
            limited_seconds=_LIMITED_SECONDS if seconds is None else seconds,
        )  # fmt: skip
    if status == 403 or status in _TRY_AGAIN:
        is_page = told.get("content-type", "").lower().startswith("text/html")
        failure = "blocked" if status == 403 or is_page else "status"
        pause = _pause_seconds(told.get("retry-after", ""), now)
        return Outcome(failure=failure, status=status, down_seconds=pause or 0.0)
    return Outcome()


def _pause_seconds(text: str, now: datetime, *, is_stamp: bool = False) -> float | None:
    """Return how long to wait by a header: seconds, an HTTP date or, with `is_stamp`, Unix time."""
    text = text.strip()
    try:
        seconds = float(text)
        if is_stamp:
            seconds -= now.timestamp()
    except ValueError:
        try:
            date = parsedate_to_datetime(text)
        except ValueError:
            return None
        date = date if date.tzinfo else date.replace(tzinfo=UTC)
        seconds = (date - now).total_seconds()
    if not math.isfinite(seconds):
        return None
    return min(max(seconds, 1.0), _LONGEST_PAUSE_SECONDS)
