"""Reads `Authorization`: `Bearer <access token or API key>`, or Basic with a key as password."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from accounts.auth.api_keys import KEY_PREFIX, InvalidKey, use_key
from accounts.auth.authority import refuse_banned
from accounts.auth.second_factor import refuse_without_second_factor
from accounts.auth.sessions import Identity, InvalidToken, read_access_token
from accounts.models import ApiKey, User
from common.http.errors import AppError, Forbidden

# Users whose role needs a second factor reach these without one: they set it up here.
_OPEN_WITHOUT_SECOND_FACTOR = "/api/auth/"


class InvalidBasic(InvalidKey):
    """The name and key of Basic auth do not belong together; a password is no key."""

    challenge = 'Basic realm="API key", charset="UTF-8"'


@dataclass(frozen=True)
class Presented:
    """What an Authorization header holds: an access token, or an API key and its owner's name."""

    token: str = ""
    key: str = ""
    username: str | None = None

    @property
    def is_key(self) -> bool:
        """True for text that looks like an API key, valid or not."""
        return bool(self.key) or self.username is not None


def presented_by(request: HttpRequest) -> Presented | None:
    """Return what the header holds; None without one, and for other schemes."""
    header = request.META.get("HTTP_AUTHORIZATION")
    if not header:
        return None
    scheme, _space, rest = header.partition(" ")
    scheme = scheme.lower()
    if scheme == "bearer":
        rest = rest.strip()
        return Presented(key=rest) if rest.startswith(KEY_PREFIX) else Presented(token=rest)
    return _read_basic(rest) if scheme == "basic" else None


def key_of(request: HttpRequest, presented: Presented, *, scopes: Mapping[str, str]) -> ApiKey:
    """Return the API key of the request; raises InvalidKey, InvalidBasic, Banned or Forbidden.

    `scopes` names the scope that each method needs; methods that it leaves out take no keys.
    """
    try:
        key = use_key(presented.key, username=presented.username)
    except InvalidKey as error:
        if presented.username is not None:
            raise InvalidBasic from error
        raise
    method = request.method or ""
    if scopes.get("GET" if method == "HEAD" else method) not in key.scopes:
        raise Forbidden(_("This API key is not for this."))
    if presented.username is not None and method not in SAFE_METHODS:
        _refuse_foreign_page(request)
    key.user.key_scopes, key.user.used_key_id = tuple(key.scopes), key.pk
    return key


class BearerAuthentication(BaseAuthentication):
    """Authenticates by access tokens, which end with the user's epoch, and by API keys."""

    def authenticate(self, request: Request) -> tuple[User, Identity | ApiKey] | None:
        """Return the user and the token or key; raises InvalidToken, Forbidden or Banned."""
        presented = presented_by(request._request)
        if presented is None:
            return None
        if presented.is_key:
            view: Any = request.parser_context["view"] if request.parser_context else None
            key = key_of(request._request, presented, scopes=getattr(view, "key_scopes", {}))
            return key.user, key
        identity = read_access_token(presented.token)
        user = User.objects.filter(pk=identity.user_id, is_active=True).first()
        if user is None:
            raise InvalidToken
        refuse_banned(user)
        if user.epoch != identity.epoch:
            raise InvalidToken
        user.token_epoch = identity.epoch
        if not request.path.startswith(_OPEN_WITHOUT_SECOND_FACTOR):
            refuse_without_second_factor(user)
        return user, identity

    def authenticate_header(self, request: Request) -> str:
        """Make DRF answer 401 and not 403."""
        return AppError.challenge


def current_user(request: Request) -> User:
    """Return the user of the request; raises NotAuthenticated for a guest."""
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user


def own_session_id(request: Request) -> int:
    """Return the id of the session that the request belongs to; raises InvalidToken for a key."""
    if not isinstance(request.auth, Identity):
        raise InvalidToken
    return request.auth.session_id


def _read_basic(encoded: str) -> Presented:
    try:
        username, _colon, key = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (ValueError, binascii.Error):
        username, key = "", ""
    return Presented(key=key, username=username)


def _refuse_foreign_page(request: HttpRequest) -> None:
    # Once a browser knows a Basic password, it sends it by itself, also from pages of other sites.
    site = request.META.get("HTTP_SEC_FETCH_SITE", "none")
    if site not in {"same-origin", "none"}:
        raise Forbidden(_("Another site's page may not do this."))


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describes both schemes in the OpenAPI schema."""

    target_class = BearerAuthentication
    name = ["bearer", "basic"]

    def get_security_requirement(self, auto_schema: object) -> list[dict[str, list[Any]]]:
        """Return both schemes as alternatives; Basic only for views that take keys."""
        view: Any = getattr(auto_schema, "view", None)
        method = str(getattr(auto_schema, "method", ""))
        takes_keys = method in getattr(view, "key_scopes", {})
        return [{"bearer": []}, {"basic": []}] if takes_keys else [{"bearer": []}]

    def get_security_definition(self, auto_schema: object) -> list[dict[str, Any]]:
        """Return the schemes as OpenAPI words them."""
        oauth = {
            "type": "oauth2",
            "flows": {
                "password": {
                    "tokenUrl": "/api/auth/token",
                    "refreshUrl": "/api/auth/refresh",
                    "scopes": {},
                }
            },
        }
        basic = {"type": "http", "scheme": "basic", "description": "user name and API key"}
        return [oauth, basic]
