"""Users, their sessions, keys, e-mails and strikes, and the audit log."""

from typing import Any, ClassVar

from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from accounts.scopes import scopes_carry
from accounts.usernames import name_is_taken, name_key
from common.models import MediaFile
from common.names import OrderKeyField
from common.work.leases import Leased


class Users(UserManager["User"]):
    """Finds users by name without regard to case, on every database alike."""

    def get_by_natural_key(self, username: str | None) -> "User":
        """Return the user called `username`."""
        found = self.called(username or "")
        if found is None:
            raise self.model.DoesNotExist
        return found

    def called(self, username: str) -> "User | None":
        """Return users whose name counts as the same as `username`, in any case and script."""
        return self.filter(username_key=name_key(username)).first()

    def _create_user_object(self, username: str, *args: Any, **columns: Any) -> "User":
        user: User = super()._create_user_object(username, *args, **columns)  # type: ignore[misc]
        user.username_key = name_key(user.username)
        return user

    def create_superuser(self, username: str, *args: Any, **columns: Any) -> "User":
        """Create an admin from the command line, which shows a ValidationError as a sentence."""
        if self.called(username) is not None:
            raise name_is_taken()
        return super().create_superuser(username, *args, **columns)


class Visibility(models.TextChoices):
    """Who may see a profile."""

    PUBLIC = "public", _("Everybody")
    MEMBERS = "members", _("Members")
    PRIVATE = "private", _("Only me")


class Fit(models.TextChoices):
    """How a page fills the screen."""

    HEIGHT = "height", _("Height")
    WIDTH = "width", _("Width")
    ORIGINAL = "original", _("Original size")


