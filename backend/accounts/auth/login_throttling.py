"""Login throttling: failed passwords and codes are counted in the database, and delay the next.

A caller reserves an attempt before it checks a password, in a transaction of its own, and releases
it when the password was right. So a thousand attempts at once are counted like a thousand in a
row, and nothing is locked while a password is hashed. While a limiter blocks, nothing is checked,
and the answer tells nothing about the password.

The attempts of a stranger count for the login that was typed, whether it exists or not, and for
the network of the stranger. A device that the user has used before (a signed cookie: OWASP's
"device cookies") and a network in which the user is logged in have limiters of their own, so that
strangers lock nobody out. Failed attempts are forgotten one by one.
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

from accounts.models import AttemptCount, Session, User
from accounts.usernames import name_key
from common.http.client_addresses import client_address, network_of
from common.http.errors import Throttled
from common.work.background import scheduled_task

_DEVICE_SALT = "accounts.device"
_DEVICE_SECONDS = 400 * 86_400  # as long as browsers keep a cookie
_PEOPLE_ON_A_DEVICE = 5
# A device's mark begins with one of these: a thief who reads the user's mail must not get more
# attempts at codes with every reset of the password.
_LOGGED_IN, _RESET = "in.", "reset."
_NETWORK_BITS = 24
# A row that rests this long is as good as none.
_KEPT = timedelta(days=3)
_PURGED_AT_ONCE = 5_000
_KEY = hmac.new(settings.SECRET_KEY.encode(), b"guesses", hashlib.sha256).digest()


@dataclass(frozen=True)
class ClientContext:
    """The client of a request: a keyed hash of its network, and its device's marks by user."""

    network: str = ""
    devices: dict[int, str] = field(default_factory=dict)


NO_CLIENT = ClientContext()


@dataclass(frozen=True)
class Limiter:
    """One counter: how many attempts are free, and in how many seconds one is forgotten.

    A limiter without `blocks` counts and refuses nobody.
    """

    key: str
    free: int
    forget_seconds: int
    max_delay_seconds: int
    blocks: bool = True

    def delay_seconds(self, count: int) -> int:
        """Return for how many seconds the limiter blocks after `count` failed attempts."""
        over = count - self.free
        return 0 if over < 0 else min(self.max_delay_seconds, 2 ** min(over, 30))


# --- Clients ------------------------------------------------------------------------------------


def client_context(request: HttpRequest) -> ClientContext:
    """Return the client of a request; a device cookie that we did not sign counts as none."""
    try:
        marks = signing.loads(
            request.COOKIES.get(settings.DEVICE_COOKIE_NAME, ""),
            salt=_DEVICE_SALT,
            max_age=_DEVICE_SECONDS,
        )
    except signing.BadSignature:
        marks = []
    return ClientContext(
        network_key(client_address(request)), {int(pk): mark for pk, mark in marks}
    )


def network_key(address: str) -> str:
    """Hash the network of an address: /24 of IPv4, /64 of IPv6."""
    return _hash("network", network_of(address, ipv4_bits=_NETWORK_BITS))


def remember_device(
    response: HttpResponseBase, user: User, client: ClientContext, *, logged_in: bool = False
) -> None:
    """Mark this device as one that the user has used, after a login or a reset by e-mail.

    Only a device that has `logged_in` also gets a limiter of its own for codes.
    """
    mark = client.devices.get(user.pk, "")
    if not mark or (logged_in and not mark.startswith(_LOGGED_IN)):
        mark = (_LOGGED_IN if logged_in else _RESET) + secrets.token_urlsafe(12)
    others = [(pk, other) for pk, other in client.devices.items() if pk != user.pk]
    marks = [(user.pk, mark), *others[: _PEOPLE_ON_A_DEVICE - 1]]
    response.set_cookie(
        settings.DEVICE_COOKIE_NAME,
        signing.dumps(marks, salt=_DEVICE_SALT),
        max_age=_DEVICE_SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )


