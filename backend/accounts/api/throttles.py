"""Rate limits by scope, counted in fixed windows that all processes share."""

import time
from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle

from accounts.api.deleted_users import as_deleted_user
from common.http.client_addresses import throttle_address
from common.http.errors import Throttled, answer_exception, as_app_error
from common.http.shared_cache import shared_cache

NO_LIMIT_WINDOW_SECONDS = 60
_COUNTED = "mangakg.counted"


def window_of(scope: str, who: str) -> tuple[str, int, int | None]:
    """Return the current window's counter, its length in seconds and its limit (None: off)."""
    rate = settings.THROTTLES[scope]
    seconds = rate[1] if rate else NO_LIMIT_WINDOW_SECONDS
    counter = f"throttle:{scope}:{who}:{int(time.time()) // seconds}"
    return counter, seconds, rate[0] if rate else None


def refuse_over_limit(count: int, seconds: int, limit: int | None) -> None:
    """Raise Throttled, with the seconds until the window ends."""
    if limit is not None and count > limit:
        raise Throttled(seconds - int(time.time()) % seconds)


def count_visit(scope: str, who: str) -> None:
    """Count one request of `who`; raises Throttled over the limit."""
    counter, seconds, limit = window_of(scope, who)
    if limit is not None:
        count, _values = shared_cache().visit(counter, seconds, ())
        refuse_over_limit(count, seconds, limit)


class ScopeThrottle(BaseThrottle):
    """Throttle requests by `view.throttle_scope` where it has one, else anon or user."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """Count the request; raises Throttled over the limit."""
        if _COUNTED in request._request.META:  # when it was asked whether a long body is wanted
            return True
        scope = getattr(view, "throttle_scope", None)
        user_id = request.user.pk if request.user.is_authenticated else None
        if scope == "auth" or user_id is None:
            who = throttle_address(request._request)
        else:
            who = f"u{user_id}"
        request._request.META[_COUNTED] = True
        count_visit(scope or ("user" if user_id else "anon"), who)
        return True


def answer_counted(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer an exception for DRF, and count requests that were refused before the throttles.

    Otherwise guessing tokens would not be counted.
    """
    view, request = context["view"], context["request"]._request
    error = as_deleted_user(error, context["request"])
    if _COUNTED not in request.META and view.get_throttles() and as_app_error(error):
        try:
            _count_refused(context["request"], view)
        except Throttled as throttled:
            return answer_exception(throttled, context)
    return answer_exception(error, context)


def _count_refused(request: Request, view: Any) -> None:
    # Where authentication itself has failed, there is no user.
    user = request.__dict__.get("_user")
    if user is not None and user.is_authenticated:
        count_visit("user", f"u{user.pk}")
        return
    scope = getattr(view, "throttle_scope", None)
    count_visit("auth" if scope == "auth" else "anon", throttle_address(request._request))
