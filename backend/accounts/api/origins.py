"""Whose page a browser asks for: cookies are taken from, and given to, our own pages only."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from common.http.errors import Forbidden


def refuse_foreign_page(request: HttpRequest) -> None:
    """Refuse what another site's page makes a browser send; who is no browser says neither.

    SameSite=Strict keeps our cookie from other sites, but not from a neighbour under the same
    domain, and does not keep a foreign form from logging somebody in as somebody else.
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
