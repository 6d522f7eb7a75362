"""Tells the CDN to drop files."""

from django.conf import settings

from common.outbound.client import operators_client


def purge_from_cdn(urls: list[str]) -> None:
    """POST `{"urls": [...]}` to CDN_PURGE_URL; raises FetchFailed so that it is tried again."""
    if settings.CDN_PURGE_URL and urls:
        operators_client().post_json(settings.CDN_PURGE_URL, {"urls": urls})
