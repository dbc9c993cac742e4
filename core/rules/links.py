"""Signed links and codes: nothing secret is stored (design decision 7).

1. A token is base64url(mark of the key, id, generation, HMAC-SHA-256 cut to 16 bytes): 36 characters.
2. Each kind has its own derived key, so a token of one kind is no token of another.
3. Only the canonical spelling is accepted: base64 has several spellings of the same bytes.
4. Old keys keep verifying; the first key signs. A key is known by its own mark, not by its place in the list, so that
   adding a new one and taking an old one away harm no link of the others.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct

_MAC_BYTES = 16
_TOKEN_BYTES = 1 + 8 + 2 + _MAC_BYTES
_MAIL_MAC_BYTES = 8
_SEAL_MAC_BYTES = 9
_SETUP_BYTES = 10


class LinkKind(StrEnum):
    INVITATION = "invitation"
    SHARED = "shared"
    JOIN_CONFIRMATION = "join_confirmation"
    PLACE = "place"
    STAFF_INVITATION = "staff_invitation"
    SIGN_IN = "sign_in"
    SLACK_INSTALL = "slack_install"
    HELD_MAIL = "held_mail"
    DIGEST = "digest"


class CodeKind(StrEnum):
    SLACK_LINK = "slack_link"
    SIGN_IN = "sign_in_code"


class LinkTarget(Struct, frozen=True):
    id: int
    generation: int


class LinkSigner:
    """``keys``: the secrets, the signing one first; each at least 32 bytes."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = tuple(keys)
        self._marks = tuple(_derive(key, "mark")[0] for key in self._keys)
        # HMAC contexts are prepared once and copied: a thousand links cost a thousand finals, not key set-ups.
        self._macs = {
            (number, purpose): hmac.new(_derive(key, purpose), digestmod=hashlib.sha256)
            for number, key in enumerate(self._keys)
            for purpose in (*LinkKind, *CodeKind, "setup", "bounce", "stop", "seal")
        }

    def token(self, kind: LinkKind, target_id: int, generation: int = 0) -> str:
        head = bytes((self._marks[0],)) + target_id.to_bytes(8, "big") + generation.to_bytes(2, "big")
        return base64.urlsafe_b64encode(head + self._mac(0, kind, head)).decode().rstrip("=")

    def read(self, kind: LinkKind, token: str) -> LinkTarget | None:
        """None for anything that this house did not sign in exactly this spelling for this kind."""
        raw = _canonical(token)
        if raw is None:
            return None
        head, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
        # Two keys may have the same mark by chance.
        numbers = [number for number, mark in enumerate(self._marks) if mark == raw[0]]
        if not any(hmac.compare_digest(mac, self._mac(number, kind, head)) for number in numbers):
            return None
        return LinkTarget(id=int.from_bytes(head[1:9], "big"), generation=int.from_bytes(head[9:11], "big"))

    def code(self, kind: CodeKind, target_id: int, generation: int) -> str:
        """Eight digits to type or read out. Guessing is stopped by counting tries, not by length."""
        head = target_id.to_bytes(8, "big") + generation.to_bytes(4, "big")
        return f"{int.from_bytes(self._mac(0, kind, head)[:8], 'big') % 10**8:08d}"

    def code_fits(self, kind: CodeKind, target_id: int, generation: int, typed: str) -> bool:
        digits = "".join(character for character in typed if character.isdigit())
        return hmac.compare_digest(digits.encode(), self.code(kind, target_id, generation).encode())

    def setup_code(self, organisation_id: int, generation: int) -> str:
        """80 bits, which nobody guesses: counted tries would let anybody use up a code that they do not have."""
        head = organisation_id.to_bytes(8, "big") + generation.to_bytes(4, "big")
        return base64.b32encode(self._mac(0, "setup", head)[:_SETUP_BYTES]).decode().lower()

    def setup_code_fits(self, organisation_id: int, generation: int, typed: str) -> bool:
        return hmac.compare_digest(_bytes_of(typed), self.setup_code(organisation_id, generation).encode())

    def bounce_token(self, message_id: int) -> str:
        """26 lower-case characters for the envelope sender; mail hosts may change the case."""
        return self._mail_token("bounce", message_id)

    def read_bounce_token(self, token: str) -> int | None:
        return self._read_mail_token("bounce", token)

    def stop_token(self, message_id: int) -> str:
        """As ``bounce_token``: for the subject of an e-mail that asks for no more."""
        return self._mail_token("stop", message_id)

    def read_stop_token(self, token: str) -> int | None:
        return self._read_mail_token("stop", token)

    def _mail_token(self, purpose: str, message_id: int) -> str:
        head = message_id.to_bytes(8, "big")
        return base64.b32encode(head + self._mac(0, purpose, head)[:_MAIL_MAC_BYTES]).decode().rstrip("=").lower()

    def _read_mail_token(self, purpose: str, token: str) -> int | None:
        try:
            raw = base64.b32decode(token.upper() + "=" * (-len(token) % 8))
        except (binascii.Error, ValueError):
            return None
        if len(raw) != 8 + _MAIL_MAC_BYTES:
            return None
        head, mac = raw[:8], raw[8:]
        good = any(
            hmac.compare_digest(mac, self._mac(number, purpose, head)[:_MAIL_MAC_BYTES])
            for number in range(len(self._keys))
        )
        return int.from_bytes(head, "big") if good else None

    def seal(self, text: str) -> str:
        """12 characters for text that passes through other hands and comes back."""
        return _spelt(self._mac(0, "seal", _bytes_of(text)))

    def seal_fits(self, text: str, seal: str) -> bool:
        macs = (self._mac(number, "seal", _bytes_of(text)) for number in range(len(self._keys)))
        return any(hmac.compare_digest(_spelt(mac).encode(), _bytes_of(seal)) for mac in macs)

    def _mac(self, number: int, purpose: str, head: bytes) -> bytes:
        mac = self._macs[(number, purpose)].copy()
        mac.update(head)
        return mac.digest()[:_MAC_BYTES]


def _derive(key: bytes, purpose: str) -> bytes:
    return hmac.new(key, f"usher:{purpose}".encode(), hashlib.sha256).digest()


def _spelt(mac: bytes) -> str:
    return base64.urlsafe_b64encode(mac[:_SEAL_MAC_BYTES]).decode()


def _bytes_of(text: str) -> bytes:
    """Of any text that JSON can bring, half of a surrogate pair too."""
    return text.encode(errors="surrogatepass")


def _canonical(token: str) -> bytes | None:
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(raw) != _TOKEN_BYTES or base64.urlsafe_b64encode(raw).decode().rstrip("=") != token:
        return None
    return raw
