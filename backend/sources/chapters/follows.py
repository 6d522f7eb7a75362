"""A moderator asks for the chapters of a series from a source, once or as they appear there.

Starts at `follow_series`. `check_follow` asks the source what there is, and ends with a row for
each chapter; `sources.chapters.fetching` goes on with those that wait.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import log_decision
from accounts.auth.addresses import refuse_unconfirmed
from accounts.auth.authority import acting
from accounts.models import User
from catalog.models import Title
from common.http.errors import AlreadyDecided, Forbidden, Invalid, NotFound
from common.work.background import background_task, wake_queue
from common.work.leases import Lease, LeaseLost, claim, nobody_holds
from reader.intake.uploads import refuse_series_without_chapters
from reader.permissions import MODERATE
from reader.publication.trust import PERMISSION as TRUSTED
from sources.answers.clients import call_source
from sources.chapters.listing import is_wanted, read_list
from sources.chapters.pauses import open_sources, pause_source
from sources.chapters.shown_states import GAVE_UP, can_be_retried
from sources.contract import FoundChapter, SourceFailed, Unreadable
from sources.models import ChapterState, SourceChapter, SourceFollow
from sources.switches import refuse_chapters_off

log = structlog.get_logger(__name__)

QUEUE = "source_files"
# Every four hours, give or take one, so that not all of a source are asked for at once.
_EVERY_SECONDS = 4 * 3600
_JITTER_SECONDS = 3600
_MOST_FAILURES = 6
_FIRST_RETRY = timedelta(minutes=2)
_MOST_CLAIMS = 3
_AT_ONCE = 20
_TITLE_LETTERS = 300


@dataclass(frozen=True)
class Wish:
    """Which chapters of a title of a source are wanted; no languages: in all of them."""

    source: str
    external_id: str
    languages: Sequence[str]
    from_number: Decimal | None = None
    to_number: Decimal | None = None
    is_following: bool = False


def refuse_asker(user: User) -> None:
    """Raise Forbidden or Unconfirmed unless the user may take chapters from sources."""
    if user.has_perm(MODERATE):
        return
    if not (
        settings.SOURCE_CHAPTERS_BY_TRUSTED
        and user.has_perm(TRUSTED)
        and user.has_perm("reader.submit_upload")
    ):
        raise Forbidden(_("Only moderators may take chapters from a source."))
    refuse_unconfirmed(user)


def follow_series(series: Title, *, user: User, wish: Wish) -> SourceFollow:
    """Ask for chapters of a series; asked again, the wish replaces the earlier one.

    Raises ChaptersOff, Forbidden, Unconfirmed, Invalid, or NotFound for an unknown source.
    """
    refuse_chapters_off(wish.source)
    refuse_series_without_chapters(series)
    _refuse_empty_range(wish.from_number, wish.to_number)
    with acting(user):
        refuse_asker(user)
        follows = SourceFollow.objects.filter(
            series=series, source=wish.source, external_id=wish.external_id
        )
        follow = follows.select_for_update().first()
        if follow is None:
            follow = SourceFollow(
                series=series, source=wish.source, external_id=wish.external_id, asked_by=user
            )
            follow.save(force_insert=True)
        else:
            _refuse_foreign(follow, user)
        _change(follow, wish)
        log_decision(follow, action="follow_source", actor=user)
        check_follow.enqueue(follow.pk)
    return follow


def change_follow(follow: SourceFollow, *, user: User, wish: Wish) -> SourceFollow:
    """Change which chapters are wanted, and whether those to come are; raises NotFound."""
    refuse_chapters_off(follow.source)
    _refuse_empty_range(wish.from_number, wish.to_number)
    with acting(user):
        held = _held(follow, user)
        _change(held, wish)
        log_decision(held, action="change_follow", actor=user)
        check_follow.enqueue(held.pk)
    return held


def stop_follow(follow: SourceFollow, *, user: User) -> None:
    """Take no more chapters: what is an upload stays one, what waits is forgotten."""
    with acting(user):
        held = _held(follow, user)
        log_decision(held, action="stop_follow", actor=user)
        # A worker that holds one of them notices that its row is gone.
        SourceChapter.objects.filter(follow=held.pk, upload__isnull=True).delete()
        held.delete()


def retry_chapter(chapter: SourceChapter, *, user: User) -> SourceChapter:
    """Fetch a chapter anew that was left out, has failed, or whose upload was not taken."""
    if chapter.follow is None:
        raise NotFound(_("There is no such chapter."))
    refuse_chapters_off(chapter.source)
    with acting(user):
        _held(chapter.follow, user)
        row = SourceChapter.objects.select_for_update(of=("self",)).get(pk=chapter.pk)
        if not can_be_retried(row):
            raise AlreadyDecided(_("This chapter is here already, or under way."))
        row.state, row.reason, row.upload = ChapterState.WAITING, "", None
        row.pages, row.pages_done, row.failures, row.attempts = None, 0, 0, 0
        row.fetch_at = timezone.now()
        row.save()
        log_decision(chapter.follow, action="retry_chapter", actor=user, reason=str(row))
        wake_queue(QUEUE)
    return row


# --- Asking the source ----------------------------------------------------------------------------


def _follows_to_check() -> Iterable[int]:
    for source in open_sources():
        due = SourceFollow.objects.filter(
            nobody_holds(), source=source, check_at__lte=timezone.now()
        )
        yield from due.order_by("check_at").values_list("pk", flat=True)[:_AT_ONCE]


@background_task(due=_follows_to_check, queue=QUEUE)
def check_follow(pk: int) -> None:
    """Ask the source for its list of chapters, and make a row of each that is wanted and new."""
    due = SourceFollow.objects.filter(check_at__lte=timezone.now(), source__in=open_sources())
    lease = claim(due, pk)
    if lease is None:
        return
    follow = SourceFollow.objects.select_related("series").get(pk=pk)
    try:
        if follow.attempts > _MOST_CLAIMS:
            raise Unreadable("Several workers ended with it.", code=GAVE_UP)
        source = call_source(follow.source)
        if not follow.title:
            follow.title = source.get_details(follow.external_id).name[:_TITLE_LETTERS]
        found = source.get_chapters(follow.external_id, languages=follow.languages)
    except SourceFailed as error:
        _note_failure(lease, follow, error)
    else:
        _take_list(lease, follow, found)


def _take_list(
    lease: Lease[SourceFollow], follow: SourceFollow, found: Sequence[FoundChapter]
) -> None:
    source = refuse_chapters_off(follow.source)
    listed = read_list(follow, source, found)
    now = timezone.now()
    with transaction.atomic():
        taken = lease.rows().filter(check_at=follow.check_at).update(
            title=follow.title, checked_at=now, failures=0, error_code="", attempts=0,
            check_at=_next_check() if follow.is_following else None,
            lease_token=None, lease_until=None,
        )  # fmt: skip
        if not taken:
            raise LeaseLost(follow.pk)  # or the wish has changed meanwhile
        listed.save(follow)
        if any(row.fetch_at for row in listed.new):
            wake_queue(QUEUE)
    log.info("follow.checked", follow_id=follow.pk, found=len(found), new=len(listed.new))


def _note_failure(lease: Lease[SourceFollow], follow: SourceFollow, error: SourceFailed) -> None:
    """Ask later; one that is not followed, or whose title is gone, is given up in the end."""
    until = pause_source(follow.source, error)
    failures = follow.failures + 1
    is_over = error.code == "not_found" or (
        failures >= _MOST_FAILURES and not follow.is_following
    )  # fmt: skip
    pause = _FIRST_RETRY * 2 ** min(follow.failures, 7)
    lease.rows().filter(check_at=follow.check_at).update(
        failures=failures, error_code=error.code, attempts=0,
        check_at=None if is_over else max(until, timezone.now() + pause),
    )  # fmt: skip
    lease.release()
    log.warning("follow.not_checked", follow_id=follow.pk, code=error.code)


def _next_check() -> datetime:
    jitter = random.uniform(-_JITTER_SECONDS, _JITTER_SECONDS)  # noqa: S311 (no secret)
    return timezone.now() + timedelta(seconds=_EVERY_SECONDS + jitter)


# --- Helpers of the stories -----------------------------------------------------------------------


def _held(follow: SourceFollow, user: User) -> SourceFollow:
    held = SourceFollow.objects.select_for_update().filter(pk=follow.pk).first()
    if held is None:
        raise NotFound(_("There is nothing here."))
    refuse_asker(user)
    _refuse_foreign(held, user)
    return held


def _refuse_foreign(follow: SourceFollow, user: User) -> None:
    if follow.asked_by_id != user.pk and not user.has_perm(MODERATE):
        raise Forbidden(_("This is somebody else's."))


def _refuse_empty_range(first: Decimal | None, last: Decimal | None) -> None:
    if first is not None and last is not None and first > last:
        sentence = _("The last chapter comes before the first one.")
        raise Invalid(sentence, fields={"to": [sentence]})


def _change(follow: SourceFollow, wish: Wish) -> None:
    """Write a wish, have the source asked at once, and forget what waits and is not wanted now."""
    follow.languages = list(wish.languages)
    follow.from_number, follow.to_number = wish.from_number, wish.to_number
    follow.is_following = wish.is_following
    follow.check_at = timezone.now()
    follow.failures, follow.error_code = 0, ""
    follow.lease_token = follow.lease_until = None
    follow.save()
    idle = SourceChapter.objects.filter(follow=follow.pk).exclude(state=ChapterState.SUBMITTED)
    unwanted = [
        pk
        for pk, number, language in idle.values_list("pk", "number", "language")
        if not is_wanted(follow, number=number, language=language)
    ]
    for start in range(0, len(unwanted), 500):
        idle.filter(pk__in=unwanted[start : start + 500]).delete()
