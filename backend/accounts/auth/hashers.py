"""Passwords are hashed in one normal form, whatever keyboard they were typed on."""

import unicodedata

from django.contrib.auth.hashers import Argon2PasswordHasher, make_password


def normalize_password(password: str) -> str:
    """Return the password in NFKC, the form that is hashed: the same for every keyboard.

    A Mac writes `й` as two characters and a phone as one; a Japanese keyboard has wide letters and
    a Mac's has no-break spaces. NIST SP 800-63B asks for NFKC or NFKD.
    """
    return unicodedata.normalize("NFKC", password)


def spend_password_check(password: str) -> None:
    """Take as long as checking this password does, where there is no hash to compare it with."""
    make_password(password)
    if normalize_password(password) != password:
        make_password(password)


class PasswordHasher(Argon2PasswordHasher):
    """Argon2id with 19 MiB, two passes and one lane: OWASP's Password Storage Cheat Sheet.

    Django's default takes 100 MiB and eight lanes: sixteen logins at once would need 1.6 GB. A
    password that was hashed with other parameters is hashed anew at the user's next login.
    """

    time_cost = 2
    memory_cost = 19_456  # KiB
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        """Hash the normal form of a password."""
        return super().encode(normalize_password(password), salt)

    def verify(self, password: str, encoded: str) -> bool:
        """Compare the normal form, and the typed one, which older hashes were made of.

        Where the two differ both are computed, whichever is right: so the time depends only on
        what was typed.
        """
        normal = normalize_password(password)
        is_right = super().verify(normal, encoded)
        if normal == password:
            return is_right
        is_right_as_typed = super().verify(password, encoded)
        return is_right or is_right_as_typed
