"""Reports of readers and their cases; warnings and mass deletions of moderators."""

import uuid
from typing import TYPE_CHECKING, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.models import Job

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


# The kind of the jobs that are such deletions.
MASS_DELETION = "mass_deletion"


class Reason(models.TextChoices):
    SPAM = "spam", _("Spam or advertising")
    WRONG_CONTENT = "wrong_content", _("Not what it says it is")
    BAD_QUALITY = "bad_quality", _("Cannot be read: quality, order or translation")
    STOLEN = "stolen", _("Somebody else's work, taken without asking")
    ILLEGAL = "illegal", _("Against the law")
    HATEFUL = "hateful", _("Hate or threats")
    SEXUAL_MINOR = "sexual_minor", _("Sexual content with minors")
    IMPERSONATION = "impersonation", _("Pretends to be somebody else")
    OTHER = "other", _("Something else")


# Reasons that must not wait behind spam.
SEVERE = (Reason.ILLEGAL, Reason.SEXUAL_MINOR)


class CaseState(models.TextChoices):
    OPEN = "open", _("Open")
    ACTED = "acted", _("Acted")
    DISMISSED = "dismissed", _("Dismissed")


class CaseQuerySet(models.QuerySet["Case"]):
    """Reads of cases; `visible_to` alone decides who sees what."""

    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """Return the cases that the user may decide: not those about the user's own content.

        Admins may decide those too, as there may be no other; they do not see who reported them.
        """
        if not user.has_perm("safety.view_case"):
            return self.none()
        return self if user.has_perm("accounts.change_user") else self.exclude(accused=user.pk)


class Case(models.Model):
    """All reports about one object of one user, until a moderator decides.

    Later reports open the next case; so do those about what another user put in its place. The
    object is named by a kind of `common.report_subjects` and an id. Its label and address are kept
    when it is deleted, except those of a user.
    """

    subject_type = models.CharField(_("kind of thing"), max_length=20)
    subject_id = models.BigIntegerField()
    subject_label = models.CharField(_("about"), max_length=300)
    subject_url = models.CharField(max_length=300, help_text="in the web app")
    accused = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL,
        related_name="cases_about", verbose_name=_("whose"),
    )  # fmt: skip
    # The id of `accused`, 0 for none, kept when that user is deleted. An open case is unique by
    # this and not by `accused`: otherwise two cases about one object would collide when both users
    # leave.
    opened_against = models.BigIntegerField(default=0, editable=False)
    state = models.CharField(
        _("state"), max_length=9, choices=CaseState, default=CaseState.OPEN, editable=False
    )
    is_severe = models.BooleanField(_("severe"), default=False, editable=False)
    report_count = models.PositiveIntegerField(_("reports"), default=0, editable=False)
    answer = models.TextField(_("answer"), blank=True, editable=False)
    created_at = models.DateTimeField(_("first reported"), default=timezone.now, editable=False)
    reported_at = models.DateTimeField(_("last reported"), default=timezone.now, editable=False)
    decided_at = models.DateTimeField(_("decided"), null=True, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL,
        related_name="decided_cases", verbose_name=_("decided by"), editable=False,
    )  # fmt: skip

    objects = CaseQuerySet.as_manager()

    class Meta:
        verbose_name = _("case")
        verbose_name_plural = _("cases")
        permissions = [("decide_case", "Can decide about what was reported")]
        constraints = [
            models.UniqueConstraint(
                fields=["subject_type", "subject_id", "opened_against"],
                condition=Q(state="open"), name="case_open_once",
            )
        ]  # fmt: skip
        indexes = [
            models.Index(
                fields=["-is_severe", "created_at", "id"], name="case_queue",
                condition=Q(state="open"),
            ),
            models.Index(fields=["subject_type", "subject_id"], name="case_subject"),
            models.Index(fields=["accused", "-created_at"], name="case_accused"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.subject_type}: {self.subject_label}"

    @property
    def shown_label(self) -> str:
        """Return the label; that of a deleted user is not kept."""
        return self.subject_label or gettext("somebody who left")


class Report(models.Model):
    """The report of one user in a case; only moderators see who reported."""

    case = models.ForeignKey(
        Case, on_delete=models.CASCADE, related_name="reports", verbose_name=_("case")
    )
    reporter = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL,
        related_name="reports", verbose_name=_("by"),
    )  # fmt: skip
    reason = models.CharField(_("reason"), max_length=20, choices=Reason)
    text = models.TextField(_("text"), max_length=1000, blank=True)
    created_at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        constraints = [
            models.UniqueConstraint(fields=["case", "reporter"], name="report_once_a_case")
        ]
        indexes = [models.Index(fields=["reporter", "-created_at", "-id"], name="report_mine")]

    def __str__(self) -> str:
        return f"{self.case_id}: {self.reason}"


class ModeratorWarning(models.Model):
    """A moderator's warning, shown to the user until they have read it."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="warnings",
        verbose_name=_("user"),
    )  # fmt: skip
    text = models.TextField(_("text"), max_length=2000)
    moderator = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+",
        verbose_name=_("by"),
    )  # fmt: skip
    # The key of the form that it was sent with, so that a form sent twice warns once.
    form_key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(_("when"), default=timezone.now)
    seen_at = models.DateTimeField(_("seen"), null=True)

    class Meta:
        verbose_name = _("warning")
        verbose_name_plural = _("warnings")
        permissions = [
            ("warn_user", "Can warn people"),
            ("strike_user", "Can count strikes against people"),
        ]
        indexes = [models.Index(fields=["user", "-created_at"], name="warning_of_user")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.text[:60]}"


class MassDeletionManager(models.Manager["MassDeletion"]):
    """The jobs that are deletions of all uploads of a user."""

    def get_queryset(self) -> models.QuerySet["MassDeletion"]:
        """Return them."""
        return super().get_queryset().filter(kind=MASS_DELETION)


class MassDeletion(Job):
    """One deletion of all uploads of a user, whose `decided_at` is its `created_at`.

    Its items are the uploads; `before` of each holds the state that it had.
    """

    objects: ClassVar[MassDeletionManager] = MassDeletionManager()

    class Meta:
        proxy = True
        verbose_name = _("deletion of all uploads")
        verbose_name_plural = _("deletions of all uploads")
        permissions = [("delete_all_uploads", "Can delete all uploads of a person, and undo it")]

    def __str__(self) -> str:
        return f"{self.about_id}: {self.total}"

    @property
    def restored_count(self) -> int:
        """Return how many uploads an undo has restored."""
        return int(self.outcome.get("undone", 0))

    @property
    def left_count(self) -> int:
        """Return how many uploads an undo has not restored."""
        return self.total - self.restored_count


class Member(User):
    """A user as moderators see them."""

    class Meta:
        proxy = True
        verbose_name = _("member")
        verbose_name_plural = _("members")
