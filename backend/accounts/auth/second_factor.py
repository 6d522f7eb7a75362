"""A second factor: codes of an authenticator app (TOTP, RFC 6238) and recovery codes.

Setting it up begins with a secret that is only in the sealed enrolment, and ends with a code which
proves that the app has it. The rows are of allauth's model and pyotp makes the app's codes; that
each code is good once, also for two requests at the same moment, is our own code
(docs/decisions/0007).
"""

import hmac
import json
import re
import secrets
import time
from base64 import b64encode
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pyotp
import qrcode
import structlog
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from qrcode.image.svg import SvgPathFillImage

from accounts.audit import log_decision
from accounts.auth.authority import acting
from accounts.auth.login_throttling import (
    confirmation_code_limiters,
    release_attempt,
    reserve_attempt,
)
from accounts.auth.passwords import refuse_wrong_password
from accounts.auth.sealing import CannotOpen, open_sealed, seal
from accounts.auth.sessions import end_sessions_without_second_factor
from accounts.emails import EmailText, email_kind, queue_email_to
from accounts.models import OutgoingEmail, User
from common.http.errors import AlreadyDecided, AppError, Forbidden

log = structlog.get_logger(__name__)

ENROLMENT_SECONDS = 10 * 60
_ENROLMENT, _SECRET = "second factor enrolment", "second factor"
_TYPE = Authenticator.Type
_STEP_SECONDS, _TOLERANCE = 30, 1  # a clock may be a step off
_RECOVERY_CODES, _RECOVERY_DIGITS = 10, 12


class InvalidCode(AppError):
    """The code is wrong, was used, or has ended."""

    code = "invalid_code"
    status = 400

    def __init__(self, *, status: int = 400) -> None:
        message = _("The code is wrong, or was used already.")
        super().__init__(message, status=status, fields={"code": [message]})


class SecondFactorRequired(AppError):
    """The login needs a code, or the user has to set a second factor up first."""

    code = "second_factor_required"
    status = 403


@dataclass(frozen=True)
class Enrolment:
    """The secret as an authenticator app takes it; `sealed` is sent back with the first code."""

    sealed: str
    secret: str
    uri: str
    qr: str


@dataclass(frozen=True)
class SecondFactorState:
    """Whether the user has a second factor, must have one, and how many recovery codes are left."""

    enabled: bool
    required: bool
    recovery_codes_left: int


# --- What there is ------------------------------------------------------------------------------


def has_second_factor(user: User) -> bool:
    """Return True where a login needs a code."""
    return bool(Authenticator.objects.filter(user=user, type=_TYPE.TOTP).exists())


def must_have_second_factor(user: User) -> bool:
    """Return True for users who may enter the admin, while STAFF_SECOND_FACTOR is on."""
    return bool(settings.STAFF_SECOND_FACTOR) and (
        user.is_staff or user.has_perm("accounts.enter_admin")
    )


def lacks_second_factor(user: User) -> bool:
    """Return True for a user who must have one and has none; no query while the setting is off."""
    return must_have_second_factor(user) and not has_second_factor(user)


def refuse_without_second_factor(user: User) -> None:
    """Raise SecondFactorRequired for a user who has to set one up first."""
    if lacks_second_factor(user):
        raise SecondFactorRequired(_("Your role needs a second factor: set it up first."))


def second_factor_state(user: User) -> SecondFactorState:
    """Return what the user is told about their second factor."""
    rows = _rows(user)
    left = _unused(rows.get(_TYPE.RECOVERY_CODES))
    return SecondFactorState(_TYPE.TOTP in rows, must_have_second_factor(user), left)


# --- Setting up ---------------------------------------------------------------------------------


def begin_second_factor(user: User) -> Enrolment:
    """Make a secret for an app. Nothing is stored: the client sends the secret back, sealed."""
    if has_second_factor(user):
        raise AlreadyDecided(_("You have a second factor already."))
    secret = pyotp.random_base32()
    sealed = seal(json.dumps({"user": user.pk, "secret": secret}), purpose=_ENROLMENT)
    return show_enrolment(user, sealed)


def show_enrolment(user: User, sealed: str) -> Enrolment:
    """Return the enrolment again, so that a wrong code does not ask for another app entry."""
    secret = _enrolled_secret(user, sealed)
    # The name and not the address: QR codes are photographed.
    uri = pyotp.TOTP(secret).provisioning_uri(name=user.username, issuer_name=settings.SITE_NAME)
    return Enrolment(sealed, secret, uri, _qr_picture(uri))


