"""The order in which moderators see open cases: severe ones first, then the oldest."""

from django.db.models import Q
from django.urls import reverse

from accounts.models import User
from safety.models import Case, CaseQuerySet, CaseState

ORDER = ("-is_severe", "created_at", "pk")


def open_cases(moderator: User) -> CaseQuerySet:
    """Return the open cases that a moderator may see, in the order of the queue."""
    waiting = Case.objects.filter(state=CaseState.OPEN).order_by(*ORDER)
    return waiting.visible_to(moderator)


def next_open_case(case: Case, *, moderator: User) -> Case | None:
    """Return the case that comes next in the queue; after the last one, the first."""
    waiting = open_cases(moderator).exclude(pk=case.pk)
    later = Q(created_at__gt=case.created_at) | Q(created_at=case.created_at, pk__gt=case.pk)
    behind = Q(is_severe=case.is_severe) & later
    if case.is_severe:
        behind |= Q(is_severe=False)
    return waiting.filter(behind).first() or waiting.first()


def case_url(case: Case | None) -> str:
    """Return the address of a case's page; for None, the list's."""
    if case is None:
        return reverse("admin:safety_case_changelist")
    return reverse("admin:safety_case_change", args=[case.pk])
