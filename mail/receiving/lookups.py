"""TXT records by DNS, for the keys of signatures."""

from typing import Final

import dns.exception
import dns.resolver

from mail.receiving.signatures import LookupSlow

_SECONDS: Final = 5.0


class Dns:
    """Thread-safe. Answers are kept as long as they say."""

    def __init__(self, resolver: dns.resolver.Resolver | None = None, *, seconds: float = _SECONDS) -> None:
        self._given = resolver
        self._seconds = seconds

    def txt(self, name: str) -> bytes | None:
        """Of several records the first. Raises LookupSlow."""
        try:
            answer = self._resolver().resolve(name, "TXT", lifetime=self._seconds, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return None
        except dns.exception.DNSException as error:
            raise LookupSlow from error
        return next((b"".join(record.strings) for record in answer), None)

    def _resolver(self) -> dns.resolver.Resolver:
        """Made at the first question: a machine without DNS must still start."""
        if self._given is None:
            made = dns.resolver.Resolver()
            made.cache = dns.resolver.LRUCache(1000)
            self._given = made
        return self._given
