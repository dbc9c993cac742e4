"""Encrypted columns: the few secrets that must be readable again (tokens, passwords of mailboxes), and received mail.

Stored as mark of the key, nonce and AES-256-GCM ciphertext, bound to ``table.column`` so that a value cannot be moved.
A key is known by its own mark, not by its place in the list: an old one can be taken away when nothing needs it.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from core.errors import SettingInvalid

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12


class Vault:
    """``keys``: newest first. ``nonce`` gives 12 fresh bytes: one nonce never serves twice."""

    def __init__(self, keys: Sequence[bytes], nonce: Callable[[], bytes]) -> None:
        self._keys = tuple(hashlib.sha256(key).digest() for key in keys)
        self._marks = tuple(hashlib.sha256(b"mark" + key).digest()[0] for key in keys)
        self._nonce = nonce
        # Setting a key up costs as much as encrypting a row.
        self._ciphers: dict[bytes, AESGCM] = {}

    def encrypt(self, clear: str, place: str) -> str:
        """As ``encrypt_bytes``, in base64."""
        return base64.b64encode(self.encrypt_bytes(clear.encode(), place)).decode()

    def decrypt(self, stored: str, place: str) -> str:
        """As ``decrypt_bytes``."""
        return self.decrypt_bytes(base64.b64decode(stored), place).decode()

    def opens(self, stored: str, place: str) -> bool:
        """Whether ``decrypt`` would."""
        from cryptography.exceptions import InvalidTag

        try:
            self.decrypt(stored, place)
        except (SettingInvalid, InvalidTag):
            return False
        return True

    def encrypt_bytes(self, clear: bytes, place: str) -> bytes:
        """29 bytes longer than ``clear``. Raises SettingInvalid without a key."""
        if not self._keys:
            raise _key_missing()
        nonce = self._nonce()
        return bytes((self._marks[0],)) + nonce + self._cipher(self._keys[0]).encrypt(nonce, clear, place.encode())

    def encrypt_all(self, clears: Iterable[bytes], place: str, entropy: bytes) -> list[bytes]:
        """As ``encrypt_bytes``, of many at a third of the price. ``entropy``: 12 fresh bytes for each."""
        if not self._keys:
            raise _key_missing()
        encrypt, mark, bound = self._cipher(self._keys[0]).encrypt, bytes((self._marks[0],)), place.encode()
        nonces = (entropy[begin : begin + NONCE_BYTES] for begin in range(0, len(entropy), NONCE_BYTES))
        return [mark + nonce + encrypt(nonce, clear, bound) for clear, nonce in zip(clears, nonces, strict=True)]

    def decrypt_bytes(self, raw: bytes, place: str) -> bytes:
        """Raises SettingInvalid when the key is gone, InvalidTag when the value was tampered with."""
        from cryptography.exceptions import InvalidTag

        nonce, sealed = raw[1 : 1 + NONCE_BYTES], memoryview(raw)[1 + NONCE_BYTES :]
        # Two keys may have the same mark by chance: the last one has the last word.
        keys = [key for key, mark in zip(self._keys, self._marks, strict=True) if mark == raw[0]]
        for key in keys[:-1]:
            with contextlib.suppress(InvalidTag):
                return self._cipher(key).decrypt(nonce, sealed, place.encode())
        if not keys:
            raise _key_missing()
        return self._cipher(keys[-1]).decrypt(nonce, sealed, place.encode())

    def decrypt_all(self, stored: Iterable[bytes], place: str) -> list[bytes]:
        """As ``decrypt_bytes``, of many at a third of the price where the newest key has encrypted them."""
        if self._marks.count(self._marks[0] if self._marks else 0) != 1:
            return [self.decrypt_bytes(raw, place) for raw in stored]
        decrypt, mark, bound = self._cipher(self._keys[0]).decrypt, self._marks[0], place.encode()
        return [
            decrypt(raw[1 : 1 + NONCE_BYTES], raw[1 + NONCE_BYTES :], bound)
            if raw[0] == mark
            else self.decrypt_bytes(raw, place)
            for raw in stored
        ]

    def _cipher(self, key: bytes) -> AESGCM:
        if key not in self._ciphers:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # 60 ms that most commands need not pay.

            self._ciphers[key] = AESGCM(key)
        return self._ciphers[key]


def _key_missing() -> SettingInvalid:
    return SettingInvalid(name="USHER_DATA_KEY", reason="it is missing, or an old key was taken away")
