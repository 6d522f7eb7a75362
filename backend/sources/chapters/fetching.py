"""A chapter's pages are fetched from a source, one by one, until they are an upload.

Starts with a row that waits (`sources.chapters.follows`), ends with its upload RECEIVED, which
takes the way of every upload. A page is kept as soon as it has come, and the upload is inserted in
the transaction that ends the row: a killed worker costs the page that it was fetching, once.

Sources take turns by chance, so that a slow one, or one with many chapters, holds up no other; a
long chapter gives way after SLICE_SECONDS.
"""

import random
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from itertools import accumulate, takewhile

import structlog
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone

from accounts.audit import log_decision
from catalog.models import Title
from common.files.pictures.rules import PictureRejected
from common.files.storages import STORAGE_ERRORS, StorageUnavailable
from common.http.errors import Invalid
from common.work.background import background_task
from common.work.leases import Lease, LeaseLost, claim, nobody_holds
from reader.intake.quotas import archive_limits
from reader.intake.rejections import UploadRejected
from reader.intake.uploads import (
    AlreadySubmitted,
    Origin,
    Submission,
    refuse_series_without_chapters,
    submit_from_source,
)
from reader.models import Upload
from sources.answers.clients import call_source
from sources.chapters.groups import GROUP_BLOCKED, BlockedGroups
from sources.chapters.pages import (
    delete_pages_of,
    refuse_no_picture,
    store_page,
    stored_pages,
    zip_of_pages,
)
from sources.chapters.pauses import open_sources, pause_source
from sources.chapters.shown_states import GAVE_UP, SERIES_CLOSED
from sources.chapters.taken_places import UNDER_REVIEW, find_taken_places, place_of
from sources.contract import FoundImage, Source, SourceFailed, Unreadable
from sources.models import ChapterState, SourceChapter, SourceFollow
from sources.switches import locked_settings

log = structlog.get_logger(__name__)

# After so long another chapter may come first.
SLICE_SECONDS = 20
# Between the tries of a chapter that fails; after the last one it has failed.
_RETRY_AFTER = (
    timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2),
)  # fmt: skip
# A page that was cut off is fetched once more; a zip may be made some times more.
_MOST_CLAIMS_A_PAGE = 2
_MOST_CLAIMS = 5
_MOST_PAGE_ID = 300
_MOST_GROUP = 100
_JOINT = " & "
_AT_ONCE = 20
# The ways of a page to be no picture, as the row keeps them.
_BAD_IMAGE = "bad_image"
_TOO_LARGE = "too_large"


class _LeftOut(Exception):
    """The chapter is not wanted any more; `reason` is why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _GaveWay(Exception):
    """It is another chapter's turn; the pages so far are kept."""


def _chapters_to_fetch() -> Iterable[int]:
    names = open_sources()
    random.shuffle(names)
    for source in names:
        due = SourceChapter.objects.filter(
            nobody_holds(), source=source, fetch_at__lte=timezone.now()
        )
        yield from due.order_by("fetch_at", "pk").values_list("pk", flat=True)[:_AT_ONCE]


@background_task(due=_chapters_to_fetch, queue="source_files", in_turn=True)
def fetch_chapter(pk: int) -> None:
    """Fetch what is missing of a chapter's pages, and submit them: one upload comes of it."""
    due = SourceChapter.objects.filter(fetch_at__lte=timezone.now(), source__in=open_sources())
    lease = claim(due, pk, state=ChapterState.FETCHING)
    if lease is None:
        return
    row = SourceChapter.objects.select_related("follow__series").get(pk=pk)
    try:
        _refuse_unwanted(row)
        source = call_source(row.source)
        _fetch_pages(row, lease, source)
        _submit(row, lease, source)
    except _LeftOut as left_out:
        _end(row, lease, ChapterState.SKIPPED, left_out.reason)
    except _GaveWay:
        lease.rows().update(state=ChapterState.WAITING, attempts=0, fetch_at=timezone.now())
        lease.release()
        fetch_chapter.enqueue(pk)
    except SourceFailed as error:
        _note_failure(row, lease, error)
    except (StorageUnavailable, *STORAGE_ERRORS):
        # Not the chapter's fault: its lease runs out, and the next try goes on from what is kept.
        lease.rows().update(attempts=Greatest(F("attempts") - 1, 0))
        raise


