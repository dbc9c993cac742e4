"""TXT records, asked of a name server on this machine."""

import socket
import threading
from collections.abc import Iterator

import dns.message
import dns.resolver
import dns.rrset
import pytest

from mail.receiving.lookups import Dns
from mail.receiving.signatures import LookupSlow


class NameServer:
    """Answers over UDP; for one name with a key in two strings, for another with nothing at all."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.asked = 0
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            wire, sender = self._socket.recvfrom(4096)
            if not wire:
                return
            self.asked += 1
            query = dns.message.from_wire(wire)
            name = query.question[0].name.to_text()
            if name.startswith("silent."):
                continue
            answer = dns.message.make_response(query)
            if name.startswith("mail._domainkey."):
                answer.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", '"v=DKIM1; " "p=abc"'))
            self._socket.sendto(answer.to_wire(), sender)

    def close(self) -> None:
        self._socket.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join()
        self._socket.close()


@pytest.fixture
def server() -> Iterator[NameServer]:
    running = NameServer()
    yield running
    running.close()


def lookups(server: NameServer) -> Dns:
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = ["127.0.0.1"]
    resolver.port = server.port
    resolver.cache = dns.resolver.LRUCache(10)
    return Dns(resolver, seconds=0.2)


def test_a_record_s_strings_are_joined_and_kept(server: NameServer) -> None:
    asked = lookups(server)

    assert asked.txt("mail._domainkey.north.example.org.") == b"v=DKIM1; p=abc"
    assert asked.txt("mail._domainkey.north.example.org.") == b"v=DKIM1; p=abc"
    assert server.asked == 1


def test_no_record_is_none_and_silence_is_said(server: NameServer) -> None:
    assert lookups(server).txt("other.example.org.") is None
    with pytest.raises(LookupSlow):
        lookups(server).txt("silent.example.org.")
    with pytest.raises(LookupSlow):
        lookups(server).txt("a..b" + "x" * 300)
