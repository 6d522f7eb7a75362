"""/media/ (public pictures of the embedded profile) and /files/ (private ones, signed)."""

import re

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from common.files.media import CONTENT_TYPES
from common.files.signed_urls import is_signed
from common.files.storages import Bucket, media_storage, quarantine_storage
from common.http.file_responses import answer_image

_MEDIA_NAME = re.compile(r"[0-9a-f]{2}/[0-9a-f]{64}\.([a-z]{3,4})")
_PRIVATE_NAME = re.compile(r"uploads/[0-9a-f]{32}/[0-9a-f]{64}|(avatars|covers)/[0-9a-f]{32}")


@require_safe
def public_file(request: HttpRequest, name: str) -> HttpResponseBase:
    """Serve a public picture; whoever knows its name may see it, so no query is needed."""
    found = _MEDIA_NAME.fullmatch(name)
    storage = media_storage()
    if found is None or found[1] not in CONTENT_TYPES or isinstance(storage, Bucket):
        raise Http404
    try:
        return answer_image(
            request, storage, name,
            content_type=CONTENT_TYPES[found[1]], caching="public, max-age=31536000, immutable",
        )  # fmt: skip
    except FileNotFoundError as error:
        raise Http404 from error


@require_safe
def private_file(request: HttpRequest, name: str) -> HttpResponseBase:
    """Serve a picture that is not approved; its address needs a signature that is still valid."""
    content_type = request.GET.get("type", "")
    signature = request.GET.get("signature", "")
    is_ours = is_signed(name, content_type, request.GET.get("until", ""), signature)
    storage = quarantine_storage()
    if not _PRIVATE_NAME.fullmatch(name) or not is_ours or isinstance(storage, Bucket):
        raise Http404
    try:
        return answer_image(
            request, storage, name, content_type=content_type, caching="private, no-store"
        )
    except FileNotFoundError as error:
        raise Http404 from error
