"""Staff members who write e-mail to Usher, and the mailbox that they write to: a real Dovecot's."""

import smtplib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from msgspec import Struct

from bench.world import World, make_world
from core.context import LinkHolder, Operator
from core.usecases.mailbox.mailboxes import AddMailbox, ListMailboxes, MailboxSecret, add_mailbox, list_mailboxes
from core.usecases.staff.organisations import CreateOrganisation, create_organisation
from core.usecases.staff.staff import (
    AcceptStaffInvitation,
    InviteStaffMember,
    accept_staff_invitation,
    invite_staff_member,
)
from core.words import MailboxAuth, MailboxSecurity, Role
from tests.servers.dovecot import ACCOUNT, DOMAIN, PASSWORD, Dovecot
from tests.servers.processes import LOOPBACK

HOST_ID: Final = "mail.example.org"
NAME: Final = "bench"
"""Of the mailbox."""
_OPERATOR: Final = Operator()


@contextmanager
def writing_world(
    folder: Path, dovecot_port: int, *, smtp_port: int, database_url: str = "", **settings: str
) -> Iterator[World]:
    """A world that reads this mailbox."""
    with make_world(
        folder,
        smtp_port=smtp_port,
        recall_seconds=0,
        database_url=database_url,
        USHER_MAIL_INBOX=ACCOUNT,
        USHER_MAIL_AUTHSERV_IDS=HOST_ID,
        USHER_MAIL_FROM=ACCOUNT,
        **settings,
    ) as world:
        _add(world, dovecot_port)
        yield world


class Writer(Struct, frozen=True):
    address: str
    organisation: str

    @property
    def writes_to(self) -> str:
        return f"bot+{self.organisation}@{DOMAIN}"

    def letter(self, subject: str, ref: str, body: str = "Thank you!", more: Mapping[str, str] | None = None) -> bytes:
        """As the mail host hands it over, which says that the sender is who they say."""
        domain = self.address.rpartition("@")[2]
        headers = {
            "Authentication-Results": f"{HOST_ID}; dmarc=pass header.from={domain}",
            "From": f"<{self.address}>",
            "To": self.writes_to,
            "Subject": subject,
            "Message-ID": ref,
            "MIME-Version": "1.0",
            "Content-Type": "text/plain; charset=utf-8",
            **(more or {}),
        }
        return "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode() + f"\r\n{body}\r\n".encode()


def found_schools(world: World, count: int) -> list[str]:
    """Organisations whose owners have accepted; their slugs."""
    slugs = [f"school{number}" for number in range(count)]
    for slug in slugs:
        command = CreateOrganisation(slug, slug.title(), "Europe/London", "Sam", "Owner", f"owner@{slug}.example.org")
        _accept(world, world.app.run(create_organisation, command, _OPERATOR).owner.token)
    return slugs


def hire(world: World, count: int, slugs: Sequence[str], role: Role) -> list[Writer]:
    """They have accepted; the organisations have them in turn."""
    writers = [
        Writer(f"staff{number:03}@{slug}.example.org", slug)
        for number, slug in ((number, slugs[number % len(slugs)]) for number in range(count))
    ]
    for writer in writers:
        invite = InviteStaffMember(writer.organisation, "Sam", "Writer", writer.address, role)
        _accept(world, world.app.run(invite_staff_member, invite, _OPERATOR).token)
    return writers


def _accept(world: World, token: str) -> None:
    """At once, so that no invitation goes out."""
    world.app.run(accept_staff_invitation, AcceptStaffInvitation(token), LinkHolder())


def _add(world: World, imap_port: int) -> None:
    command = AddMailbox(
        NAME,
        ACCOUNT,
        LOOPBACK,
        imap_port,
        MailboxSecurity.NONE,
        MailboxAuth.PASSWORD,
        ACCOUNT,
        MailboxSecret(password=PASSWORD),
    )
    world.app.run(add_mailbox, command, _OPERATOR)


def seen_at(world: World) -> float:
    """When a watcher last had a working connection; 0: never."""
    (row,) = world.app.read(list_mailboxes, ListMailboxes(), _OPERATOR).rows
    return row.seen_at.timestamp() if row.seen_at is not None else 0.0


def deliver(dovecot: Dovecot, letters: Iterable[tuple[Writer, bytes]]) -> None:
    """Over one connection."""
    with smtplib.LMTP(LOOPBACK, dovecot.lmtp_port) as connection:
        for writer, letter in letters:
            connection.sendmail(writer.address, [writer.writes_to], letter)
