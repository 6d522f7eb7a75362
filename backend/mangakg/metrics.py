"""/metrics for Prometheus: with the token, or, where none is set, from this machine only."""

import hmac
import ipaddress

import django_prometheus.exports
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from common.http.client_addresses import client_address


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer the metrics; 404 to other clients."""
    if not _may_read(request):
        raise Http404
    answer: HttpResponse = django_prometheus.exports.ExportToDjangoView(request)
    return answer


def _may_read(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        expected = f"Bearer {settings.METRICS_TOKEN}"
        given = request.headers.get("Authorization", "")
        return hmac.compare_digest(given.encode(), expected.encode())
    try:
        return ipaddress.ip_address(client_address(request)).is_loopback
    except ValueError:
        return False