def confirm_second_factor(
    user: User, *, enrolment: str, code: str, session_id: int | None = None
) -> list[str]:
    """Switch it on with the first code; return the recovery codes, which are shown only now.

    All other logins were made with the password alone, and end: all devices but the session that
    the code came from, and all pages of the admin.
    """
    secret = _enrolled_secret(user, enrolment)
    step = _matching_step(secret, code, after=0)
    if step is None:
        raise InvalidCode
    with acting(user):
        if has_second_factor(user):
            raise AlreadyDecided(_("You have a second factor already."))
        sealed = seal(secret, purpose=_SECRET)
        app = Authenticator.objects.create(user=user, type=_TYPE.TOTP, data={"secret": sealed})
        _remember_use(app, last_step=step)
        end_sessions_without_second_factor(user, confirmed_by=session_id)
        queue_email_to(user, "second_factor_on")
        recovery_codes = _fresh_recovery_codes(user)
    log.info("second_factor.on", user_id=user.pk)
    return recovery_codes


def renew_recovery_codes(user: User, *, password: str, code: str) -> list[str]:
    """Return new recovery codes; the old ones end."""
    _confirm_with_both(user, password=password, code=code)
    with acting(user):
        if not has_second_factor(user):
            raise AlreadyDecided(_("You have no second factor."))
        queue_email_to(user, "recovery_codes_renewed")
        return _fresh_recovery_codes(user)


def turn_off_second_factor(user: User, *, password: str, code: str) -> None:
    """Switch it off; raises SecondFactorRequired for users whose role needs it."""
    if must_have_second_factor(user):
        raise SecondFactorRequired(_("Your role needs a second factor."))
    _confirm_with_both(user, password=password, code=code)
    with acting(user):
        if not _remove_rows(user):
            raise AlreadyDecided(_("You have no second factor."))
        queue_email_to(user, "second_factor_off")
    log.info("second_factor.off", user_id=user.pk)


def remove_second_factor(user: User, *, admin: User, reason: str) -> None:
    """Remove the second factor of a user who lost phone and recovery codes, as an admin.

    The admin has made sure who the user is.
    """
    with acting(admin):
        if not admin.has_perm("accounts.change_user"):
            raise Forbidden(_("Only admins may do this."))
        if admin.pk == user.pk:
            raise Forbidden(_("Another admin has to do this for you."))
        if not _remove_rows(user):
            raise AlreadyDecided(_("This person has no second factor."))
        log_decision(
            user, action="remove_second_factor", actor=admin,
            from_state="on", to_state="off", reason=reason,
        )  # fmt: skip
        queue_email_to(user, "second_factor_removed")


def _confirm_with_both(user: User, *, password: str, code: str) -> None:
    refuse_wrong_password(user, password)
    if not has_second_factor(user):
        raise AlreadyDecided(_("You have no second factor."))
    limiters = confirmation_code_limiters(user)
    reserve_attempt(limiters)
    spend_code(user, code)
    release_attempt(limiters)


def _remove_rows(user: User) -> bool:
    removed, _kinds = Authenticator.objects.filter(user=user).delete()
    return bool(removed)


# --- Codes --------------------------------------------------------------------------------------


def spend_code(user: User, code: str) -> None:
    """Use up a code of the app or a recovery code; raises InvalidCode. The caller counts attempts.

    The rows are locked: of two requests with the same code at the same moment one is let in.
    """
    with transaction.atomic():
        rows = _rows(user, lock=True)
        try:
            is_good = _spend_app_code(rows.get(_TYPE.TOTP), code) or _spend_recovery_code(
                rows.get(_TYPE.RECOVERY_CODES), code
            )
        except CannotOpen:
            log.error("second_factor.sealed_with_another_key", user_id=user.pk)
            is_good = False
    if not is_good:
        raise InvalidCode


def _spend_app_code(app: Authenticator | None, code: str) -> bool:
    if app is None:
        return False
    secret = open_sealed(app.data["secret"], purpose=_SECRET)
    step = _matching_step(secret, code, after=app.data.get("last_step", 0))
    if step is None:
        return False
    _remember_use(app, last_step=step)
    return True


def _spend_recovery_code(row: Authenticator | None, code: str) -> bool:
    if row is None:
        return False
    used = row.data["used_mask"]
    for number, expected in enumerate(_recovery_codes(row.data)):
        bit = 1 << number
        if _is_same(code, expected) and not used & bit:
            _remember_use(row, used_mask=used | bit)
            return True
    return False


