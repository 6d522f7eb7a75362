"""The admin shows and reads times in the time zone of its user."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.models import User

_ADMIN = "/admin/"


class AdminTimeZoneMiddleware:
    """Uses the time zone of the user's settings, or the site's where they have chosen none."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(_ADMIN):
            return self.get_response(request)
        chosen = request.user.time_zone if isinstance(request.user, User) else ""
        with timezone.override(ZoneInfo(chosen or settings.SITE_TIME_ZONE)):
            return self.get_response(request)
