"""The client for addresses that users name, against servers that mean harm."""

import gzip
import ipaddress
import re
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpcore
import httpx
import pytest

from common.outbound.client import (
    AnswerRefused,
    FetchFailed,
    OutboundClient,
    operators_client,
    outbound_client,
)
from common.outbound.public_addresses import is_public_address
from common.outbound.transport import (
    AddressRefused,
    CheckedTransport,
    Connections,
    Deadline,
    Reach,
)

LOOPBACK = (ipaddress.ip_network("127.0.0.1/32"),)
PICTURE = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 3\r\n\r\nabc"
MAX_BYTES = 100_000

Script = Callable[[socket.socket, int], None]


class Door:
    """A server that says what its script says, and remembers what it was asked."""

    def __init__(self, script: Script | bytes) -> None:
        self.asked: list[bytes] = []
        self.closing = threading.Event()
        self._script = script
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/cover.png"
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                link, _peer = self._listener.accept()
            except OSError:
                return
            with link:
                try:
                    self.asked.append(self._hear(link))
                    if isinstance(self._script, bytes):
                        link.sendall(self._script)
                    else:
                        self._script(link, len(self.asked))
                except OSError:
                    continue  # the client has had enough

    def _hear(self, link: socket.socket) -> bytes:
        heard = link.recv(65536)
        length = re.search(rb"Content-Length: ([0-9]+)", heard)
        while length and len(heard.partition(b"\r\n\r\n")[2]) < int(length[1]):
            heard += link.recv(65536)
        return heard

    def close(self) -> None:
        self.closing.set()
        self._listener.close()


@pytest.fixture
def door() -> Iterator[Callable[[Script | bytes], Door]]:
    doors: list[Door] = []

    def make(script: Script | bytes = PICTURE) -> Door:
        doors.append(Door(script))
        return doors[-1]

    yield make
    for one in doors:
        one.close()


def client(**options: Any) -> OutboundClient:
    settings: dict[str, Any] = {"ports": None, "allowed_networks": LOOPBACK, "wait_seconds": 0.0}
    return OutboundClient(user_agent="MangaKG-test", **settings | options)


def fetch(url: str, **options: Any):
    return client(**options).fetch(url, max_bytes=MAX_BYTES, content_types={"image/png"})


def test_a_picture_is_fetched_under_our_own_name(door):
    there = door()

    fetched, body = fetch(there.url + "#part")

    assert (fetched.content_type, fetched.bytes, body) == ("image/png", 3, b"abc")
    asked = there.asked[0].decode()
    assert asked.startswith("GET /cover.png HTTP/1.1\r\n")
    assert f"Host: 127.0.0.1:{there.port}\r\n" in asked
    assert "User-Agent: MangaKG-test\r\n" in asked
    assert "cookie" not in asked.lower()


# --- Where it may go ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1",
        "169.254.169.254", "100.64.0.1", "192.0.0.8", "192.88.99.1", "198.18.0.1", "224.0.0.1",
        "240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8",
        "::127.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1",
        "2002:7f00:1::1", "2002:808:808::1", "2001:0:1::1", "2001:db8::1", "fe80::1",
        "fe80::1%eth0", "fec0::1", "fd00::1", "ff02::1", "localhost", "",
    ],
)  # fmt: skip
def test_what_is_no_public_address_is_refused(address):
    assert not is_public_address(address)

    with pytest.raises(AddressRefused):
        fetch(
            "http://cover.example/",
            allowed_networks=(),
            resolve=lambda host, port: ["8.8.8.8", address],
        )


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"])
def test_public_addresses_are_public(address):
    assert is_public_address(address)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd", "ftp://example.com/a", "gopher://example.com/", "//example.com/a",
        "javascript:alert(1)", "data:image/png;base64,AAAA", "", "http://", "http:///a",
        "http://user:word@example.com/", "http://user@example.com/", "http://example.com:22/",
        "http://example.com:99999/", "http://exa mple.com/", "http://[::1", "http://a\r\nb/",
        "http://2130706433/", "http://0x7f000001/", "http://0177.0.0.1/", "http://127.1/",
        "http://0x7f.1/", "http://8.8.8.8.8/", "http://134744072/", "http://8.8.2056/",
        "https://example.com/" + "a" * 2000,
    ],
)  # fmt: skip
def test_an_address_of_another_kind_is_refused_before_it_is_resolved(url):
    asked: list[str] = []

    def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["8.8.8.8"]

    with pytest.raises(AddressRefused):
        fetch(url, ports=(80, 443), resolve=resolve)

    assert asked == []