def _refuse_unwanted(row: SourceChapter) -> None:
    """Raise _LeftOut before anything is fetched; it is asked again when the pages are there."""
    if row.follow is None:  # stopped at this moment
        raise LeaseLost(row.pk)
    try:
        refuse_series_without_chapters(row.follow.series)
    except Invalid as error:
        raise _LeftOut(SERIES_CLOSED) from error
    _refuse_blocked(row)
    _refuse_taken(row, row.follow.series)


def _fetch_pages(row: SourceChapter, lease: Lease[SourceChapter], source: Source) -> None:
    if row.pages is None:
        row.pages = _page_ids(source, row)
        if not lease.rows().update(pages=row.pages):
            raise LeaseLost(row.pk)
    stored = stored_pages(row)
    missing = [number for number in range(1, len(row.pages) + 1) if number not in stored]
    if len(stored) > row.pages_done:
        # It makes progress; the worker before may have asked for the next page, once.
        row.pages_done, row.attempts = len(stored), min(row.attempts, _MOST_CLAIMS_A_PAGE)
        lease.rows().update(pages_done=row.pages_done, attempts=row.attempts)
    if row.attempts > (_MOST_CLAIMS_A_PAGE if missing else _MOST_CLAIMS):
        raise Unreadable("Several workers ended with it.", code=GAVE_UP)
    began = time.monotonic()
    for place, number in enumerate(missing):
        if place and time.monotonic() - began > SLICE_SECONDS:
            raise _GaveWay
        store_page(row, number, _fetch_page(source, row.pages[number - 1], number))
        stored.add(number)
        lease.keep(pages_done=len(stored), attempts=1)


def _page_ids(source: Source, row: SourceChapter) -> list[str]:
    ids = [image.id for image in source.get_images(row.external_id)]
    if not ids or any(not known or len(known) > _MOST_PAGE_ID for known in ids):
        raise Unreadable("The source names no pages.")
    if len(ids) > archive_limits().max_pages:
        raise Unreadable("There are too many pages.", code=_TOO_LARGE)
    return ids


def _fetch_page(source: Source, known: str, number: int) -> bytes:
    """Return a picture; one that is none is asked for once more, as another server may have it."""
    for _time in range(2):
        data = source.get_image(FoundImage(id=known))
        try:
            refuse_no_picture(data, number=number)
        except PictureRejected as rejection:
            problem = rejection
        else:
            return data
    code = _TOO_LARGE if problem.code == _TOO_LARGE else _BAD_IMAGE
    raise Unreadable(str(problem), code=code)


# --- From pages to an upload ----------------------------------------------------------------------


def _submit(row: SourceChapter, lease: Lease[SourceChapter], source: Source) -> None:
    assert row.follow is not None  # noqa: S101 (fetch_chapter has looked)
    names = [group.name for group in row.groups.order_by("pk")]
    origin = Origin(
        source=row.source,
        chapter=row.external_id,
        facts={
            "label": str(source.label), "site_url": row.site_url, "groups": names,
            "credits": str(source.credits),
        },
        asked_by_id=row.follow.asked_by_id,
    )  # fmt: skip
    submission = Submission(
        number=row.number, language=row.language, title=row.title, volume=row.volume,
        group=joint_name(names),
    )  # fmt: skip
    lease.keep()
    try:
        with zip_of_pages(row, count=len(row.pages or ())) as archive:
            submit_from_source(
                row.follow.series, origin=origin, archive=archive, submission=submission,
                inserting=partial(_inserting, row, lease, type(source)),
            )  # fmt: skip
    except UploadRejected as rejected:
        # The failed upload is kept, as that of a person is, and the row points at it.
        log.warning("chapter.rejected", chapter_id=row.pk, code=rejected.code)
    except AlreadySubmitted as error:
        raise _LeftOut(UNDER_REVIEW) from error
    except Invalid as error:
        raise _LeftOut(SERIES_CLOSED) from error
    delete_pages_of(row.folder)
    log.info("chapter.submitted", chapter_id=row.pk)


