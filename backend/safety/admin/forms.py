"""Forms of a moderator's acts: the reason, the end of a ban, and the answer to reporters."""

import uuid
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

MAX_LETTERS = 2000


class ActForm(forms.Form):
    """Asks for the reason and, if the act began with a case, whether to close that as well."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=MAX_LETTERS,
        widget=forms.Textarea({"rows": 4, "autofocus": True}),
    )
    form_key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    close_case = forms.BooleanField(
        label=gettext_lazy("Close the case: we have acted"), required=False, initial=True
    )
    answer = forms.CharField(
        label=gettext_lazy("Answer to those who reported"),
        max_length=MAX_LETTERS,
        required=False,
        widget=forms.Textarea({"rows": 2}),
        help_text=gettext_lazy("They also read what the outcome was, each in their language."),
    )

    reason_help: str | Promise = ""

    def __init__(self, *args: Any, has_case: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["reason"].help_text = str(self.reason_help)
        if not has_case:
            del self.fields["close_case"], self.fields["answer"]

    @property
    def closes_case(self) -> bool:
        """True if the case is to be closed after the act."""
        return bool(self.cleaned_data.get("close_case"))


class WarnForm(ActForm):
    """Asks for the text of a warning."""

    reason_help = gettext_lazy("The person reads this, on the site and by e-mail.")


class StrikeForm(ActForm):
    """Asks for the reason of a strike."""

    reason_help = gettext_lazy("Stands in the log. Enough strikes within a month ban.")


class BanForm(ActForm):
    """Asks for the reason and the end of a ban."""

    reason_help = gettext_lazy("The person reads this when they try to come in.")
    until = forms.SplitDateTimeField(
        label=gettext_lazy("Until"),
        required=False,
        widget=forms.SplitDateTimeWidget(
            date_attrs={"type": "date"}, time_attrs={"type": "time"}, date_format="%Y-%m-%d",
            time_format="%H:%M",
        ),
        help_text=gettext_lazy("UTC. Empty: for good."),
    )  # fmt: skip
    delete_uploads = forms.BooleanField(
        label=gettext_lazy("Delete all their uploads too"), required=False
    )
    field_order = ("reason", "until", "delete_uploads")

    def clean_until(self) -> Any:
        """Refuse an end that has passed."""
        until = self.cleaned_data["until"]
        if until is not None and until <= timezone.now():
            raise ValidationError(_("This moment has passed."))
        return until


class LiftForm(ActForm):
    """Asks why a ban is lifted early."""

    reason_help = gettext_lazy("Stands in the log, for other moderators.")


class DeleteUploadsForm(ActForm):
    """Asks why all uploads of a user are deleted, and whether to ban the user as well."""

    reason_help = gettext_lazy("The uploader reads this at each of their uploads.")
    ban = forms.BooleanField(label=gettext_lazy("Ban the person too, for good"), required=False)
    field_order = ("reason", "ban")
