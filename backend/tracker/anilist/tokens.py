"""Seals people's tokens for AniList, with keys that serve nothing else and can be changed.

The first of TOKEN_KEYS seals, and all of them open. A new key is put before the old one, then
`manage.py rotate_tokens` seals everything anew, and then the old one can go.
"""

from base64 import urlsafe_b64encode
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from tracker.models import AniListAccount

_KEY_BYTES = 32
SEALED = ("token", "refresh_token", "code")


class CannotOpen(Exception):
    """The text was sealed with a key that is not among TOKEN_KEYS, or was changed."""


def seal_token(text: str) -> str:
    """Return the text encrypted and signed; of nothing, nothing."""
    return _box(tuple(settings.TOKEN_KEYS)).encrypt(text.encode()).decode() if text else ""


def open_token(sealed: str) -> str:
    """Return the text that was sealed; raises CannotOpen."""
    if not sealed:
        return ""
    try:
        return _box(tuple(settings.TOKEN_KEYS)).decrypt(sealed.encode()).decode()
    except (InvalidToken, UnicodeEncodeError) as error:
        raise CannotOpen from error


def seal_anew(account: AniListAccount) -> bool:
    """Seal with the first key what an account has; return False where it has changed meanwhile.

    Raises CannotOpen.
    """
    was = {name: getattr(account, name) for name in SEALED if getattr(account, name)}
    sealed = {name: seal_token(open_token(value)) for name, value in was.items()}
    rows = AniListAccount.objects.filter(pk=account.pk, **was)
    return not was or bool(rows.update(**sealed))


@lru_cache(maxsize=8)
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(_derived(key)) for key in keys])


def _derived(key: str) -> bytes:
    derive = HKDF(SHA256(), length=_KEY_BYTES, salt=None, info=b"tokens of other sites")
    return urlsafe_b64encode(derive.derive(key.encode()))
