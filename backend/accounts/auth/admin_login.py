"""Logs users in to the admin: in two steps, or by the web app's session of the same browser.

The two steps are the password and the code of a second factor. Between them the user is not logged
in: a fresh server-side session remembers for five minutes whose password was right. Logging in
gives the session a new key.

The web app's session is proven by its refresh token, from an HttpOnly cookie. An admin session that
was opened by it ends with it.
"""

import time
from typing import Any

import structlog
from django import forms
from django.contrib.auth import login as open_admin_session
from django.contrib.auth.forms import PasswordChangeForm
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.auth.authority import refuse_banned
from accounts.auth.login import check_code, check_login, finish_login
from accounts.auth.login_throttling import ClientContext
from accounts.auth.passwords import refuse_wrong_password, replace_password
from accounts.auth.second_factor import has_second_factor, must_have_second_factor
from accounts.auth.sessions import Tokens, end_session, find_session, is_live, rotate_session
from accounts.models import Session, User
from common.http.errors import AppError, Forbidden

log = structlog.get_logger(__name__)

SECOND_STEP_SECONDS = 5 * 60
_SECOND_STEP = "second_step"
_WEB_SESSION = "web_session"
_MAX_LOGIN_LENGTH = 254
_MAX_PASSWORD_LENGTH = 1000
_CODE_FIELD: dict[str, Any] = {
    "max_length": 32,
    "widget": forms.TextInput(
        {
            "autocomplete": "one-time-code",
            "autocapitalize": "none",
            "inputmode": "numeric",
            "spellcheck": "false",
        }
    ),
}


class LoginForm(forms.Form):
    """Asks for the name or address and the password, in the first step."""

    username = forms.CharField(
        label=gettext_lazy("Name or e-mail address"),
        max_length=_MAX_LOGIN_LENGTH,
        widget=forms.TextInput(
            {"autofocus": True, "autocapitalize": "none", "autocomplete": "username"}
        ),
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        max_length=_MAX_PASSWORD_LENGTH,
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "current-password"}),
    )


class CodeForm(forms.Form):
    """Asks for the code of the second factor, in the second step."""

    code = forms.CharField(label=gettext_lazy("Code"), **_CODE_FIELD)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["code"].widget.attrs["autofocus"] = True


class EnrolForm(forms.Form):
    """Asks for the first code of an authenticator app, and for the password again."""

    enrolment = forms.CharField(max_length=1000, widget=forms.HiddenInput)
    code = forms.CharField(label=gettext_lazy("Code that the app shows"), **_CODE_FIELD)
    password = forms.CharField(
        label=gettext_lazy("Your password"),
        max_length=_MAX_PASSWORD_LENGTH,
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "current-password"}),
    )


class OwnPasswordForm(PasswordChangeForm):
    """Changes the user's own password, and ends all other sessions.

    A wrong old password counts as a failed login.
    """

    def clean_old_password(self) -> str:
        """Check the old password by `refuse_wrong_password`."""
        password = str(self.cleaned_data["old_password"])
        try:
            refuse_wrong_password(self.user, password)
        except AppError as error:
            raise ValidationError(error.message) from error
        return password

    def save(self, commit: bool = True) -> User:
        """Set the password by `replace_password`; this session goes on."""
        with transaction.atomic():
            replace_password(self.user, self.cleaned_data["new_password1"])
        return self.user


# --- Two steps ----------------------------------------------------------------------------------


def log_in_with_password(
    request: HttpRequest, login: str, password: str, *, client: ClientContext, next_address: str
) -> User | None:
    """Check the password; return the user who is logged in now, None if a code is needed."""
    user = check_login(login, password, client=client)
    if not user.can_enter_admin:
        raise Forbidden(
            _("Name and password are right, but this part of the site is for moderators."),
        )
    if not has_second_factor(user):
        return _enter(request, user, client, second_factor=False)
    request.session.flush()  # the new session must not keep the old key or data
    request.session.set_expiry(SECOND_STEP_SECONDS)
    request.session[_SECOND_STEP] = {
        "user": user.pk,
        "hash": user.get_session_auth_hash(),
        "until": time.time() + SECOND_STEP_SECONDS,
        "next": next_address,
    }
    return None


def log_in_with_code(request: HttpRequest, code: str, *, client: ClientContext) -> tuple[User, str]:
    """Check the code; return the user who is logged in now, and the address they wanted."""
    user = user_of_second_step(request)
    if user is None:
        raise Forbidden(_("That took too long. Begin again."))
    check_code(user, code, client=client)
    next_address = request.session.pop(_SECOND_STEP)["next"]
    return _enter(request, user, client, second_factor=True), next_address


def user_of_second_step(request: HttpRequest) -> User | None:
    """Return the user whose password was right in this session, and who may enter a code."""
    step = request.session.get(_SECOND_STEP)
    if step is None or step["until"] < time.time():
        return None
    user = User.objects.filter(pk=step["user"]).first()
    if user is None or not user.can_enter_admin:
        return None
    if not constant_time_compare(step["hash"], user.get_session_auth_hash()):
        return None
    refuse_banned(user)
    return user


def _enter(request: HttpRequest, user: User, client: ClientContext, *, second_factor: bool) -> User:
    finish_login(user, client=client, second_factor=second_factor)
    request.session.set_expiry(None)
    open_admin_session(request, user)
    return user


# --- With the web app's session -----------------------------------------------------------------


def enter_with_web_session(request: HttpRequest, refresh_token: str) -> Tokens:
    """Open the admin by a session of the web app; return the session's next tokens.

    The token is used up as by any refresh, so that a stolen one is found out here too. Raises
    Forbidden for a session that may not open the admin, InvalidToken for one that has ended, and
    Banned.
    """
    session = find_session(refresh_token)
    if session is None or not _opens_admin(session):
        raise Forbidden(_("Log in with your password."))
    user, tokens = rotate_session(refresh_token)
    refuse_banned(user)
    request.session.flush()  # the new session must not keep the old key or data
    open_admin_session(request, user)
    request.session[_WEB_SESSION] = session.pk
    log.info("login.from_web_app", user_id=user.pk, session_id=session.pk)
    return tokens


def _opens_admin(session: Session) -> bool:
    """Return True for a browser's session that may open the admin.

    The user has to be allowed to enter, and to have given the second factor that they need. A
    session of a program never counts, even if its token was put into a cookie.
    """
    user = session.user
    if not session.in_browser or not user.can_enter_admin:
        return False
    return session.second_factor or not (has_second_factor(user) or must_have_second_factor(user))


def is_web_session_over(request: HttpRequest) -> bool:
    """Return True if the admin was opened by a session of the web app that has ended since."""
    session_id = request.session.get(_WEB_SESSION)
    return session_id is not None and not is_live(session_id)


def end_web_session(request: HttpRequest) -> None:
    """Log out the web app's session that opened the admin, if one did."""
    session_id = request.session.get(_WEB_SESSION)
    if session_id is None:
        return
    session = Session.objects.select_related("user").filter(pk=session_id).first()
    if session is not None:
        end_session(session)


def stand_alone(request: HttpRequest) -> None:
    """Keep the admin's session when the web app's ends, as the password was just typed here."""
    request.session.pop(_WEB_SESSION, None)


def wanted_address(request: HttpRequest) -> str:
    """Return the address in `next` if it belongs to this site, else the admin's first page."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    is_here = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_here else reverse("admin:index")


def throttled_sentence(seconds: int) -> str:
    """Return the sentence that says how long to wait."""
    return _("Too many attempts. Try again in %(seconds)d s.") % {"seconds": seconds}
