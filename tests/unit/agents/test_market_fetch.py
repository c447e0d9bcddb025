"""Fetching from strangers: what is too long, too slow, elsewhere or inside is refused."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from headwater_agents.market.fetch import Fetcher, FetchError, ForbiddenAddress

Reply = Callable[[socket.socket], None]


@pytest.fixture
def serve() -> Iterator[Callable[[Reply], str]]:
    """Answers every connection with a reply of one's own; its URL."""
    listeners: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def start(reply: Reply) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def run() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65_536)
                    try:
                        reply(connection)
                    except OSError:
                        continue

        threads.append(threading.Thread(target=run, daemon=True))
        threads[-1].start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
    for thread in threads:
        thread.join(10)


def says(text: bytes) -> Reply:
    return lambda connection: connection.sendall(text)


def test_what_is_there_is_fetched(serve: Callable[[Reply], str]) -> None:
    url = serve(says(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"))
    with Fetcher(private=True) as fetcher:
        answer = fetcher.get(url + "/file?x=1", limit=2)
    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, b"{}", "application/json")


def test_an_answer_longer_than_the_limit_is_not_read(serve: Callable[[Reply], str]) -> None:
    url = serve(says(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100_000))
    with Fetcher(private=True) as fetcher, pytest.raises(FetchError, match="too long"):
        fetcher.get(url, limit=99_999)


def test_a_redirect_is_an_answer_and_nobody_goes_there(serve: Callable[[Reply], str]) -> None:
    inside = threading.Event()
    secret = serve(lambda connection: inside.set())
    url = serve(says(f"HTTP/1.1 302 Found\r\nLocation: {secret}\r\nContent-Length: 0\r\n\r\n".encode()))
    with Fetcher(private=True) as fetcher:
        assert fetcher.get(url, limit=100).status == 302
    assert not inside.is_set()


@pytest.mark.parametrize("where", ["headers", "body"])
def test_whoever_drips_is_cut_off_at_the_deadline(serve: Callable[[Reply], str], where: str) -> None:
    stop = threading.Event()

    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + (b"" if where == "headers" else b"\r\n"))
        while not stop.wait(0.02):
            connection.sendall(b"x")

    url, start = serve(drip), time.monotonic()
    with Fetcher(private=True, seconds=0.3) as fetcher, pytest.raises(FetchError, match="longer than"):
        fetcher.get(url, limit=10**6)
    stop.set()
    assert time.monotonic() - start < 10


@pytest.mark.parametrize("reply", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"])
def test_what_is_no_answer_is_an_error(serve: Callable[[Reply], str], reply: bytes) -> None:
    with Fetcher(private=True) as fetcher, pytest.raises(FetchError, match="cannot be read"):
        fetcher.get(serve(says(reply)), limit=100)


def test_a_closed_port_is_an_error() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    with Fetcher(private=True) as fetcher, pytest.raises(FetchError, match="cannot be read"):
        fetcher.get(f"http://127.0.0.1:{port}/", limit=100)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0.0.0.0/",
        "http://localhost/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://[2002:7f00:1::]/",
        "http://[fe80::1]/",
        "http://[fc00::1]/",
        "http://10.0.0.1/",
        "http://172.16.0.1/",
        "http://192.168.1.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://100.64.0.1/",
        "http://224.0.0.1/",
        "http://255.255.255.255/",
    ],
)
def test_no_address_inside_is_fetched(url: str) -> None:
    with Fetcher() as fetcher, pytest.raises(ForbiddenAddress, match="not a public address"):
        fetcher.get(url, limit=100)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "gopher://127.0.0.1/",
        "http://",
        "http://user@127.0.0.1/",
        "http://user:word@127.0.0.1/",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1/\r\nHost: other",
        "http://127.0.0.1/ x",
        "http://[::1/",
        "http://127.0.0.1/" + "x" * 3_000,
        "http://exämple.com/",
    ],
)
def test_what_is_no_plain_web_address_is_not_fetched(url: str) -> None:
    with Fetcher(private=True) as fetcher, pytest.raises(ForbiddenAddress):
        fetcher.get(url, limit=100)


def test_a_name_that_leads_inside_is_not_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    """One address inside among several is enough: the connection could go to any."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 80)) for each in ("93.184.216.34", "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: found)
    with Fetcher() as fetcher, pytest.raises(ForbiddenAddress, match=r"rebinds\.example is not a public address"):
        fetcher.get("http://rebinds.example/", limit=100)


def test_the_connection_goes_to_the_address_that_was_checked(
    serve: Callable[[Reply], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that leads elsewhere when it is looked up again leads nowhere new."""
    port = int(serve(says(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")).rpartition(":")[2])
    looked_up: list[str] = []
    real = socket.getaddrinfo

    def once(host: str, *args: object, **options: object) -> object:
        looked_up.append(host)
        return real("127.0.0.1" if host == "seller.example" else host, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", once)
    with Fetcher(private=True) as fetcher:
        assert fetcher.get(f"http://seller.example:{port}/", limit=10).status == 200
    assert looked_up.count("seller.example") == 1
