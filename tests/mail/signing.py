"""A domain with a key: it signs messages as its mail server would, and answers for its key as DNS would."""

import base64
from functools import cache
from typing import Any

import dkim  # type: ignore[import-untyped]  # It has no types.
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

SIGNED = (b"from", b"to", b"subject", b"date", b"message-id")


@cache
def _key(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


class Domain:
    def __init__(self, name: str = "north.example.org", *, bits: int = 1024) -> None:
        self.name = name
        self._bits = bits
        self.asked: list[str] = []

    def sign(self, raw: bytes, *, headers: tuple[bytes, ...] = SIGNED, **options: Any) -> bytes:
        private = _key(self._bits).private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        options = {"canonicalize": (b"relaxed", b"relaxed"), **options}
        signature: bytes = dkim.sign(
            raw, b"mail", self.name.encode(), private, include_headers=list(headers), **options
        )
        return signature + raw

    def lookup(self, name: str) -> bytes | None:
        self.asked.append(name)
        if name != f"mail._domainkey.{self.name}.":
            return None
        public = _key(self._bits).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)
