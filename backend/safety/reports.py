"""A reader reports something; reports about one object of one user are a case, which is decided.

Starts at `report_content`, ends at `decide_case`, which tells all reporters by e-mail. Only
moderators learn who reported.
"""

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import log_decision
from accounts.auth.addresses import refuse_unconfirmed
from accounts.auth.authority import acting
from accounts.emails import queue_emails_to
from accounts.models import User
from common.http.errors import AlreadyDecided, Forbidden, Invalid
from common.report_subjects import Subject
from safety.emails import REPORT_DECIDED
from safety.models import SEVERE, Case, CaseState, Reason, Report
from safety.report_subjects import USER, visible_subject

_ATTEMPTS = 5


def report_content(
    subject_type: str, subject_id: int, *, reporter: User, reason: Reason, text: str = ""
) -> tuple[Report, bool]:
    """Report something that the user can see; return the report and whether it is new.

    A user's second report in an open case replaces their first one.
    """
    refuse_unconfirmed(reporter)
    subject = visible_subject(subject_type, subject_id, viewer=reporter)
    if subject_type == USER and subject_id == reporter.pk:
        message = _("You cannot report yourself.")
        raise Invalid(message, fields={"subject_id": [message]})
    for _attempt in range(_ATTEMPTS):
        with acting(reporter):
            case = _find_or_open_case(subject_type, subject_id, subject)
            if case is not None:
                return _add_report(case, reporter=reporter, reason=reason, text=text.strip())
    raise RuntimeError(f"no open case of {subject_type} {subject_id}")


def _find_or_open_case(subject_type: str, subject_id: int, subject: Subject) -> Case | None:
    """Return the open case, locked until the transaction ends; None where it was just decided."""
    is_open = Case.objects.filter(
        subject_type=subject_type, subject_id=subject_id, accused=subject.accused_id,
        state=CaseState.OPEN,
    )  # fmt: skip
    held = is_open.select_for_update()
    found = held.first()
    if found is not None:
        return found
    try:
        with transaction.atomic():
            return Case.objects.create(
                subject_type=subject_type,
                subject_id=subject_id,
                subject_label=subject.label[:300],
                subject_url=subject.url[:300],
                accused_id=subject.accused_id,
                opened_against=subject.accused_id or 0,
            )
    except IntegrityError:  # another user reports it at this moment
        return held.first()


def _add_report(case: Case, *, reporter: User, reason: Reason, text: str) -> tuple[Report, bool]:
    report, is_new = Report.objects.get_or_create(
        case=case, reporter=reporter, defaults={"reason": reason, "text": text}
    )
    if not is_new:
        report.reason, report.text = reason, text
        report.save(update_fields=["reason", "text"])
    case.is_severe = Report.objects.filter(case=case, reason__in=SEVERE).exists()
    case.reported_at = timezone.now()
    Case.objects.filter(pk=case.pk).update(
        report_count=F("report_count") + int(is_new),
        is_severe=case.is_severe,
        reported_at=case.reported_at,
    )
    report.case = case
    return report, is_new


def decide_case(case: Case, *, moderator: User, outcome: CaseState, answer: str = "") -> None:
    """Close a case as acted or dismissed, and tell all its reporters by e-mail."""
    if outcome not in (CaseState.ACTED, CaseState.DISMISSED):
        raise ValueError(outcome)
    answer = answer.strip()
    with acting(moderator, permission="safety.decide_case"):
        if not Case.objects.filter(pk=case.pk).visible_to(moderator).exists():
            raise Forbidden(_("Nobody decides about themselves."))
        decided = Case.objects.filter(pk=case.pk, state=CaseState.OPEN).update(
            state=outcome, answer=answer, decided_at=timezone.now(), decided_by=moderator
        )
        case.refresh_from_db()
        if not decided:
            raise AlreadyDecided(
                _("Somebody else was first: this case is “%(state)s” now.")
                % {"state": case.get_state_display()}
            )
        log_decision(
            case, action="decide_case", actor=moderator, reason=answer,
            from_state=CaseState.OPEN, to_state=outcome,
        )  # fmt: skip
        reporters = User.objects.filter(reports__case=case, is_active=True)
        queue_emails_to(reporters, REPORT_DECIDED, params={"case": case.pk})