class User(AbstractUser):
    """An account. Addresses are rows of allauth's EmailAddress; `email` is the one in use."""

    username = models.CharField(_("username"), max_length=30)
    username_order = OrderKeyField("username")
    # No two names may share it: `accounts.usernames.name_key`, the same on every database.
    username_key = models.CharField(max_length=120, unique=True, editable=False)
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    display_name = models.CharField(_("display name"), max_length=60, blank=True)
    language = models.CharField(
        _("language"),
        max_length=2,
        default="en",
        choices=[("en", _("English")), ("ky", _("Kyrgyz")), ("ru", _("Russian"))],
    )
    bio = models.TextField(_("about"), max_length=1000, blank=True)
    time_zone = models.CharField(
        _("time zone"), max_length=64, blank=True, help_text=_("IANA name; empty: the device's")
    )
    visibility = models.CharField(
        _("who sees the profile"), max_length=8, choices=Visibility, default=Visibility.PUBLIC
    )
    # The user's way of reading; empty and null leave it to the title or the device.
    reading_direction = models.CharField(max_length=5, blank=True)
    reading_fit = models.CharField(max_length=8, blank=True, choices=Fit)
    data_saver = models.BooleanField(null=True, blank=True)
    # BCP 47, the one they like best first; empty: those of the browser.
    reading_languages = models.JSONField(default=list, blank=True)
    hidden_ratings = models.JSONField(default=list, blank=True)
    # At most one of the two is set: the picture is public, or in quarantine under this name.
    avatar = models.ForeignKey(
        MediaFile, null=True, on_delete=models.PROTECT, related_name="avatars", editable=False
    )
    avatar_draft = models.CharField(max_length=80, blank=True, editable=False)
    # A token ends when the epoch is raised. The admin's is raised only where all sessions end: one
    # device that logs out does not end the pages of the admin.
    epoch = models.PositiveIntegerField(default=0, editable=False)
    admin_epoch = models.PositiveIntegerField(default=0, editable=False)
    banned_at = models.DateTimeField(_("banned at"), null=True, blank=True, editable=False)
    banned_until = models.DateTimeField(_("banned until"), null=True, blank=True, editable=False)
    ban_reason = models.TextField(_("ban reason"), blank=True, editable=False)

    objects: ClassVar[Users] = Users()

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.CheckConstraint(condition=~Q(username_key=""), name="user_has_a_name_key")
        ]
        indexes = [models.Index(fields=["username_order", "id"], name="user_by_name")]
        permissions = [
            ("enter_admin", "Can enter the admin"),
            ("ban_user", "Can ban people and lift bans"),
            ("grant_uploader", "Can make readers uploaders"),
            ("moderate_avatar", "Can decide about people's pictures"),
        ]

    # Of the API key that a request was made with; the user has only its rights then.
    key_scopes: tuple[str, ...] | None = None
    used_key_id: int | None = None
    # Of the access token that a request was made with.
    token_epoch: int | None = None
    # Set while a request is served; see `accounts.auth.authority`.
    lost_authority = False

    def __str__(self) -> str:
        return self.username

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Ask the API key first, then Django: keys never carry rights of moderators or admins."""
        if self.key_scopes is not None and not scopes_carry(self.key_scopes, perm):
            return False
        return super().has_perm(perm, obj)

    def has_module_perms(self, app_label: str) -> bool:
        """See has_perm."""
        return self.key_scopes is None and super().has_module_perms(app_label)

    def check_password(self, raw_password: str | None) -> bool:
        """Compare as Django does, but renew an old hash only while the password is the same."""

        def renew(password: str | None) -> None:
            old = self.password
            self.set_password(password)
            self._password = None
            if not User.objects.filter(pk=self.pk, password=old).update(password=self.password):
                self.password = old  # another password was set meanwhile, and is kept

        return check_password(raw_password, self.password, renew)

    def get_session_auth_hash(self) -> str:
        """Return the hash that admin sessions hold: a new password or admin epoch ends them."""
        secret = f"{self.password} {self.admin_epoch}"
        return salted_hmac("accounts.admin session", secret, algorithm="sha256").hexdigest()

    def clean(self) -> None:
        """Write `username_key` from the name."""
        super().clean()
        self.username_key = name_key(self.username)

    @property
    def is_banned(self) -> bool:
        """Return True while a ban lasts; one with an end lapses by itself."""
        if self.banned_at is None:
            return False
        return self.banned_until is None or self.banned_until > timezone.now()

    @property
    def can_enter_admin(self) -> bool:
        """Return True for moderators, admins, and users whom an admin made staff."""
        return self.is_active and (self.is_staff or self.has_perm("accounts.enter_admin"))


class AvatarUpload(Leased):
    """An avatar that a user sent: it waits to be prepared, or cannot be used.

    One that has been prepared has no row any more. One that cannot be used has an `error_code`, and
    no file any more.
    """

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="avatar_upload")
    file_name = models.CharField(
        max_length=80, blank=True, help_text="its file in quarantine, as sent"
    )
    shown_name = models.CharField(max_length=130, blank=True, help_text="the sender's, in errors")
    error_code = models.CharField(max_length=40, blank=True)
    error_params = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [
            models.Index(
                fields=["created_at"], name="avatar_upload_waiting", condition=Q(error_code="")
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.error_code or 'waiting'}"


class Session(models.Model):
    """One device that is logged in: a family of refresh tokens of which the newest is good.

    A session whose `epoch` is behind its user's has ended.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sessions")
    family = models.CharField(max_length=32, unique=True)
    refresh_hash = models.CharField(max_length=64)
    epoch = models.PositiveIntegerField()
    device = models.CharField(max_length=120, blank=True)
    network = models.CharField(
        max_length=64, blank=True, help_text="keyed hash of the network it was opened from"
    )
    second_factor = models.BooleanField(default=False)
    in_browser = models.BooleanField(
        default=False, help_text="the refresh token is in a cookie that no script can read"
    )
    created_at = models.DateTimeField(db_default=Now())
    refreshed_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="session_expires")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.device}"


