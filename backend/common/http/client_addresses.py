"""The IP address of a request's client, and the network that limits count by."""

import ipaddress
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest

# A provider gives each customer at least this network: so one customer has 2**64 addresses.
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
    """Return the key of limits by address: the address for IPv4, the /64 network for IPv6."""
    return network_of(client_address(request))


@lru_cache(maxsize=4_096)  # every request asks, most of them after another one of the same client
def network_of(address: str, *, ipv4_bits: int = 32) -> str:
    """Return the network of an address, /64 for IPv6; other text is returned as it is."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    bits = ipv4_bits if ip.version == 4 else _IPV6_BITS
    return str(ipaddress.ip_network((ip, bits), strict=False))