@contextmanager
def _inserting(
    row: SourceChapter, lease: Lease[SourceChapter], source: type[Source], upload: Upload
) -> Iterator[None]:
    """Open the transaction that inserts the upload and ends the row, if nothing is against it."""
    with transaction.atomic():
        decided = locked_settings(source)
        if not (decided.is_enabled and decided.chapters_enabled):
            raise SourceFailed("No chapters are taken from it.", code="source_off")
        assert row.follow is not None  # noqa: S101
        series = Title.objects.select_for_update(no_key=True).get(pk=row.follow.series_id)
        if not SourceFollow.objects.filter(pk=row.follow.pk, series=series).exists():
            raise LeaseLost(row.pk)  # its title has been merged meanwhile
        _refuse_blocked(row)
        _refuse_taken(row, series)
        upload.source_trusted = decided.is_trusted
        yield
        ended = lease.rows().filter(fetch_at__isnull=False).update(
            state=ChapterState.SUBMITTED, upload=upload, reason="", fetch_at=None, pages=None,
            pages_done=len(row.pages or ()), failures=0, attempts=0,
            lease_token=None, lease_until=None,
        )  # fmt: skip
        if not ended:
            raise LeaseLost(row.pk)
        log_decision(upload, action="take_from_source", actor=None, to_state=upload.state)


def joint_name(names: list[str]) -> str:
    """Return the name of the group of a chapter that several groups have made: all, as far as they
    fit, since a chapter has one group here."""
    lengths = accumulate(len(name) + len(_JOINT) for name in names)
    fitting = [name for name, _end in takewhile(
        lambda pair: pair[1] - len(_JOINT) <= _MOST_GROUP, zip(names, lengths, strict=True)
    )]  # fmt: skip
    return _JOINT.join(fitting) or "".join(names[:1])[:_MOST_GROUP].rstrip()


def _refuse_blocked(row: SourceChapter) -> None:
    if BlockedGroups(row.source).hold(row.groups.all()):
        raise _LeftOut(GROUP_BLOCKED)


def _refuse_taken(row: SourceChapter, series: Title) -> None:
    place = place_of(
        series, number=row.number, language=row.language, volume=row.volume, title=row.title
    )
    reason = find_taken_places(series, only=place).get(place)
    if reason is not None:
        raise _LeftOut(reason)


# --- Ends and pauses ------------------------------------------------------------------------------


def _note_failure(row: SourceChapter, lease: Lease[SourceChapter], error: SourceFailed) -> None:
    """Try again later, or give up: a limit is nobody's failure, and what is gone stays gone."""
    until = pause_source(row.source, error)
    is_no_failure = error.code in ("source_limited", "source_off")
    failures = row.failures + (not is_no_failure)
    is_over = error.code in ("not_found", GAVE_UP, _TOO_LARGE)
    if is_over or failures > len(_RETRY_AFTER):
        _end(row, lease, ChapterState.FAILED, error.code)
        return
    pause = _RETRY_AFTER[failures - 1] if failures and not is_no_failure else timedelta(0)
    lease.rows().update(
        state=ChapterState.WAITING, reason=error.code, failures=failures, attempts=0,
        fetch_at=max(until, timezone.now() + pause),
    )  # fmt: skip
    lease.release()
    log.warning("chapter.not_fetched", chapter_id=row.pk, code=error.code, failures=failures)


def _end(row: SourceChapter, lease: Lease[SourceChapter], state: ChapterState, reason: str) -> None:
    ended = lease.rows().update(
        state=state, reason=reason, fetch_at=None, pages=None, attempts=0,
        lease_token=None, lease_until=None,
    )  # fmt: skip
    if ended:
        delete_pages_of(row.folder)
        log.info("chapter.ended", chapter_id=row.pk, state=state, reason=reason)
