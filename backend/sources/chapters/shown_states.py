"""What is shown of the state of a chapter of a source: its own, then that of its upload."""

from collections.abc import Iterable
from typing import Any

from django.db import models
from django.db.models import Case, CharField, Count, F, Q, Value, When
from django.utils.translation import gettext_lazy as _

from reader.intake.rejections import failure_sentence
from reader.states import UNDER_WAY, UploadState
from sources.chapters.groups import GROUP_BLOCKED
from sources.chapters.listing import EXTERNAL, OTHER_VERSION
from sources.chapters.taken_places import ALREADY_HERE, UNDER_REVIEW
from sources.models import ChapterState, SourceChapter

# The pages cost several workers their lives.
GAVE_UP = "gave_up"
# The series cannot have chapters any more.
SERIES_CLOSED = "series_closed"

REASONS = {
    ALREADY_HERE: _("This chapter is here already, in this language."),
    UNDER_REVIEW: _("This chapter is here already and waits for review."),
    OTHER_VERSION: _("Another group's version of this chapter is taken."),
    EXTERNAL: _("It can be read elsewhere only."),
    GROUP_BLOCKED: _("Its group has asked not to show it here."),
    SERIES_CLOSED: _("This series takes no chapters now."),
    GAVE_UP: _("Something went wrong on our side, several times."),
    "not_found": _("The source does not have it any more."),
    "source_down": _("The source does not answer."),
    "source_limited": _("The source asks us to wait."),
    "source_off": _("The source is switched off here."),
    "source_unreadable": _("What the source answers makes no sense."),
    "too_large": _("It is larger than a chapter may be."),
    "bad_image": _("A page that the source sent is no picture that can be shown."),
    UploadState.REJECTED: _("A moderator has rejected it."),
    UploadState.WITHDRAWN: _("It was withdrawn."),
    UploadState.SUPERSEDED: _("A newer version has replaced it."),
    UploadState.TAKEN_DOWN: _("It was taken down."),
    UploadState.DELETED: _("It was deleted."),
}  # fmt: skip


class ShownState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    FETCHING = "fetching", _("Being fetched")
    IN_REVIEW = "in_review", _("In review")
    LIVE = "live", _("Published")
    SKIPPED = "skipped", _("Left out")
    FAILED = "failed", _("Failed")


# In these nothing is here of a chapter: it may be fetched anew.
NOT_TAKEN = (
    UploadState.FAILED,
    UploadState.REJECTED,
    UploadState.WITHDRAWN,
    UploadState.TAKEN_DOWN,
    UploadState.DELETED,
)
Chapters = models.QuerySet[SourceChapter]
_IS_UPLOAD = Q(state=ChapterState.SUBMITTED)


def with_shown_state(
    chapters: "models.QuerySet[SourceChapter]",
) -> "models.QuerySet[SourceChapter]":
    """Add `shown`, a ShownState, to the rows."""
    return chapters.annotate(
        shown=Case(
            When(
                _IS_UPLOAD & (Q(upload__isnull=True) | Q(upload__state=UploadState.FAILED)),
                then=Value(ShownState.FAILED.value),
            ),
            When(_IS_UPLOAD & Q(upload__state=UploadState.LIVE), then=Value("live")),
            When(_IS_UPLOAD & Q(upload__state__in=UNDER_WAY), then=Value("in_review")),
            When(_IS_UPLOAD, then=Value(ShownState.SKIPPED.value)),
            default=F("state"),
            output_field=CharField(),
        )
    )


def count_states(follow_ids: Iterable[int]) -> dict[int, dict[str, int]]:
    """Return how many chapters of each follow are in which shown state, in one query."""
    counts = {pk: dict.fromkeys(ShownState.values, 0) for pk in follow_ids}
    rows: Any = with_shown_state(SourceChapter.objects.filter(follow__in=list(counts)))
    counted = rows.order_by().values_list("follow", "shown").annotate(count=Count("pk"))
    for follow, shown, count in counted:
        counts[follow][shown] = count
    return counts


def shown_reason(row: SourceChapter) -> tuple[str, str]:
    """Return why a chapter was left out or has failed, as a code and a sentence."""
    upload = row.upload
    if row.state != ChapterState.SUBMITTED:
        return row.reason, reason_sentence(row.reason)
    if upload is None:
        return GAVE_UP, reason_sentence(GAVE_UP)
    if upload.error_code:
        return upload.error_code, failure_sentence(upload)
    if upload.state in NOT_TAKEN or upload.state == UploadState.SUPERSEDED:
        return upload.state, reason_sentence(upload.state)
    return "", ""


def can_be_retried(row: SourceChapter) -> bool:
    """Return True where nothing is here of a chapter, and nothing under way."""
    if row.state == ChapterState.SUBMITTED:
        return row.upload is None or row.upload.state in NOT_TAKEN
    return row.state in (ChapterState.SKIPPED, ChapterState.FAILED)


def reason_sentence(code: str) -> str:
    """Return what a reason means, in the active language."""
    return str(REASONS.get(code, code))
