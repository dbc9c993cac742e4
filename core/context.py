"""What a use case is given: who asks, when, and the few things it may reach for."""

from __future__ import annotations

import random
import secrets
import struct
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

from msgspec import Struct

from core.crypto import Vault

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from core.jobs import Jobs
    from core.rules.links import LinkSigner
    from core.settings import Settings
    from core.words import Subject

Clock = Callable[[], datetime]
"""Gives the present moment, aware, in UTC."""


def system_clock() -> datetime:
    return datetime.now(UTC)


# Of two thousand ids of so many bits two are alike once in seventy million times; then a use case is run anew.
_NEAR_BITS: Final = 48


class Tokens(Protocol):
    """Randomness. The fixed sequence in tests/factories.py is the second implementation."""

    def new_id(self) -> int:
        """A positive 63-bit id: random, so that ids tell nobody how many there are."""

    def new_ids(self, count: int) -> Sequence[int]:
        """As many of these, ascending and near one another: rows that are written together lie together."""

    def nonce(self) -> bytes:
        """12 bytes that no encryption has had before."""

    def entropy(self, count: int) -> bytes:
        """So many bytes that nobody can guess."""

    def secret(self) -> str:
        """256 bits for a browser to keep, 43 characters; we keep the digest."""

    def jitter(self) -> float:
        """A factor from 0.5 to 1.5."""

    def reference(self) -> str:
        """A short number that a person can read out, for an unexpected error."""


class SystemTokens:
    def __init__(self) -> None:
        self._random = random.SystemRandom()

    def new_id(self) -> int:
        return secrets.randbits(63) | 1

    def new_ids(self, count: int) -> Sequence[int]:
        place = secrets.randbits(63 - _NEAR_BITS) << _NEAR_BITS
        numbers = struct.unpack(f"{count}Q", secrets.token_bytes(8 * count))
        return sorted(place | number >> (64 - _NEAR_BITS) | 1 for number in numbers)

    def nonce(self) -> bytes:
        return secrets.token_bytes(12)

    def entropy(self, count: int) -> bytes:
        return secrets.token_bytes(count)

    def secret(self) -> str:
        return secrets.token_urlsafe(32)

    def jitter(self) -> float:
        return self._random.uniform(0.5, 1.5)

    def reference(self) -> str:
        return f"E-{secrets.token_hex(4).upper()}"


class Door(StrEnum):
    SLACK = "slack"
    MAIL = "mail"
    WEB = "web"
    CLI = "cli"
    WORKER = "worker"


class Assurance(StrEnum):
    """How surely the sender is known (design decision 5)."""

    VERIFIED = "verified"
    UNVERIFIED = "unverified"


class StaffActor(Struct, frozen=True):
    """A staff member, as a door established them. Role and grants are read anew by ``access``."""

    organisation_id: int
    staff_id: int
    door: Door
    assurance: Assurance = Assurance.VERIFIED


class SlackVisitor(Struct, frozen=True):
    """A person in a Slack workspace who is not (yet) known as a staff member."""

    enterprise_id: str
    team_id: str
    user_id: str
    email: str
    """The address that the workspace asserts; it proves nothing until a code mailed there comes back."""
    door: Door = Door.SLACK


class LinkHolder(Struct, frozen=True):
    """Somebody who holds a link. The link itself is the proof; it is part of the command."""

    door: Door = Door.WEB


class Operator(Struct, frozen=True):
    door: Door = Door.CLI


class System(Struct, frozen=True):
    """The worker acting by itself, for every organisation."""

    door: Door = Door.WORKER


Actor = StaffActor | SlackVisitor | LinkHolder | Operator | System


class Concern(Struct, frozen=True):
    """What a deed is about. ``organisation_id`` empty: that of the transaction."""

    kind: Subject
    subject_id: int
    is_part: bool
    organisation_id: int | None


class Context(Struct):
    """Lives for one transaction. ``now`` is fixed when it begins."""

    session: Session
    actor: Actor
    now: datetime
    tokens: Tokens
    links: LinkSigner
    jobs: Jobs
    settings: Settings
    concerns: list[Concern] = []
    amount: int | None = None
    """How many a deed concerned; the audit keeps it."""

    @property
    def vault(self) -> Vault:
        """For columns that are stored encrypted."""
        return Vault(self.settings.data_key, self.tokens.nonce)

    def about(self, kind: Subject, *ids: int, organisation_id: int | None = None) -> None:
        """For the audit, and the histories made of it: the deed was done to the whole of these.

        ``organisation_id``: whose they are, where the actor is of no organisation.
        """
        self.concerns += [Concern(kind, each, is_part=False, organisation_id=organisation_id) for each in ids]

    def within(self, kind: Subject, *ids: int, organisation_id: int | None = None) -> None:
        """For the audit: the deed was done to something in these."""
        self.concerns += [Concern(kind, each, is_part=True, organisation_id=organisation_id) for each in ids]
