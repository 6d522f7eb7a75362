"""Guessing of passwords and codes: counted in the database, slower with every wrong one.

Who asks for a check first reserves a guess, as if it were wrong, in a transaction of its own; a
right one gives it back. So a thousand at once are counted like a thousand in a row, and nothing is
locked while a password is hashed. While a door is shut nothing is checked: the answer says nothing.

A stranger's guesses count for the login that was typed, whether anybody has it or not, and for the
stranger's network. A device that the person has used before (a signed cookie: OWASP's "device
cookies") and a network where they are logged in have counters of their own, so that strangers
shut nobody out. What was guessed wrong is forgotten bit by bit.
"""

import hashlib
import hmac
import math
import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core import signing
from django.db import transaction
from django.db.models import Case, F, When
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from accounts.models import GuessCount, Session, User
from accounts.names import name_key
from common.background import scheduled_task
from common.errors import Throttled
from common.visitors import client_address, network_of

_DEVICE_SALT = "accounts.device"
_DEVICE_SECONDS = 400 * 86_400  # as long as browsers keep a cookie
_PEOPLE_ON_A_DEVICE = 5
# What a device's mark begins with: who reads somebody's mail must not have more codes to guess
# with every reset.
_LOGGED_IN, _RESET = "in.", "reset."
_NETWORK_BITS = 24
# A row that rests this long is as good as none.
_KEPT = timedelta(days=3)
_PURGED_AT_ONCE = 5_000
_KEY = hmac.new(settings.SECRET_KEY.encode(), b"guesses", hashlib.sha256).digest()


@dataclass(frozen=True)
class Place:
    """Where somebody asks from: a keyed hash of the network, and marks of this device by person."""

    network: str = ""
    devices: dict[int, str] = field(default_factory=dict)


NOWHERE = Place()


@dataclass(frozen=True)
class Door:
    """One counter: how many are free, and how many seconds it takes to forget one.

    One that does not shut whoever asks is counted all the same.
    """

    key: str
    free: int
    forget_seconds: int
    max_delay_seconds: int
    shuts: bool = True

    def delay_seconds(self, count: int) -> int:
        """Return how long the door is shut after `count` wrong ones."""
        over = count - self.free
        return 0 if over < 0 else min(self.max_delay_seconds, 2 ** min(over, 30))


# --- Places -------------------------------------------------------------------------------------


def place_of(request: HttpRequest) -> Place:
    """Read where a request comes from; a device cookie that is not ours is none."""
    try:
        marks = signing.loads(
            request.COOKIES.get(settings.DEVICE_COOKIE_NAME, ""),
            salt=_DEVICE_SALT,
            max_age=_DEVICE_SECONDS,
        )
    except signing.BadSignature:
        marks = []
    return Place(network_key(client_address(request)), {int(pk): mark for pk, mark in marks})


def network_key(address: str) -> str:
    """Hash the network of an address: /24 of IPv4, /64 of IPv6."""
    return _hash("network", network_of(address, ipv4_bits=_NETWORK_BITS))


def remember_device(
    response: HttpResponseBase, user: User, place: Place, *, logged_in: bool = False
) -> None:
    """Make this device one that the person has used: after a login, or a reset by mail.

    Only one that has `logged_in` gets a counter of its own for codes, too.
    """
    mark = place.devices.get(user.pk, "")
    if not mark or (logged_in and not mark.startswith(_LOGGED_IN)):
        mark = (_LOGGED_IN if logged_in else _RESET) + secrets.token_urlsafe(12)
    others = [(pk, other) for pk, other in place.devices.items() if pk != user.pk]
    marks = [(user.pk, mark), *others[: _PEOPLE_ON_A_DEVICE - 1]]
    response.set_cookie(
        settings.DEVICE_COOKIE_NAME,
        signing.dumps(marks, salt=_DEVICE_SALT),
        max_age=_DEVICE_SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )


# --- Doors --------------------------------------------------------------------------------------


def password_doors(login: str, user: User | None, place: Place) -> list[Door]:
    """Return what a password that is tried for `login` counts for: always the same queries.

    Strangers count by what they typed and not by whom it means: else an address that shuts
    together with a name would tell that they belong together.
    """
    mark = place.devices.get(user.pk) if user else None
    is_known_network = _was_logged_in_from(user, place)
    if user is not None and mark is not None:
        return [_account_door("device", f"{user.pk} {mark}")]
    network = _network_door(place)
    if user is not None and is_known_network:
        # Counted for the network too: else the work would tell who is at home in it.
        counted = replace(network, shuts=False)
        return [counted, _account_door("home", f"{user.pk} {place.network}")]
    return [network, _account_door("login", login_key(login))]


def code_doors(user: User, place: Place) -> list[Door]:
    """Return what a code counts for, tried by somebody who knows the password."""
    mark = place.devices.get(user.pk, "")
    if mark.startswith(_LOGGED_IN):
        return [_code_door("device", f"{user.pk} {mark}")]
    if _was_logged_in_from(user, place):
        return [_code_door("home", f"{user.pk} {place.network}")]
    return [_code_door("code", str(user.pk))]


def confirmation_doors(user: User) -> list[Door]:
    """Return what a password counts for that somebody who is logged in is asked for again."""
    return [_account_door("confirm", str(user.pk))]


def confirmation_code_doors(user: User) -> list[Door]:
    """Return what a code counts for that somebody who is logged in is asked for again."""
    return [_code_door("confirm", str(user.pk))]


