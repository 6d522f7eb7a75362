"""Reads the preferences of a visitor, which a cookie holds without any account."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qs

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation.trans_real import parse_accept_lang_header

from common.choices import Rating

COOKIE = "preferences"
_MAX_LANGUAGES = 10
_TAG = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8}){0,3}")


@dataclass(frozen=True)
class Preferences:
    """Wanted languages of chapters, best first; content ratings to show; the app's language."""

    languages: tuple[str, ...]
    ratings: tuple[str, ...]
    interface: str


def read_preferences(request: HttpRequest) -> Preferences:
    """Return the preferences in the cookie; others come from the browser or are the defaults.

    The web app writes the cookie, and decides in the same way
    (`frontend/src/lib/preferences.svelte.ts`).
    """
    cookie = parse_qs(request.COOKIES.get(COOKIE, "")[:1_000])
    chosen = {name: values[-1].split(",") for name, values in cookie.items()}
    accepted = _languages(
        tag.partition("-")[0]
        for tag, _weight in parse_accept_lang_header(request.META.get("HTTP_ACCEPT_LANGUAGE", ""))
    )
    ratings = [rating for rating in Rating.values if rating in chosen.get("ratings", ())]
    spoken = [code for code, _name in settings.LANGUAGES]
    wanted = (*chosen.get("interface", ()), *accepted, settings.LANGUAGE_CODE)
    return Preferences(
        languages=_languages(chosen.get("languages", ())) or accepted,
        ratings=tuple(ratings) or settings.GUEST_RATINGS,
        interface=next(tag for tag in wanted if tag in spoken),
    )


def _languages(tags: Iterable[str]) -> tuple[str, ...]:
    known = dict.fromkeys(tag for tag in map(str.lower, tags) if _TAG.fullmatch(tag))
    return tuple(known)[:_MAX_LANGUAGES]
