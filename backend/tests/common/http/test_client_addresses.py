"""Whose address a request comes from, and who counts as one."""

import pytest
from django.test import RequestFactory

from common.http.client_addresses import network_of, throttle_address


@pytest.mark.parametrize(
    ("address", "counted_as"),
    [
        ("192.0.2.7", "192.0.2.7/32"),
        ("::ffff:192.0.2.7", "192.0.2.7/32"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("unix socket", "unix socket"),
    ],
)
def test_a_customers_network_counts_as_one(address, counted_as):
    request = RequestFactory().get("/", REMOTE_ADDR=address)

    assert throttle_address(request) == counted_as


def test_a_network_may_be_wider():
    assert network_of("192.0.2.7", ipv4_bits=24) == network_of("192.0.2.8", ipv4_bits=24)
    assert network_of("192.0.2.7", ipv4_bits=24) != network_of("192.0.3.7", ipv4_bits=24)


def test_behind_a_proxy_its_word_is_folded(settings):
    settings.TRUSTED_PROXIES = 1
    request = RequestFactory().get("/", HTTP_X_FORWARDED_FOR="10.0.0.1, 2001:db8::1")

    assert throttle_address(request) == "2001:db8::/64"
