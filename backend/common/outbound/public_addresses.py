"""Which addresses are of the public internet; no network is asked."""

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_OLD_6TO4_RELAYS = ipaddress.IPv4Network("192.88.99.0/24")
_IETF = ipaddress.IPv4Network("192.0.0.0/24")


def is_public_address(text: str) -> bool:
    """True for an address of the public internet, by itself and by what it wraps."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            return _is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        # IPv4-mapped and -compatible ones, multicast and site-local all lie outside.
        wraps = address.sixtofour or address.teredo
        return address in _GLOBAL_UNICAST and not wraps and _is_public(address)
    return _is_public(address)


def _is_public(address: Address) -> bool:
    odd = address.is_multicast or address.is_reserved or address.is_unspecified
    if isinstance(address, ipaddress.IPv4Address):
        odd = odd or address in _OLD_6TO4_RELAYS or address in _IETF
    return address.is_global and not odd
