"""The letters of this app: a report was decided, a word of warning."""

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.letters import LetterText, letter
from accounts.models import Letter
from safety.models import Case, CaseState, Caution

REPORT_DECIDED = "report_decided"
WARNING = "warning"


@letter(REPORT_DECIDED, is_limited=False)
def _of_decided_report(row: Letter) -> LetterText | None:
    case = Case.objects.filter(pk=row.params["case"]).exclude(state=CaseState.OPEN).first()
    if case is None:
        return None
    if case.state == CaseState.ACTED:
        told = _("You reported “%(thing)s”. You were right: we have done something about it.")
    else:
        told = _("You reported “%(thing)s”. We looked at it and found nothing against our rules.")
    paragraphs = [told % {"thing": case.shown_label}, case.answer, _("Thank you for telling us.")]
    return LetterText(
        subject=_("What became of your report"),
        body="\n\n".join(paragraph for paragraph in paragraphs if paragraph),
        link=f"{settings.SITE_URL}/me/reports",
        link_label=_("My reports"),
    )


@letter(WARNING, is_limited=False)
def _of_warning(row: Letter) -> LetterText | None:
    caution = Caution.objects.filter(pk=row.params["caution"]).first()
    if caution is None or caution.seen_at is not None:
        return None
    return LetterText(
        subject=_("A moderator has a word for you"),
        body="\n\n".join(
            [
                _("A moderator of %(site)s warns you:") % {"site": settings.SITE_NAME},
                caution.text,
                _("If it goes on, your account can be banned."),
            ]
        ),
        link=f"{settings.SITE_URL}/me",
        link_label=_("To the site"),
    )
