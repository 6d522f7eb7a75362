"""Cached views get throttle, ban epoch and cached body in one round trip, before DRF.

A list shows what guests see, so one body serves all. What only some users may see (`?scope=`, or
an object that is not public) goes through DRF and is never stored. Both build their bodies by hand
from rows: uncached answers are measured (`python -m bench lists`), and serializers and paginators
cost more than the rows do (`docs/decisions/0002-one-way-over-http.md`).
"""

import gzip
import hashlib
import time
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar, cast

from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.http.response import HttpResponseBase, HttpResponseNotModified
from django.utils.translation import gettext as _
from rest_framework.views import APIView

from accounts.api.authentication import key_of, presented_by
from accounts.api.throttles import count_visit, refuse_over_limit, window_of
from accounts.auth.sessions import Identity, InvalidToken, epoch_key, read_access_token
from accounts.models import User
from accounts.scopes import READ
from common.http.client_addresses import throttle_address
from common.http.errors import AppError, NotFound, Throttled, answer_error
from common.http.queries import Query, canonical_address
from common.http.renderers import to_json
from common.http.responses import is_known
from common.http.shared_cache import (
    current_generation,
    generation_bytes,
    generation_keys,
    joined_generation,
    no_generation,
    shared_cache,
)

BODY_SECONDS = 300
_ETAG_BYTES = 16
# A body that is asked for only once is not worth more; others are in the cache by then.
_GZIP_LEVEL = 1
# What `once` computed for all pages of a list, with its generation and its end; each process has
# its own. At most 4 KB each: see `catalog.search.MAX_RESULTS`.
_MAX_FINDINGS = 2_000
_findings: dict[str, tuple[bytes, float, Any]] = {}
Finding = TypeVar("Finding")


class CachedView(APIView):
    """`public_body` builds what guests see; `get` answers users who may see more.

    `query` names the parameters: addresses whose parameters mean the same share one stored body.
    `families` names what its bodies are made of: those that `invalidate_cached_views` is told of.
    """

    families: ClassVar[tuple[str, ...]]

    cache_seconds: ClassVar[int] = BODY_SECONDS
    query: ClassVar[type[Query]] = Query
    key_scopes: ClassVar[dict[str, str]] = {"GET": READ}
    generation = b""

    def public_body(self, request: HttpRequest, **place: Any) -> Any:
        """Return the value that is sent as JSON; None where nothing public is found."""
        raise NotImplementedError

    def moved_to(self, **place: Any) -> str | None:
        """Return the path that an object has moved to; None where it has not moved."""
        return None

    def once(self, what: str, find: Callable[[], Finding]) -> Finding:
        """Compute a value for the first page, and keep it for the others until a list changes."""
        generation, now = self.generation, time.monotonic()
        known = _findings.get(what)
        if known is not None and known[0] == generation and now < known[1]:
            return cast(Finding, known[2])
        finding = find()
        if generation == no_generation(self.families):
            return finding
        if len(_findings) >= _MAX_FINDINGS:
            _findings.clear()
        _findings[what] = generation, now + BODY_SECONDS, finding
        return finding

    def dispatch(self, request: HttpRequest, *args: Any, **place: Any) -> HttpResponseBase:
        """Answer a public GET without DRF, everything else with it."""
        if request.method not in {"GET", "HEAD"} or _asks_for_scope(request):
            return super().dispatch(request, *args, **place)
        try:
            identity, user_id = self._who_asks(request)
        except AppError as error:
            # Otherwise guessing tokens and keys would not be counted.
            return answer_error(_count_refused(request) or error)
        try:
            answer = self._answer(request, place, identity, user_id)
            if answer is not None:
                return answer
            moved_to = self.moved_to(**place)
            if moved_to is not None:
                return HttpResponsePermanentRedirect(moved_to)
            if "HTTP_AUTHORIZATION" in request.META:
                return super().dispatch(request, *args, **place)
            raise NotFound(_("There is nothing here."))
        except AppError as error:
            return answer_error(error)

    def _answer(
        self,
        request: HttpRequest,
        place: dict[str, Any],
        identity: Identity | None,
        user_id: int,
    ) -> HttpResponse | None:
        if user_id:
            counter, seconds, limit = window_of("user", f"u{user_id}")
        else:
            counter, seconds, limit = window_of("anon", throttle_address(request))
        is_gzip = "gzip" in request.META.get("HTTP_ACCEPT_ENCODING", "")
        key = self._body_key(request, is_gzip=is_gzip)
        keys = [key, *generation_keys(self.families)]
        if identity:
            keys.append(epoch_key(identity.user_id))
        count, values = shared_cache().visit(counter, seconds, keys)
        refuse_over_limit(count, seconds, limit)
        if identity:
            _refuse_old_epoch(identity, values.pop())
        stored, generation = values[0], joined_generation(values[1:])
        if generation is None or stored is None or not self._is_of(generation, stored):
            # Read before the database is: a change in between makes the body stale.
            self.generation = (
                current_generation(self.families) if generation is None else generation
            )
            built = self._build(request, place, key, is_gzip=is_gzip)
            if built is None:
                return None
            stored = built
        return _respond(request, stored[generation_bytes(self.families) :], is_gzip=is_gzip)

    def _is_of(self, generation: bytes, stored: bytes) -> bool:
        return stored[: generation_bytes(self.families)] == generation

    def answer_anybody(self, request: HttpRequest, **place: Any) -> bytes | None:
        """Return the body that guests get, stored or built now; `generation` has to be set before.

        It is for pages that hold the body; the request is neither counted nor authenticated. Raises
        what the view raises.
        """
        key = self._body_key(request, is_gzip=True)
        stored = shared_cache().get(key)
        if stored is None or not self._is_of(self.generation, stored):
            stored = self._build(request, place, key, is_gzip=True)
        return (
            None
            if stored is None
            else gzip.decompress(stored[generation_bytes(self.families) + _ETAG_BYTES :])
        )

    def _body_key(self, request: HttpRequest, *, is_gzip: bool) -> str:
        asked = request.META.get("QUERY_STRING", "")
        # One parameter with one value can be written in one way only, and need not be parsed.
        if "&" in asked or "," in asked or "%" in asked:
            asked = canonical_address(self.query, request.GET)
        address = f"{request.path.rstrip('/')}?{asked}"
        digest = hashlib.blake2b(address.encode(), digest_size=16).hexdigest()
        return f"body:{'gz' if is_gzip else 'id'}:{digest}"

    def _who_asks(self, request: HttpRequest) -> tuple[Identity | None, int]:
        presented = presented_by(request)
        if presented is None:
            return None, 0
        if presented.is_key:
            return None, key_of(request, presented, scopes=self.key_scopes).user_id
        identity = read_access_token(presented.token)
        return identity, identity.user_id

    def _build(
        self, request: HttpRequest, place: dict[str, Any], key: str, *, is_gzip: bool
    ) -> bytes | None:
        value = self.public_body(request, **place)
        if value is None:
            return None
        plain = to_json(value)
        head = self.generation + hashlib.sha256(plain).hexdigest()[:_ETAG_BYTES].encode()
        body = gzip.compress(plain, compresslevel=_GZIP_LEVEL, mtime=0) if is_gzip else plain
        stored = head + body
        shared_cache().put(key, stored, self.cache_seconds)
        return stored