@pytest.mark.parametrize(
    "url",
    ["http://localhost/", "http://127.0.0.1/", "http://[::1]/",
     "http://[::ffff:127.0.0.1]/", "http://169.254.169.254/latest/meta-data/", "http://0.0.0.0/",
     "https://127.0.0.1/", "http://①②⑦.⓪.⓪.①/"],
)  # fmt: skip
def test_this_machine_is_refused_as_the_system_resolves_it(url):
    with pytest.raises(AddressRefused):
        fetch(url, allowed_networks=(), ports=(80, 443))


def test_the_connection_goes_to_the_address_that_was_checked(door):
    """A name that answers something else when it is asked again gains nothing."""
    there = door()
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])

    fetched, _body = fetch(
        f"http://rebinding.example:{there.port}/a", resolve=lambda host, port: next(answers)
    )

    assert fetched.url == f"http://rebinding.example:{there.port}/a"
    assert f"Host: rebinding.example:{there.port}" in there.asked[0].decode()
    assert next(answers) == ["10.0.0.1"]  # nobody asked again


def test_a_redirect_is_resolved_and_checked_again(door):
    there = door(b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n")
    answers = iter([["127.0.0.1"], ["127.0.0.2"]])

    with pytest.raises(AddressRefused):
        fetch(f"http://rebinding.example:{there.port}/", resolve=lambda host, port: next(answers))

    assert len(there.asked) == 1


@pytest.mark.parametrize(
    "target",
    ["http://127.0.0.2/", "http://169.254.169.254/", "file:///etc/passwd", "http://[::1]/",
     "//10.0.0.1/", "http://a@127.0.0.1/"],
)  # fmt: skip
def test_a_redirect_into_a_private_network_is_refused(door, target):
    there = door(f"HTTP/1.1 301 Moved\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode())

    with pytest.raises(AddressRefused):
        fetch(there.url)


def test_redirects_are_followed_three_times_and_no_further(door):
    def lead_on(times: int) -> Script:
        def script(link: socket.socket, number: int) -> None:
            moved = b"HTTP/1.1 307 Moved\r\nLocation: ?next\r\nContent-Length: 0\r\n\r\n"
            link.sendall(moved if number <= times else PICTURE)

        return script

    three, four = door(lead_on(3)), door(lead_on(4))

    fetched, _body = fetch(three.url)
    with pytest.raises(AddressRefused):
        fetch(four.url)

    assert fetched.url == f"{three.url}?next"
    assert (len(three.asked), len(four.asked)) == (4, 4)


def test_no_redirect_leads_back_from_https():
    reach = Reach(ports=None, resolve=lambda host, port: [])
    transport = CheckedTransport(Deadline(5, 5), Connections(reach))

    with pytest.raises(httpcore.ConnectError):  # allowed, but nobody knows the name
        transport.handle_request(httpx.Request("GET", "https://cover.example/"))
    with pytest.raises(AddressRefused):
        transport.handle_request(httpx.Request("GET", "http://cover.example/"))


def test_what_a_redirect_says_beside_its_target_is_not_read_nor_handed_on(door):
    there: Door

    def script(link: socket.socket, number: int) -> None:
        if number == 2:
            link.sendall(PICTURE)
            return
        link.sendall(
            b"HTTP/1.1 302 Found\r\nLocation: /next\r\nSet-Cookie: a=b\r\n"
            b"Content-Encoding: gzip\r\n\r\n"
        )
        while not there.closing.is_set():
            link.sendall(gzip.compress(bytes(2**20)))

    there = door(script)

    assert fetch(there.url)[1] == b"abc"
    assert b"cookie" not in there.asked[1].lower()


# --- How much, how long, of what ----------------------------------------------------------------


def test_a_drip_of_headers_ends_with_the_whole_time(door):
    there: Door

    def drip(link: socket.socket, _number: int) -> None:
        link.sendall(b"HTTP/1.1 200 OK\r\nX-A: ")
        while not there.closing.wait(0.02):
            link.sendall(b"a")

    there = door(drip)

    with pytest.raises(FetchFailed):
        fetch(there.url, total_seconds=2)

    assert len(there.asked) == 1


def test_a_drip_of_the_body_ends_with_the_whole_time(door):
    there: Door

    def drip(link: socket.socket, _number: int) -> None:
        link.sendall(PICTURE.replace(b"Length: 3", b"Length: 90000"))
        while not there.closing.wait(0.02):
            link.sendall(b"a")

    there = door(drip)

    with pytest.raises(FetchFailed):
        fetch(there.url, total_seconds=2)


def test_a_body_without_end_is_cut_off(door):
    there: Door

    def pour(link: socket.socket, _number: int) -> None:
        link.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n")
        while not there.closing.is_set():
            link.sendall(b"a" * 65536)

    there = door(pour)

    with pytest.raises(AnswerRefused):
        fetch(there.url)


def test_a_length_that_is_too_much_is_refused_unread(door):
    there = door(PICTURE.replace(b"Length: 3", b"Length: 100001"))

    with pytest.raises(AnswerRefused):
        fetch(there.url)


def packed(body: bytes) -> bytes:
    head = f"Content-Encoding: gzip\r\nContent-Length: {len(body)}\r\n"
    return b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n" + head.encode() + b"\r\n" + body


def test_what_comes_packed_is_unpacked(door):
    assert fetch(door(packed(gzip.compress(b"abc"))).url)[1] == b"abc"


def test_a_gzip_bomb_is_not_unpacked(door):
    bomb = gzip.compress(bytes(200 * 2**20), 9)
    assert len(bomb) > MAX_BYTES  # by itself too long, so in pieces without a length
    there = door(
        b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Encoding: gzip\r\n\r\n" + bomb
    )

    with pytest.raises(AnswerRefused):
        fetch(there.url)


@pytest.mark.parametrize("body", [b"no gzip at all", gzip.compress(b"abc", mtime=0)[:-4]])
def test_a_broken_gzip_is_a_failure(door, body):
    with pytest.raises(FetchFailed):
        fetch(door(packed(body)).url)


@pytest.mark.parametrize("coding", [b"br", b"zstd", b"gzip, gzip"])
def test_another_packing_is_refused(door, coding):
    there = door(PICTURE.replace(b"\r\n\r\n", b"\r\nContent-Encoding: " + coding + b"\r\n\r\n"))

    with pytest.raises(AnswerRefused):
        fetch(there.url)


def test_a_flood_of_headers_is_cut_off(door):
    def flood(link: socket.socket, _number: int) -> None:
        link.sendall(b"HTTP/1.1 200 OK\r\n")
        for number in range(1_000_000):
            link.sendall(f"X-{number}: {'a' * 500}\r\n".encode())

    with pytest.raises(FetchFailed):
        fetch(door(flood).url, attempts=1)


@pytest.mark.parametrize("kind", [b"text/html", b"image/svg+xml", b"", b"image/pngx"])
def test_another_type_is_refused(door, kind):
    with pytest.raises(AnswerRefused):
        fetch(door(PICTURE.replace(b"image/png", kind)).url)


def test_parameters_of_the_type_do_not_matter(door):
    there = door(PICTURE.replace(b"image/png", b"Image/PNG; charset=x"))

    assert fetch(there.url)[0].content_type == "image/png"


@pytest.mark.parametrize(
    "answer",
    [b"", b"hello\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\n",
     b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: x\r\n\r\nabc",
     PICTURE.replace(b"Length: 3", b"Length: 30")],
)  # fmt: skip
def test_nonsense_is_a_failure(door, answer):
    with pytest.raises(FetchFailed):
        fetch(door(answer).url)


# --- Once more ----------------------------------------------------------------------------------


def fail_first(times: int, status: str, *headers: str) -> Script:
    def script(link: socket.socket, number: int) -> None:
        lines = "".join(f"{line}\r\n" for line in (*headers, "Content-Length: 4"))
        failed = f"HTTP/1.1 {status}\r\n{lines}\r\noops".encode()
        link.sendall(failed if number <= times else PICTURE)

    return script


@pytest.mark.parametrize("status", ["500 Oops", "502 Oops", "503 Oops", "429 Slow"])
def test_a_passing_fault_is_tried_again(door, status):
    there = door(fail_first(2, status))

    assert fetch(there.url)[1] == b"abc"
    assert len(there.asked) == 3


def test_three_times_and_no_more(door):
    there = door(fail_first(9, "503 Oops"))

    with pytest.raises(FetchFailed):
        fetch(there.url)

    assert len(there.asked) == 3


@pytest.mark.parametrize("status", ["404 No", "403 No", "501 No", "204 Nothing"])
def test_what_will_not_change_is_not_asked_twice(door, status):
    there = door(fail_first(9, status))

    with pytest.raises(FetchFailed):
        fetch(there.url)

    assert len(there.asked) == 1


def test_who_says_how_long_to_wait_is_believed(door):
    soon = door(fail_first(1, "503 Oops", "Retry-After: 0"))
    too_late = door(fail_first(1, "503 Oops", "Retry-After: 100"))

    assert fetch(soon.url, wait_seconds=100.0)[1] == b"abc"
    with pytest.raises(FetchFailed):
        fetch(too_late.url)

    assert len(too_late.asked) == 1


def test_silence_is_tried_again_within_the_whole_time(door):
    there: Door

    def say_nothing_first(link: socket.socket, number: int) -> None:
        if number > 1:
            link.sendall(PICTURE)
        else:
            link.recv(1)  # until the client goes

    there = door(say_nothing_first)

    assert fetch(there.url, step_seconds=1)[1] == b"abc"


def test_a_name_that_nobody_knows_is_a_failure():
    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror("unknown")

    with pytest.raises(FetchFailed):
        fetch("http://nowhere.example/", resolve=unknown)


def test_a_resolver_that_never_answers_is_not_waited_for():
    never = threading.Event()

    with pytest.raises(FetchFailed):
        fetch(
            "http://slow.example/", total_seconds=0.1, resolve=lambda host, port: never.wait() or []
        )
    never.set()


def test_what_was_written_of_a_failed_try_is_gone(door, tmp_path):
    def cut_first(link: socket.socket, number: int) -> None:
        link.sendall(PICTURE.replace(b"Length: 3", b"Length: 9") if number == 1 else PICTURE)

    path = tmp_path / "cover"
    with path.open("w+b") as file:
        client().fetch_into(
            door(cut_first).url, file, max_bytes=MAX_BYTES, content_types={"image/png"}
        )

    assert path.read_bytes() == b"abc"


# --- The two clients of the house ---------------------------------------------------------------


def test_the_client_for_users_reaches_nothing_private_and_no_odd_port(door):
    there = door()

    for url in (there.url, "http://127.0.0.1/", "http://8.8.8.8:8080/"):
        with pytest.raises(AddressRefused):
            outbound_client().fetch(url, max_bytes=1, content_types={"image/png"})

    assert there.asked == []


def test_the_operators_own_address_may_be_private_and_is_told_once(door):
    there, failing = door(PICTURE), door(fail_first(1, "503 Oops"))

    operators_client().post_json(there.url, {"urls": ["ң"]})
    with pytest.raises(FetchFailed):
        operators_client().post_json(failing.url, {})

    assert there.asked[0].endswith('\r\n\r\n{"urls":["ң"]}'.encode())
    assert b"Content-Type: application/json" in there.asked[0]
    assert len(failing.asked) == 1


def test_tls_is_held_to_the_name_and_not_to_the_address(door):
    """The hello names the host; a server that has no certificate for it is not spoken to."""
    there = door(b"no TLS here")

    with pytest.raises(FetchFailed) as caught:
        fetch(
            f"https://cover.example:{there.port}/",
            attempts=1,
            resolve=lambda host, port: ["127.0.0.1"],
        )

    assert b"cover.example" in there.asked[0]
    assert isinstance(caught.value.__cause__, httpcore.ConnectError)