# --- Limiters -------------------------------------------------------------------------------------


def password_limiters(login: str, user: User | None, client: ClientContext) -> list[Limiter]:
    """Return the limiters of a password that is tried for `login`, always by the same queries.

    The attempts of strangers count by what they typed and not by the user it means: otherwise an
    address that is blocked together with a name would tell that they belong together.
    """
    mark = client.devices.get(user.pk) if user else None
    is_known_network = _was_logged_in_from(user, client)
    if user is not None and mark is not None:
        return [_account_limiter("device", f"{user.pk} {mark}")]
    network = _network_limiter(client)
    if user is not None and is_known_network:
        # Counted for the network too: otherwise the work would tell which users are known in it.
        counted = replace(network, blocks=False)
        return [counted, _account_limiter("home", f"{user.pk} {client.network}")]
    return [network, _account_limiter("login", login_key(login))]


def code_limiters(user: User, client: ClientContext) -> list[Limiter]:
    """Return the limiters of a second factor's code, after the right password."""
    mark = client.devices.get(user.pk, "")
    if mark.startswith(_LOGGED_IN):
        return [_code_limiter("device", f"{user.pk} {mark}")]
    if _was_logged_in_from(user, client):
        return [_code_limiter("home", f"{user.pk} {client.network}")]
    return [_code_limiter("code", str(user.pk))]


def confirmation_limiters(user: User) -> list[Limiter]:
    """Return the limiters of a password that a logged-in user is asked for again."""
    return [_account_limiter("confirm", str(user.pk))]


def confirmation_code_limiters(user: User) -> list[Limiter]:
    """Return the limiters of a code that a logged-in user is asked for again."""
    return [_code_limiter("confirm", str(user.pk))]


def login_key(login: str) -> str:
    """Fold a login so that no two spellings of one account are counted apart."""
    # Databases compare addresses in capitals, where more letters are equal: "ı" and "i" become "I".
    return name_key(login.upper() if "@" in login else login)


def _was_logged_in_from(user: User | None, client: ClientContext) -> bool:
    user_id = user.pk if user else 0
    # The query runs for an empty network too, which no session has.
    found = Session.objects.filter(user_id=user_id, network=client.network).exists()
    return found and bool(client.network)


def _account_limiter(kind: str, whose: str) -> Limiter:
    return Limiter(
        _hash(kind, whose), settings.GUESSES_FREE, 3600, settings.GUESS_MAX_DELAY_SECONDS
    )


def _code_limiter(kind: str, whose: str) -> Limiter:
    # Six digits are few, and whoever gets here knows the password.
    return Limiter(
        _hash(f"code {kind}", whose), settings.GUESSES_FREE, 4 * 3600,
        4 * settings.GUESS_MAX_DELAY_SECONDS,
    )  # fmt: skip


def _network_limiter(client: ClientContext) -> Limiter:
    # Many users share a network: a wrong password a minute is what a crowd does by mistake.
    return Limiter(
        _hash("crowd", client.network), settings.GUESSES_FREE_OF_NETWORK, 60,
        settings.GUESS_MAX_DELAY_SECONDS,
    )  # fmt: skip


def _hash(kind: str, what: str) -> str:
    return hmac.new(_KEY, f"{kind}\0{what}".encode(), hashlib.sha256).hexdigest()


# --- Counting -----------------------------------------------------------------------------------


def reserve_attempt(limiters: list[Limiter]) -> None:
    """Count an attempt as failed before it is checked; raises Throttled where a limiter blocks.

    Commits by itself, and so must not stand in a transaction: a refusal would undo the count.
    """
    now = timezone.now()
    # Most attempts on a blocked limiter are refused without a write.
    keys = [limiter.key for limiter in limiters if limiter.blocks]
    blocked = AttemptCount.objects.filter(key__in=keys, blocked_until__gt=now)
    untils = list(blocked.values_list("blocked_until", flat=True))
    if untils:
        raise Throttled(_seconds_until(max(filter(None, untils)), now))
    passed: list[Limiter] = []
    for limiter in limiters:
        wait_seconds = _pass(limiter)
        if wait_seconds:
            release_attempt(passed)
            raise Throttled(wait_seconds)
        passed.append(limiter)


