"""The models of sources: what an operator has switched, what was answered, what was taken."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

# --- What the operator decides ------------------------------------------------------------------


class SourceSettings(models.Model):
    """What an operator has decided about a source; without a row all is as its plug-in says."""

    source = models.CharField(_("source"), max_length=30, primary_key=True)
    is_enabled = models.BooleanField(_("enabled"), default=True)
    chapters_enabled = models.BooleanField(_("chapters may be taken"), default=False)
    is_trusted = models.BooleanField(
        _("trusted"), default=False,
        help_text=_("Its chapters go live without a review, but for a sample."),
    )  # fmt: skip
    # Who has read the terms and switched chapters on.
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL,
        related_name="+", editable=False,
    )  # fmt: skip
    changed_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("source")
        verbose_name_plural = _("sources")

    def __str__(self) -> str:
        return self.source


# --- What was asked and answered -----------------------------------------------------------------


# --- Titles --------------------------------------------------------------------------------------


# --- Chapters ------------------------------------------------------------------------------------