class ApiKey(models.Model):
    """A named, scoped key for programs; only its hash is kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=60)
    key_hash = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=8, help_text="its last letters, to tell keys apart")
    scopes = models.JSONField(help_text="some of read, library, upload")
    created_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.user_id}: {self.name}"


class AttemptCount(models.Model):
    """The failed attempts of one limiter: of a login, a network, a device or a user.

    `key` is a keyed hash, so that names which no account has are counted like others.
    """

    key = models.CharField(max_length=64, unique=True)
    count = models.PositiveIntegerField(default=0)
    blocked_until = models.DateTimeField(null=True)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["changed_at"], name="attempt_count_changed")]

    def __str__(self) -> str:
        return f"{self.key[:8]}: {self.count}"


class OutgoingEmail(Leased):
    """One e-mail that is to be sent; the row is the queue, and is deleted some days later.

    Its text is made when it is sent: nothing secret is kept here. `user` is null where the story
    must not look whether an account has the address; the worker looks.
    """

    kind = models.CharField(max_length=40)
    address = models.EmailField(max_length=254)
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="emails")
    language = models.CharField(max_length=2)
    params = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("e-mail")
        verbose_name_plural = _("e-mails")
        indexes = [
            models.Index(
                fields=["created_at"], name="email_to_send", condition=Q(sent_at__isnull=True)
            ),
            models.Index(fields=["address", "-created_at"], name="email_of_address"),
        ]

    def __str__(self) -> str:
        return f"{self.pk}: {self.kind}"


class RequestState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    GRANTED = "granted", _("Granted")
    REFUSED = "refused", _("Refused")


class UploaderRequest(models.Model):
    """A reader's request to become an uploader."""

    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="uploader_requests", verbose_name=_("user")
    )
    text = models.TextField(_("why"), max_length=1000, blank=True)
    state = models.CharField(
        _("state"), max_length=8, choices=RequestState, default=RequestState.WAITING, editable=False
    )
    answer = models.TextField(_("answer"), blank=True, editable=False)
    created_at = models.DateTimeField(_("asked"), default=timezone.now, editable=False)
    decided_at = models.DateTimeField(_("decided"), null=True, editable=False)
    decided_by = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, related_name="+", editable=False,
        verbose_name=_("decided by"),
    )  # fmt: skip

    class Meta:
        verbose_name = _("request to upload")
        verbose_name_plural = _("requests to upload")
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(state="waiting"), name="uploader_request_waits_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["created_at"], name="uploader_request_waiting",
                condition=Q(state="waiting"),
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.user}: {self.state}"


class Strike(models.Model):
    """Something that `user` did to do harm: a malicious upload, or what a moderator says."""

    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="strikes", verbose_name=_("user")
    )
    code = models.CharField(_("error"), max_length=40)
    subject = models.CharField(
        _("what for"), max_length=60, help_text="what it was for, such as upload:12"
    )
    reason = models.TextField(_("reason"), blank=True)
    created_at = models.DateTimeField(_("when"), default=timezone.now)
    lifted_at = models.DateTimeField(
        _("lifted"), null=True, help_text="a ban was lifted after it: it leads to none any more"
    )

    class Meta:
        verbose_name = _("strike")
        verbose_name_plural = _("strikes")
        constraints = [
            # An upload counts once, however often its failure is recorded.
            models.UniqueConstraint(fields=["user", "subject"], name="strike_once_a_subject")
        ]

    def __str__(self) -> str:
        return f"{self.code} ({self.subject})"


class AuditEntry(models.Model):
    """An entry of the audit log: who did what to which object, and why. It is never deleted."""

    actor = models.ForeignKey(
        User,
        null=True,
        on_delete=models.SET_NULL,
        related_name="audit_entries",
        verbose_name=_("who"),
    )
    action = models.CharField(_("action"), max_length=40)
    subject_type = models.CharField(_("kind of thing"), max_length=40)
    subject_id = models.BigIntegerField()
    subject_label = models.CharField(max_length=300, blank=True)
    from_state = models.CharField(max_length=40, blank=True)
    to_state = models.CharField(max_length=40, blank=True)
    reason = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit log")
        indexes = [
            models.Index(
                fields=["subject_type", "subject_id", "-created_at"], name="audit_subject"
            ),
            models.Index(fields=["actor", "-created_at"], name="audit_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject_type} {self.subject_id}"


def live_keys() -> Q:
    """Match API keys that have not ended."""
    return Q(expires_at__isnull=True) | Q(expires_at__gt=timezone.now())


def active_ban() -> Q:
    """Match users whose ban lasts."""
    return Q(banned_at__isnull=False) & (Q(banned_until__isnull=True) | Q(banned_until__gt=Now()))
