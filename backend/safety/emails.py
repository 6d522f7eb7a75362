"""The e-mails of this app: to reporters of a decided case, and to users who are warned."""

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.emails import EmailText, email_kind
from accounts.models import OutgoingEmail
from safety.models import Case, CaseState, ModeratorWarning

REPORT_DECIDED = "report_decided"
WARNING = "warning"


@email_kind(REPORT_DECIDED, is_limited=False)
def _of_decided_report(row: OutgoingEmail) -> EmailText | None:
    case = Case.objects.filter(pk=row.params["case"]).exclude(state=CaseState.OPEN).first()
    if case is None:
        return None
    if case.state == CaseState.ACTED:
        told = _("You reported “%(thing)s”. You were right: we have done something about it.")
    else:
        told = _("You reported “%(thing)s”. We looked at it and found nothing against our rules.")
    paragraphs = [told % {"thing": case.shown_label}, case.answer, _("Thank you for telling us.")]
    return EmailText(
        subject=_("What became of your report"),
        body="\n\n".join(paragraph for paragraph in paragraphs if paragraph),
        link=f"{settings.SITE_URL}/me/reports",
        link_label=_("My reports"),
    )


@email_kind(WARNING, is_limited=False)
def _of_warning(row: OutgoingEmail) -> EmailText | None:
    warning = ModeratorWarning.objects.filter(pk=row.params["warning"]).first()
    if warning is None or warning.seen_at is not None:
        return None
    return EmailText(
        subject=_("A moderator has a word for you"),
        body="\n\n".join(
            [
                _("A moderator of %(site)s warns you:") % {"site": settings.SITE_NAME},
                warning.text,
                _("If it goes on, your account can be banned."),
            ]
        ),
        link=f"{settings.SITE_URL}/me",
        link_label=_("To the site"),
    )
