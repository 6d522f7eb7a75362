"""Coming into the admin: in two steps, or with the web app's session of the same browser.

The two steps are the password and the code of a second factor. Between them nobody is logged in: a
fresh server-side session remembers for five minutes whose password was right. Logging in gives the
session a new key once more.

The web app's session is proven by its refresh token, from the cookie that no script reads; what was
opened by it ends with it.
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
    """The first step: name or address, and password."""

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
    """The second step."""

    code = forms.CharField(label=gettext_lazy("Code"), **_CODE_FIELD)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["code"].widget.attrs["autofocus"] = True


class EnrolForm(forms.Form):
    """The first code of an authenticator app, and the password, to be sure."""

    enrolment = forms.CharField(max_length=1000, widget=forms.HiddenInput)
    code = forms.CharField(label=gettext_lazy("Code that the app shows"), **_CODE_FIELD)
    password = forms.CharField(
        label=gettext_lazy("Your password"),
        max_length=_MAX_PASSWORD_LENGTH,
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "current-password"}),
    )


class OwnPasswordForm(PasswordChangeForm):
    """Django's; a wrong old password counts as a guess, and a new one ends all other sessions."""

    def clean_old_password(self) -> str:
        """See refuse_wrong_password."""
        password = str(self.cleaned_data["old_password"])
        try:
            refuse_wrong_password(self.user, password)
        except AppError as error:
            raise ValidationError(error.message) from error
        return password

    def save(self, commit: bool = True) -> User:
        """See replace_password; this page stays in."""
        with transaction.atomic():
            replace_password(self.user, self.cleaned_data["new_password1"])
        return self.user


# --- Two steps ----------------------------------------------------------------------------------


def log_in_with_password(
    request: HttpRequest, login: str, password: str, *, client: ClientContext, next_address: str
) -> User | None:
    """Take the first step; returns who is in now, None where a code is asked for next."""
    user = check_login(login, password, client=client)
    if not user.can_enter_admin:
        raise Forbidden(
            _("Name and password are right, but this part of the site is for moderators."),
        )
    if not has_second_factor(user):
        return _enter(request, user, client, second_factor=False)
    request.session.flush()  # nothing of before goes along, its key least of all
    request.session.set_expiry(SECOND_STEP_SECONDS)
    request.session[_SECOND_STEP] = {
        "user": user.pk,
        "hash": user.get_session_auth_hash(),
        "until": time.time() + SECOND_STEP_SECONDS,
        "next": next_address,
    }
    return None


def log_in_with_code(request: HttpRequest, code: str, *, client: ClientContext) -> tuple[User, str]:
    """Take the second step; returns who is in now, and where they wanted to go."""
    user = user_of_second_step(request)
    if user is None:
        raise Forbidden(_("That took too long. Begin again."))
    check_code(user, code, client=client)
    next_address = request.session.pop(_SECOND_STEP)["next"]
    return _enter(request, user, client, second_factor=True), next_address


def user_of_second_step(request: HttpRequest) -> User | None:
    """Return who has taken the first step here and may take the second."""
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
    """Open the admin to whose browser is logged in to the web app; return its next tokens.

    The token is used up as by any refresh, so that a stolen one is found out here too. Raises
    Forbidden where the session proves too little, InvalidToken where it is over, and Banned.
    """
    session = find_session(refresh_token)
    if session is None or not _opens_admin(session):
        raise Forbidden(_("Log in with your password."))
    user, tokens = rotate_session(refresh_token)
    refuse_banned(user)
    request.session.flush()  # nothing of before goes along, its key least of all
    open_admin_session(request, user)
    request.session[_WEB_SESSION] = session.pk
    log.info("login.from_web_app", user_id=user.pk, session_id=session.pk)
    return tokens


def _opens_admin(session: Session) -> bool:
    """Say whether it is a browser's, of somebody who may enter, with the second factor they need.

    A program's token is none of a browser, wherever it is put.
    """
    user = session.user
    if not session.in_browser or not user.can_enter_admin:
        return False
    return session.second_factor or not (has_second_factor(user) or must_have_second_factor(user))


def is_web_session_over(request: HttpRequest) -> bool:
    """Say whether these pages were opened with a session of the web app that has ended since."""
    session_id = request.session.get(_WEB_SESSION)
    return session_id is not None and not is_live(session_id)


def end_web_session(request: HttpRequest) -> None:
    """Log the web app out as well, where these pages were opened with its session."""
    session_id = request.session.get(_WEB_SESSION)
    if session_id is None:
        return
    session = Session.objects.select_related("user").filter(pk=session_id).first()
    if session is not None:
        end_session(session)


def stand_alone(request: HttpRequest) -> None:
    """Let these pages go on without the web app's session: the password was just typed here."""
    request.session.pop(_WEB_SESSION, None)


def wanted_address(request: HttpRequest) -> str:
    """Return where somebody wants to go on to: `next`, as long as it is here."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    is_here = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_here else reverse("admin:index")


def throttled_sentence(seconds: int) -> str:
    """Say how long to wait."""
    return _("Too many attempts. Try again in %(seconds)d s.") % {"seconds": seconds}
