"""The settings of the attacked server: as they are, with passwords that are cheap to hash.

Hundreds of attempts are compared here. That each costs exactly one hash is counted elsewhere; with
a cheap one, a difference in everything else shows all the more.
"""

from accounts.auth.hashers import PasswordHasher
from mangakg.settings import *  # noqa: F403


class CheapHasher(PasswordHasher):
    """Argon2 with next to no work."""

    time_cost = 1
    memory_cost = 64
    parallelism = 1


PASSWORD_HASHERS = ["tests.attacks.settings.CheapHasher"]
# One machine attacks all the time; the lock-out has tests of its own.
GUESSES_FREE = GUESSES_FREE_OF_NETWORK = 10**6
VICTIMS = 14