def login_key(login: str) -> str:
    """Fold a login so that no two spellings of one account are counted apart."""
    # Databases compare addresses in capitals, where more letters meet: "ı" and "i" are both "I".
    return name_key(login.upper() if "@" in login else login)


def _was_logged_in_from(user: User | None, place: Place) -> bool:
    user_id = user.pk if user else 0
    # An empty network is nobody's, and asked for all the same.
    found = Session.objects.filter(user_id=user_id, network=place.network).exists()
    return found and bool(place.network)


def _account_door(kind: str, whose: str) -> Door:
    return Door(_hash(kind, whose), settings.GUESSES_FREE, 3600, settings.GUESS_MAX_DELAY_SECONDS)


def _code_door(kind: str, whose: str) -> Door:
    # Six digits are few, and who comes this far knows the password.
    return Door(
        _hash(f"code {kind}", whose), settings.GUESSES_FREE, 4 * 3600,
        4 * settings.GUESS_MAX_DELAY_SECONDS,
    )  # fmt: skip


def _network_door(place: Place) -> Door:
    # Many share one: a wrong password a minute is what a crowd does by mistake.
    return Door(
        _hash("crowd", place.network), settings.GUESSES_FREE_OF_NETWORK, 60,
        settings.GUESS_MAX_DELAY_SECONDS,
    )  # fmt: skip


def _hash(kind: str, what: str) -> str:
    return hmac.new(_KEY, f"{kind}\0{what}".encode(), hashlib.sha256).hexdigest()


# --- Counting -----------------------------------------------------------------------------------


def reserve_guess(doors: list[Door]) -> None:
    """Count a guess as wrong before it is checked; raises Throttled where a door is shut.

    Commits by itself, and so must not stand in a transaction: a refusal would undo the count.
    """
    now = timezone.now()
    # Most that come to a shut door are told so without a write.
    keys = [door.key for door in doors if door.shuts]
    shut = GuessCount.objects.filter(key__in=keys, blocked_until__gt=now)
    untils = list(shut.values_list("blocked_until", flat=True))
    if untils:
        raise Throttled(_seconds_until(max(filter(None, untils)), now))
    passed: list[Door] = []
    for door in doors:
        wait_seconds = _pass(door)
        if wait_seconds:
            give_back(passed)
            raise Throttled(wait_seconds)
        passed.append(door)


def give_back(doors: list[Door]) -> None:
    """Uncount a guess that was right, or was not checked after all.

    A door that only right ones have shut, by coming at once, opens again.
    """
    for door in doors:
        is_free_again = When(count__lte=door.free, then=None)
        GuessCount.objects.filter(key=door.key, count__gt=0).update(
            count=F("count") - 1, blocked_until=Case(is_free_again, default=F("blocked_until"))
        )


def forget_device_guesses(user: User, place: Place) -> None:
    """Start anew on this device, after a login; what strangers do goes on being counted."""
    mark = place.devices.get(user.pk)
    if mark is None:
        return
    whose = f"{user.pk} {mark}"
    keys = [_account_door("device", whose).key, _code_door("device", whose).key]
    GuessCount.objects.filter(key__in=keys).delete()


def forget_guesses(user: User) -> None:
    """Open the doors of a person's logins: they have proved by mail who they are.

    Those of codes stay: who reads somebody's mail would else guess codes without end.
    """
    addresses = EmailAddress.objects.filter(user=user, verified=True)
    logins = [user.username, *addresses.values_list("email", flat=True)]
    doors = [_account_door("login", login_key(login)) for login in logins]
    doors += confirmation_doors(user)
    GuessCount.objects.filter(key__in=[door.key for door in doors]).delete()


def _pass(door: Door) -> int:
    """Count one; returns the seconds to wait where the door is shut, and counts nothing then."""
    now = timezone.now()
    with transaction.atomic(durable=True):
        row = GuessCount.objects.select_for_update().filter(key=door.key).first()
        if row is None:
            # Somebody else's at the same moment is locked by this, and then surely there.
            GuessCount.objects.bulk_create(
                [GuessCount(key=door.key)],
                update_conflicts=True, unique_fields=["key"], update_fields=["key"],
            )  # fmt: skip
            row = GuessCount.objects.get(key=door.key)
        is_past = row.blocked_until is None or row.blocked_until <= now
        shut_until = None if is_past else row.blocked_until
        if door.shuts and shut_until is not None:
            return _seconds_until(shut_until, now)
        forgotten = max(0, int((now - row.changed_at).total_seconds()) // door.forget_seconds)
        # `changed_at` is the clock of forgetting: what is left of the last hour counts on.
        rested = row.changed_at + timedelta(seconds=forgotten * door.forget_seconds)
        row.changed_at = rested if row.count > forgotten else now
        row.count = max(0, row.count - forgotten) + 1
        if shut_until is None:
            delay_seconds = door.delay_seconds(row.count)
            row.blocked_until = now + timedelta(seconds=delay_seconds) if delay_seconds else None
        row.save(update_fields=["count", "blocked_until", "changed_at"])
    return 0


def _seconds_until(moment: datetime, now: datetime) -> int:
    return math.ceil((moment - now).total_seconds())


@scheduled_task(every_seconds=3600)
def purge_guess_counts() -> int:
    """Remove counters that nobody has raised for days; returns how many."""
    old = GuessCount.objects.filter(changed_at__lt=timezone.now() - _KEPT)
    keys = list(old.values_list("pk", flat=True)[:_PURGED_AT_ONCE])
    # One that is being raised at this moment has a new time, and stays.
    purged, _rows = old.filter(pk__in=keys).delete()
    return purged