def _count_refused(request: HttpRequest) -> Throttled | None:
    try:
        count_visit("anon", throttle_address(request))
    except Throttled as throttled:
        return throttled
    return None


def _asks_for_scope(request: HttpRequest) -> bool:
    # Most queries hold no such letters, and need not be parsed. Percent-encoded ones are.
    words = request.META.get("QUERY_STRING", "")
    return ("scope" in words or "%" in words) and "scope" in request.GET


def _refuse_old_epoch(identity: Identity, cached: bytes | None) -> None:
    epoch = None if cached is None else int(cached)
    # The token is signed: an epoch ahead of the cache's proves that the cache is behind, as when
    # two commits were published in the wrong order, or one was not published.
    if epoch is None or epoch < identity.epoch:
        epoch = (
            User.objects.filter(pk=identity.user_id, is_active=True)
            .values_list("epoch", flat=True)
            .first()
        )
        if epoch is None:
            raise InvalidToken
        # Only an epoch that is known to be old is overwritten: a newer one may have come meanwhile.
        store = shared_cache().put_if_absent if cached is None else shared_cache().put
        store(epoch_key(identity.user_id), str(epoch).encode(), BODY_SECONDS)
    if epoch != identity.epoch:
        raise InvalidToken


def _respond(request: HttpRequest, stored: bytes, *, is_gzip: bool) -> HttpResponse:
    etag = f'W/"{stored[:_ETAG_BYTES].decode()}"'
    response: HttpResponse
    if is_known(request, etag):
        response = HttpResponseNotModified()
    else:
        body = stored[_ETAG_BYTES:]
        response = HttpResponse(body, content_type="application/json")
        response["Content-Length"] = str(len(body))
        if is_gzip:
            response["Content-Encoding"] = "gzip"
    response["ETag"] = etag
    response["Cache-Control"] = "no-cache"
    response["Vary"] = "Accept-Encoding"
    return response
