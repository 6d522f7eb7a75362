"""Cookies are accepted from and given to pages of this site only."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from common.http.errors import Forbidden


def refuse_foreign_page(request: HttpRequest) -> None:
    """Raise Forbidden for a request that a page of another site made a browser send.

    Other clients than browsers send neither header. SameSite=Strict keeps our cookie from other
    sites, but not from a neighbour under the same domain, and does not keep a form of another site
    from logging a user in to another account.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        is_ours = site in {"same-origin", "none"}
    else:
        origin = request.headers.get("Origin")
        is_ours = origin is None or origin in _our_origins(request)
    if not is_ours:
        raise Forbidden(_("Only pages of this site may do that."))


def _our_origins(request: HttpRequest) -> set[str]:
    site = urlsplit(settings.SITE_URL)
    return {
        f"{request.scheme}://{request.get_host()}",
        f"{site.scheme}://{site.netloc}",
        *settings.CSRF_TRUSTED_ORIGINS,
    }