def release_attempt(limiters: list[Limiter]) -> None:
    """Take an attempt off the count that was right, or was not checked after all.

    A limiter is free again where only right attempts have blocked it, by coming at the same time.
    """
    for limiter in limiters:
        is_free_again = When(count__lte=limiter.free, then=None)
        AttemptCount.objects.filter(key=limiter.key, count__gt=0).update(
            count=F("count") - 1, blocked_until=Case(is_free_again, default=F("blocked_until"))
        )


def forget_device_attempts(user: User, client: ClientContext) -> None:
    """Reset the limiters of this device after a login; those of strangers are kept."""
    mark = client.devices.get(user.pk)
    if mark is None:
        return
    whose = f"{user.pk} {mark}"
    keys = [_account_limiter("device", whose).key, _code_limiter("device", whose).key]
    AttemptCount.objects.filter(key__in=keys).delete()


def forget_attempts(user: User) -> None:
    """Reset the limiters of a user's passwords after a reset by e-mail.

    Those of codes are kept: a thief who reads the user's mail would otherwise guess without end.
    """
    addresses = EmailAddress.objects.filter(user=user, verified=True)
    logins = [user.username, *addresses.values_list("email", flat=True)]
    limiters = [_account_limiter("login", login_key(login)) for login in logins]
    limiters += confirmation_limiters(user)
    AttemptCount.objects.filter(key__in=[limiter.key for limiter in limiters]).delete()


def _pass(limiter: Limiter) -> int:
    """Count an attempt; returns the seconds to wait where the limiter blocks and counts nothing."""
    now = timezone.now()
    with transaction.atomic(durable=True):
        row = AttemptCount.objects.select_for_update().filter(key=limiter.key).first()
        if row is None:
            # A row that another request inserts at the same moment is locked by this, and then
            # exists.
            AttemptCount.objects.bulk_create(
                [AttemptCount(key=limiter.key)],
                update_conflicts=True, unique_fields=["key"], update_fields=["key"],
            )  # fmt: skip
            row = AttemptCount.objects.get(key=limiter.key)
        is_past = row.blocked_until is None or row.blocked_until <= now
        shut_until = None if is_past else row.blocked_until
        if limiter.blocks and shut_until is not None:
            return _seconds_until(shut_until, now)
        forgotten = max(0, int((now - row.changed_at).total_seconds()) // limiter.forget_seconds)
        # Attempts are forgotten by `changed_at`: what remains of the last hour is still counted.
        rested = row.changed_at + timedelta(seconds=forgotten * limiter.forget_seconds)
        row.changed_at = rested if row.count > forgotten else now
        row.count = max(0, row.count - forgotten) + 1
        if shut_until is None:
            delay_seconds = limiter.delay_seconds(row.count)
            row.blocked_until = now + timedelta(seconds=delay_seconds) if delay_seconds else None
        row.save(update_fields=["count", "blocked_until", "changed_at"])
    return 0


def _seconds_until(moment: datetime, now: datetime) -> int:
    return math.ceil((moment - now).total_seconds())


@scheduled_task(every_seconds=3600)
def purge_attempt_counts() -> int:
    """Delete counters that have not been raised for days; return how many."""
    old = AttemptCount.objects.filter(changed_at__lt=timezone.now() - _KEPT)
    keys = list(old.values_list("pk", flat=True)[:_PURGED_AT_ONCE])
    # A counter that is being raised at this moment has a new time, and is kept.
    purged, _rows = old.filter(pk__in=keys).delete()
    return purged
