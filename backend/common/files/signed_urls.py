"""Addresses of private files are signed in the query and short-lived.

An address is valid for one file for some minutes, so a picture that was not approved cannot be
hosted here; it needs no cookie, so it works in `<img>` and on another host.
"""

import hashlib
import hmac
import time

from django.conf import settings

from common.files.storages import Bucket, quarantine_storage

SECONDS = 600
_TIME_DIGITS = 12
_KEY = hmac.new(settings.SECRET_KEY.encode(), b"private files", hashlib.sha256).digest()


def private_url(name: str, content_type: str) -> str:
    """Return an address of a file in quarantine that is valid for SECONDS at least."""
    storage = quarantine_storage()
    if isinstance(storage, Bucket):
        parameters = {
            "ResponseContentType": content_type,
            "ResponseCacheControl": "private, no-store",
        }
        return str(storage.url(name, parameters=parameters, expire=SECONDS))
    # Rounded up, so that a page shown twice within a minute keeps its address.
    until = (int(time.time()) // 60 + 1) * 60 + SECONDS
    signature = _sign(name, content_type, until)
    return f"/files/{name}?until={until}&type={content_type}&signature={signature}"


def is_signed(name: str, content_type: str, until: str, signature: str) -> bool:
    """Return True for a valid address that has not ended, in constant time."""
    is_time = until.isascii() and until.isdecimal() and len(until) <= _TIME_DIGITS
    if not is_time or int(until) < time.time():
        return False
    return hmac.compare_digest(_sign(name, content_type, int(until)).encode(), signature.encode())


def _sign(name: str, content_type: str, until: int) -> str:
    message = f"{until}\n{content_type}\n{name}".encode()
    return hmac.new(_KEY, message, hashlib.sha256).hexdigest()
