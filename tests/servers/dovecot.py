"""A Dovecot for tests: takes mail by LMTP and shows it by IMAP, with one account (`ACCOUNT`, `PASSWORD`).

What is written to `BOUNCES` comes into the same mailbox, as docs/operating.md asks of a mail host.
"""

import imaplib
import shutil
import smtplib
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.servers.processes import (
    LOOPBACK,
    Daemon,
    answers,
    free_port,
    is_root,
    make_folder,
    remove_folder,
    run,
)

DOMAIN = "usher.test"
ACCOUNT = f"bot@{DOMAIN}"
BOUNCES = f"bounces@{DOMAIN}"
PASSWORD = "secret"
_PROGRAM = "/usr/sbin/dovecot"
_OWNER = "nobody"
_OWNER_GROUP = "nogroup"

# Without auth_failure_delay and the anvil listener a wrong password takes 1.5 s and the next right one 4 s.
_SETTINGS = """\
protocols = imap lmtp
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/server.log
instance_name = usher-test-{imap_port}
ssl = no
disable_plaintext_auth = no
auth_failure_delay = 0
mail_location = maildir:~/Maildir
first_valid_uid = 1
postmaster_address = postmaster@{domain}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = uid={owner} gid={owner_group} home={folder}/home/bot
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    address = 127.0.0.1
    port = {imap_port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp_port}
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
"""


def missing() -> str | None:
    if not all(Path("/usr/lib/dovecot", program).exists() for program in ("imap", "lmtp")):
        return "Dovecot (tools/provision installs it)"
    return None if is_root() else "Dovecot (only root can start it)"


class Dovecot:
    def __init__(self) -> None:
        self.imap_port = free_port()
        self.lmtp_port = free_port()
        self._folder = make_folder("dovecot")
        self._settings = self._folder / "dovecot.conf"
        self._daemon = Daemon([_PROGRAM, "-F", "-c", str(self._settings)], log=self._folder / "server.log")

    def __enter__(self) -> Self:
        try:
            self._configure()
            self.start()
        except BaseException:
            remove_folder(self._folder)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A polite end can take six seconds, and nothing is kept.
        self._daemon.kill()
        remove_folder(self._folder)

    def start(self) -> None:
        self._daemon.start(lambda: answers(self.imap_port) and answers(self.lmtp_port))

    def restart(self) -> None:
        """Cuts every connection; the mail stays."""
        self._daemon.stop()
        self.start()

    def deliver(self, mail: bytes, *, sender: str, recipient: str = ACCOUNT) -> None:
        """Puts a mail into the account's INBOX; plus addresses (bot+x@usher.test) reach it too."""
        with smtplib.LMTP(LOOPBACK, self.lmtp_port) as connection:
            connection.sendmail(sender, [recipient], mail)

    @property
    def maildir(self) -> Path:
        """The account's."""
        return self._folder / "home" / ACCOUNT.partition("@")[0] / "Maildir"

    def drop_in(self, mails: Iterable[bytes]) -> None:
        """Many mails at once, as a program that writes into the folder itself does it."""
        place = self.maildir / "new"
        for number, mail in enumerate(mails):
            file = place / f"{1_600_000_000 + number}.M{number}P1.usher"
            file.write_bytes(mail)
            shutil.chown(file, _OWNER, _OWNER_GROUP)

    def forget_uids(self) -> None:
        """What it had numbered gets new numbers, and another UIDVALIDITY. Cuts every connection."""
        self._daemon.stop()
        for file in self.maildir.rglob("dovecot*"):
            file.unlink()
        self.start()

    def login(self, *, password: str = PASSWORD, seconds: float = 10) -> imaplib.IMAP4:
        connection = imaplib.IMAP4(LOOPBACK, self.imap_port, timeout=seconds)
        try:
            connection.login(ACCOUNT, password)
        except imaplib.IMAP4.error:
            connection.shutdown()
            raise
        return connection

    def wipe(self) -> None:
        """Removes every mail of the account; its folders stay."""
        run(["doveadm", "-c", str(self._settings), "expunge", "-u", ACCOUNT, "mailbox", "*", "all"])

    def _configure(self) -> None:
        home = self._folder / "home"
        home.mkdir()
        shutil.chown(home, _OWNER, _OWNER_GROUP)
        accounts = [f"{name}:{{PLAIN}}{PASSWORD}\n" for name in (ACCOUNT, BOUNCES)]
        (self._folder / "users").write_text("".join(accounts))
        self._settings.write_text(
            _SETTINGS.format(
                folder=self._folder,
                domain=DOMAIN,
                owner=_OWNER,
                owner_group=_OWNER_GROUP,
                imap_port=self.imap_port,
                lmtp_port=self.lmtp_port,
            )
        )
