"""Where a request comes from."""

import ipaddress
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest

# What one customer is given at least: who has one address has 2**64.
_IPV6_BITS = 64


def client_address(request: HttpRequest) -> str:
    """Return the client's IP address: the peer's, or what the nearest trusted proxy wrote."""
    hops: int = settings.TRUSTED_PROXIES
    if hops:
        chain = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
        if len(chain) >= hops and chain[-hops]:
            return str(chain[-hops])
    return str(request.META.get("REMOTE_ADDR", ""))


def throttle_address(request: HttpRequest) -> str:
    """Return what a limit by address counts by: an address of IPv4, a network of IPv6."""
    return network_of(client_address(request))


@lru_cache(maxsize=4_096)  # every request asks, most of them after another of the same person
def network_of(address: str, *, ipv4_bits: int = 32) -> str:
    """Return the network of an address, /64 of IPv6; what is no address comes back as it is."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    bits = ipv4_bits if ip.version == 4 else _IPV6_BITS
    return str(ipaddress.ip_network((ip, bits), strict=False))
