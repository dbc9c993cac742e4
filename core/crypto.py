"""Encrypted columns: the few secrets that must be readable again (Slack tokens; later, first access codes).

Stored as key number, nonce and AES-256-GCM ciphertext, bound to ``table.column`` so that a value cannot be moved.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from core.errors import SettingInvalid

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12


class Vault:
    """``keys``: newest first. ``nonce`` gives 12 fresh bytes: one nonce never serves twice."""

    def __init__(self, keys: Sequence[bytes], nonce: Callable[[], bytes]) -> None:
        self._keys = tuple(hashlib.sha256(key).digest() for key in keys)
        self._nonce = nonce

    def encrypt(self, clear: str, place: str) -> str:
        nonce = self._nonce()
        sealed = self._cipher(0).encrypt(nonce, clear.encode(), place.encode())
        return base64.b64encode(bytes((len(self._keys) - 1,)) + nonce + sealed).decode()

    def decrypt(self, stored: str, place: str) -> str:
        """Raises SettingInvalid when the key is gone, InvalidTag when the value was tampered with."""
        raw = base64.b64decode(stored)
        number = len(self._keys) - 1 - raw[0]
        nonce, sealed = raw[1 : 1 + _NONCE_BYTES], raw[1 + _NONCE_BYTES :]
        return self._cipher(number).decrypt(nonce, sealed, place.encode()).decode()

    def _cipher(self, number: int) -> AESGCM:
        from cryptography.hazmat.primitives.ciphers.aead import (
            AESGCM,
        )  # 60 ms that most commands need not pay.

        if not 0 <= number < len(self._keys):
            raise SettingInvalid(name="USHER_DATA_KEY", reason="it is missing, or an old key was taken away")
        return AESGCM(self._keys[number])
