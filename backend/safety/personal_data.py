"""What this app knows about a user: their reports, warnings to them, and cases about them."""

from collections.abc import Iterable, Mapping

from django.db.models import F
from django.utils.translation import gettext_lazy as _

from accounts.audit import forget_labels
from common.personal_data import ExportedFile, Participant, stream_rows
from safety.models import Case, ModeratorWarning, Report

Rows = Iterable[Mapping[str, object]]


def _reports(user_id: int) -> Rows:
    return stream_rows(
        Report.objects.filter(reporter=user_id),
        "case__subject_type", "case__subject_id", "case__subject_label", "reason", "text",
        "created_at", "case__state", "case__answer", "case__decided_at",
    )  # fmt: skip


def _warnings(user_id: int) -> Rows:
    return stream_rows(
        ModeratorWarning.objects.filter(user=user_id), "text", "created_at", "seen_at"
    )


def _erase_reports(user_id: int) -> None:
    # The report stays for moderators, without its reporter.
    Report.objects.filter(reporter=user_id).update(reporter=None)


def _erase_cases(user_id: int) -> None:
    about_them = Case.objects.filter(subject_type="user", subject_id=user_id)
    forget_labels("case", list(about_them.values_list("pk", flat=True)))
    about_them.update(subject_label="", subject_url="")
    Case.objects.filter(accused=user_id).update(accused=None, opened_against=-F("pk"))
    Case.objects.filter(decided_by=user_id).update(decided_by=None)


def _erase_warnings(user_id: int) -> None:
    ModeratorWarning.objects.filter(user=user_id).delete()
    ModeratorWarning.objects.filter(moderator=user_id).update(moderator=None)


PARTICIPANTS = (
    Participant(
        "reports",
        covers=("safety.Report.reporter",),
        files=(ExportedFile("reports.json", _("What you reported."), _reports),),
        erase=_erase_reports,
    ),
    Participant(
        "cases",
        covers=("safety.Case.accused", "safety.Case.decided_by"),
        erase=_erase_cases,
    ),
    Participant(
        "warnings",
        covers=("safety.ModeratorWarning.user", "safety.ModeratorWarning.moderator"),
        files=(ExportedFile("warnings.json", _("What moderators warned you of."), _warnings),),
        erase=_erase_warnings,
    ),
)
