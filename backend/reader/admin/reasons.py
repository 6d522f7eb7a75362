"""Ready-made reasons for a rejection, which the uploader gets in their own language."""

from django.utils import translation
from django.utils.translation import gettext_lazy as _

from accounts.models import User

# The keys are used in forms only; the text is what is stored.
READY_REASONS = {
    "quality": _("The pictures are too small or too blurred to read."),
    "order": _("Pages are missing or in the wrong order."),
    "place": _("This is not the chapter that its number and series say."),
    "language": _("The text is in another language than the one given."),
    "duplicate": _("We have this chapter already, in the same language and quality."),
    "translation": _("The translation cannot be understood: it reads like a machine's."),
    "advertising": _("Pages of advertising do not belong into a chapter."),
    "watermark": _("Another group's marks are on the pages, and it has not agreed."),
    "rights": _("The holder of the rights has asked not to show this here."),
    "rules": _("The pictures break the rules of this site."),
}


def ready_reasons(uploader: User | None) -> list[dict[str, str]]:
    """Return the reasons in the moderator's language, each with the uploader's text."""
    language = uploader.language if uploader else translation.get_language()
    return [
        {"key": key, "label": str(text), "text": _in_language(key, language)}
        for key, text in READY_REASONS.items()
    ]


def compose_reason(*, ready: str, note: str, uploader: User | None) -> str:
    """Join a chosen reason and a note; a note that holds the reason already is kept as it is."""
    note = note.strip()
    if ready not in READY_REASONS:
        return note
    language = uploader.language if uploader else translation.get_language()
    text = _in_language(ready, language)
    return note if text in note else f"{text}\n{note}".strip()


def _in_language(key: str, language: str | None) -> str:
    with translation.override(language):
        return str(READY_REASONS[key])
