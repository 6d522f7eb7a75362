"""Answers what was asked of sources, as a worker does but without its threads."""

from datetime import timedelta

from django.db.models import F

from sources.answers.answering import answer_question
from sources.models import SourceAnswer


def answer_all() -> None:
    """Answer every question that waits."""
    for pk in SourceAnswer.objects.filter(wanted_at__isnull=False).values_list("pk", flat=True):
        answer_question(pk)


def age_all() -> None:
    """Let all answers be from the day before yesterday."""
    ago = timedelta(days=2)
    SourceAnswer.objects.update(
        changed_at=F("changed_at") - ago, answered_at=F("answered_at") - ago,
        fresh_until=F("fresh_until") - ago, error_until=F("error_until") - ago,
    )  # fmt: skip
