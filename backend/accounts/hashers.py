"""How passwords are hashed."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class PasswordHasher(Argon2PasswordHasher):
    """Argon2id with 19 MiB, two passes and one lane: OWASP's Password Storage Cheat Sheet.

    Django's default takes 100 MiB and eight lanes: sixteen logins at once would need 1.6 GB. A
    password that was hashed with other figures is hashed anew when its person next logs in.
    """

    time_cost = 2
    memory_cost = 19_456  # KiB
    parallelism = 1
