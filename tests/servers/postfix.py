"""A Postfix for tests that cannot send anything anywhere: every mail ends in one local folder.

Mail for `dovecot.DOMAIN` goes to the LMTP port it was given, if it was given one; mail for `HOUSE_DOMAIN` by LMTP to
`house_port`, where a house may listen. Nobody has an address at `GONE_DOMAIN`: such mail is sent back.
"""

import os
import pwd
import shutil
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.servers.dovecot import DOMAIN
from tests.servers.processes import (
    LOOPBACK,
    Daemon,
    answers,
    free_port,
    is_root,
    make_folder,
    remove_folder,
    wait_until,
)

HOUSE_DOMAIN = "house.test"
GONE_DOMAIN = "gone.example.org"
_MASTER = "/usr/lib/postfix/sbin/master"
_OWNER = "postfix"
_READER = "nobody"

# `postfix check` would make these too, in one to three seconds.
_PRIVATE_QUEUES = ["active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming"]
_PRIVATE_QUEUES += ["private", "saved", "trace"]

_SETTINGS = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
myhostname = mx.usher.test
mydestination =
inet_interfaces = loopback-only
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
message_size_limit = 41943040
virtual_mailbox_limit = 0
maillog_file = {folder}/server.log
maillog_file_prefixes = {folder}
virtual_mailbox_domains = regexp:{folder}/conf/domains
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = static:sink/
virtual_uid_maps = static:{reader}
virtual_gid_maps = static:{reader}
transport_maps = {transport}
default_transport = retry:held for test
# What a process had in hand when it was killed is looked for again within seconds, not minutes.
queue_run_delay = 3s
minimal_backoff_time = 3s
maximal_backoff_time = 3s
"""

# Columns: service, type, private, unprivileged, chroot, wakeup, most processes, program.
_SERVICES = """\
{address} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def missing() -> str | None:
    if not Path(_MASTER).exists():
        return "Postfix (tools/provision installs it)"
    return None if is_root() else "Postfix (only root can start it)"


class Postfix:
    def __init__(self, *, lmtp_port: int | None = None) -> None:
        self.port = free_port()
        self.house_port = free_port()
        self._lmtp_port = lmtp_port
        self._folder = make_folder("postfix")
        self._daemon = Daemon([_MASTER, "-c", str(self._folder / "conf"), "-s"], log=self._folder / "server.log")

    def __enter__(self) -> Self:
        try:
            self._make_folders()
            self._configure()
            self.start()
        except BaseException:
            remove_folder(self._folder)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._daemon.kill()
        remove_folder(self._folder)

    def start(self) -> None:
        self._daemon.start(lambda: answers(self.port))

    def kill(self) -> None:
        """Ends all of it as a power cut would; what it had accepted waits in its queue for the next start."""
        self._daemon.kill()

    def delivered(self) -> list[bytes]:
        """Every mail that arrived in the sink, in order of arrival."""
        arrivals = sorted(self._sink.glob("*"), key=lambda path: (path.stat().st_mtime_ns, path.name))
        return [path.read_bytes() for path in arrivals]

    def wait_for_mail(self, count: int, *, seconds: float = 10) -> list[bytes]:
        what = f"{count} mails in the sink of Postfix"
        wait_until(lambda: len(list(self._sink.glob("*"))) >= count, seconds=seconds, what=what)
        return self.delivered()

    def wipe(self) -> None:
        for path in self._sink.glob("*"):
            path.unlink()

    @property
    def _sink(self) -> Path:
        return self._folder / "mail" / "sink" / "new"

    def _make_folders(self) -> None:
        for name in ("conf", "data", "mail", "queue", "queue/pid"):
            (self._folder / name).mkdir()
        shutil.chown(self._folder / "data", _OWNER)
        shutil.chown(self._folder / "mail", _READER)
        for name in _PRIVATE_QUEUES:
            self._make_queue(name, mode=0o700)
        for name, mode in (("maildrop", 0o730), ("public", 0o710)):
            shutil.chown(self._make_queue(name, mode=mode), group="postdrop")

    def _make_queue(self, name: str, *, mode: int) -> Path:
        queue = self._folder / "queue" / name
        queue.mkdir()
        queue.chmod(mode)
        shutil.chown(queue, _OWNER)
        return queue

    def _configure(self) -> None:
        conf = self._folder / "conf"
        reader = pwd.getpwnam(_READER).pw_uid
        settings = _SETTINGS.format(folder=self._folder, reader=reader, transport=self._transport())
        (conf / "main.cf").write_text(settings)
        (conf / "master.cf").write_text(_SERVICES.format(address=f"{LOOPBACK}:{self.port}"))
        (conf / "domains").write_text("/./ OK\n")
        # Postfix reads a file again and again while it is younger than two seconds, lest someone is writing it.
        for path in conf.iterdir():
            os.utime(path, (0, 0))

    def _transport(self) -> str:
        routes = {HOUSE_DOMAIN: f"lmtp:inet:{LOOPBACK}:{self.house_port}", GONE_DOMAIN: "error:5.1.1 Nobody is there"}
        if self._lmtp_port is not None:
            routes[DOMAIN] = f"lmtp:inet:{LOOPBACK}:{self._lmtp_port}"
        entries = ", ".join(f"{{ {domain} = {route} }}" for domain, route in routes.items())
        return f"inline:{{ {entries} }}"