def _matching_step(secret: str, code: str, *, after: int) -> int | None:
    # A time step that was used, and all before it, have ended.
    found, now = None, int(time.time()) // _STEP_SECONDS
    for step in range(now - _TOLERANCE, now + _TOLERANCE + 1):
        if _is_same(code, pyotp.HOTP(secret).at(step)) and step > after:
            found = step
    return found


def _is_same(typed: str, code: str) -> bool:
    """Compare codes without spaces and dashes, in constant time."""
    return constant_time_compare(re.sub(r"[\W_]", "", typed), code)


def _remember_use(row: Authenticator, **changes: int) -> None:
    row.data = {**row.data, **changes}
    row.last_used_at = timezone.now()
    row.save(update_fields=["data", "last_used_at"])


def _fresh_recovery_codes(user: User) -> list[str]:
    data = {"seed": seal(secrets.token_hex(40), purpose=_SECRET), "used_mask": 0}
    Authenticator.objects.filter(user=user, type=_TYPE.RECOVERY_CODES).delete()
    Authenticator.objects.create(user=user, type=_TYPE.RECOVERY_CODES, data=data)
    return [_grouped(code) for code in _recovery_codes(data)]


def _recovery_codes(data: dict[str, Any]) -> list[str]:
    # Made of a seed as allauth makes them, so that its rows and ours are alike.
    chain = hmac.new(open_sealed(data["seed"], purpose=_SECRET).encode(), digestmod="sha1")
    codes = []
    for number in range(_RECOVERY_CODES):
        chain.update(f"{number:3},".encode())
        value = int.from_bytes(chain.digest()[: _RECOVERY_DIGITS // 2])
        codes.append(f"{value % 10**_RECOVERY_DIGITS:0{_RECOVERY_DIGITS}}")
    return codes


def _grouped(code: str) -> str:
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


def _unused(row: Authenticator | None) -> int:
    if row is None:
        return 0
    return _RECOVERY_CODES - int(row.data["used_mask"]).bit_count()


def _rows(user: User, *, lock: bool = False) -> dict[str, Authenticator]:
    rows = Authenticator.objects.filter(user=user).order_by("pk")
    return {row.type: row for row in (rows.select_for_update() if lock else rows)}


def _enrolled_secret(user: User, sealed: str) -> str:
    try:
        words = json.loads(
            open_sealed(sealed, purpose=_ENROLMENT, max_age_seconds=ENROLMENT_SECONDS)
        )
    except CannotOpen as error:
        raise InvalidCode from error
    if words["user"] != user.pk:
        raise InvalidCode
    return str(words["secret"])


def _qr_picture(uri: str) -> str:
    # Attributes and no style, which the CSP would refuse; a white ground, so that it can be read in
    # dark mode.
    picture = BytesIO()
    qrcode.make(uri, image_factory=SvgPathFillImage).save(picture)
    return f"data:image/svg+xml;base64,{b64encode(picture.getvalue()).decode()}"


# --- Emails ------------------------------------------------------------------------------------


@email_kind("second_factor_on", is_limited=False)
def _write_that_it_is_on(_email: OutgoingEmail) -> EmailText:
    return EmailText(
        _("A second factor protects your account now"),
        _(
            "From now on, logging in asks for a code of your authenticator app; all other devices "
            "are logged out. Keep the recovery codes where you find them without your phone."
        ),
        closing=_if_it_was_not_you(),
    )


@email_kind("second_factor_off", is_limited=False)
def _write_that_it_is_off(_email: OutgoingEmail) -> EmailText:
    return EmailText(
        _("The second factor of your account was turned off"),
        _("From now on, the password alone is enough to log in."),
        closing=_if_it_was_not_you(),
    )


@email_kind("second_factor_removed", is_limited=False)
def _write_that_it_was_removed(_email: OutgoingEmail) -> EmailText:
    return EmailText(
        _("The second factor of your account was removed"),
        _(
            "An admin removed it. From now on, the password alone is enough to log in; you can "
            "set a second factor up again in your settings."
        ),
        closing=_("If you did not ask for this, change your password and write to the admins."),
    )


@email_kind("recovery_codes_renewed", is_limited=False)
def _write_that_codes_are_new(_email: OutgoingEmail) -> EmailText:
    return EmailText(
        _("Your account has new recovery codes"),
        _("The old ones do not work any more."),
        closing=_if_it_was_not_you(),
    )


def _if_it_was_not_you() -> str:
    return _("If this was not you, change your password and log out everywhere.")
