"""Encrypts secrets that must be read again, such as a second factor's, for the database.

The key is made from SECRET_KEY: what was sealed with another one cannot be opened.
"""

from base64 import urlsafe_b64encode
from functools import cache

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

_KEY_BYTES = 32


class CannotOpen(Exception):
    """The text was sealed with another key, was changed, or is too old."""


@cache
def _box(purpose: str) -> Fernet:
    # Each purpose has a key of its own: what is sealed for one cannot be opened for another.
    derive = HKDF(SHA256(), length=_KEY_BYTES, salt=None, info=f"seal {purpose}".encode())
    return Fernet(urlsafe_b64encode(derive.derive(settings.SECRET_KEY.encode())))


def seal(text: str, *, purpose: str) -> str:
    """Return the text encrypted and signed."""
    return _box(purpose).encrypt(text.encode()).decode()


def open_sealed(sealed: str, *, purpose: str, max_age_seconds: int | None = None) -> str:
    """Return the text that was sealed; raises CannotOpen."""
    try:
        return _box(purpose).decrypt(sealed.encode(), ttl=max_age_seconds).decode()
    except (InvalidToken, UnicodeEncodeError) as error:
        raise CannotOpen from error
