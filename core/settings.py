"""Every setting of Usher: name, default, meaning. The only reader of the environment.

A setting is read from ``USHER_<NAME>`` in the environment, else from the ``.env`` file in the working folder.
docs/settings.md lists them all; a test compares it with this module.
"""

import base64
import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any

from dotenv.parser import Binding, parse_stream

from core.errors import SettingInvalid
from core.rules import policy

# Whatever else there is, the database's library would complain of with the password in it.
_DATABASE_URL = re.compile(
    r"sqlite:///\S[^\n]*|"
    r"postgresql(\+psycopg)?://(?:[^:/@\s]*(?::[^@\s]*)?@)?(?:\[[^]/?\s]+\]|[^:/?@\s\[\]]*)(?::\d{1,5})?/[^?\s]+(?:\?\S*)?"
)


def _text(value: str) -> str:
    return value


def _whole(value: str) -> int:
    if not (value.isascii() and value.isdigit()):
        raise ValueError("write a whole number, 0 or more")
    return int(value)


def _seconds(value: str) -> timedelta:
    seconds = _whole(value)
    if seconds > 86_400:
        raise ValueError("write a number of seconds, at most a day's 86400")
    return timedelta(seconds=seconds)


def _keys(value: str) -> tuple[bytes, ...]:
    try:
        keys = tuple(base64.b64decode(part.strip(), validate=True) for part in value.split(",") if part.strip())
    except ValueError:
        keys = (b"",)
    if any(len(key) < 32 for key in keys):
        raise ValueError("each key must be at least 32 bytes in base64; make one with: usher keys new")
    return keys


def _base_url(value: str) -> str:
    # By hand: urlsplit's own complaints would repeat the value.
    if not re.fullmatch(r"https?://[^\s/?#@\\]+/?", value):
        raise ValueError("write an address like https://usher.example.org without a path")
    return value.rstrip("/")


def _web_address(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s<>\"@\\]{1,200}", value):
        raise ValueError("write an address that begins with https://")
    return value


def _address(value: str) -> str:
    local, at, domain = value.rpartition("@")
    if not (local and at and domain) or any(character.isspace() for character in value):
        raise ValueError("write an e-mail address like please.do.not.reply@example.org")
    return value


def _names(value: str) -> tuple[str, ...]:
    """Host names are the same in capitals."""
    names = tuple(name.strip().lower() for name in value.split(",") if name.strip())
    if any(not re.fullmatch(r"-|[a-z0-9_][a-z0-9_.-]*", name) for name in names):
        raise ValueError("write host names like mx.example.org, with commas between them")
    return names


def _networks(value: str) -> tuple[str, ...]:
    parts = [part.strip() for part in value.split(",") if part.strip()]
    try:
        return tuple(str(ipaddress.ip_network(part)) for part in parts)
    except ValueError:
        raise ValueError("write addresses or networks like 192.0.2.10 or 10.0.0.0/8, with commas") from None


def _one_of(*allowed: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value not in allowed:
            raise ValueError(f"write one of: {', '.join(allowed)}")
        return value

    return read


def _database_url(value: str) -> str:
    if not _DATABASE_URL.fullmatch(value):
        raise ValueError(
            "write sqlite:///usher.db or postgresql+psycopg://user:password@host:5432/name, with %40 for an @ in "
            "the password"
        )
    return value.replace("postgresql://", "postgresql+psycopg://", 1)


def _failpoints(value: str) -> str:
    if any(not re.fullmatch(r"\w+:[1-9]\d*", part.strip()) for part in value.split(",") if part.strip()):
        raise ValueError("write name:n, and several with commas")
    return value


def _host_and_port(value: str) -> str:
    host, colon, port = value.rpartition(":")
    if not (colon and host and port.isascii() and port.isdigit() and int(port) < 65536):
        raise ValueError("write a host and a port like 127.0.0.1:8000")
    return value


def _setting(default: object, read: Callable[[str], object], about: str, *, secret: bool = False) -> Any:
    return field(default=default, repr=not secret, metadata={"read": read, "about": about, "secret": secret})


@dataclass(frozen=True)
class Settings:
    """Immutable. ``Settings()`` holds the defaults, with which nothing is sent anywhere."""

    database_url: str = _setting(
        "sqlite:///usher.db", _database_url, "Where the data lives: one SQLite file, or PostgreSQL.", secret=True
    )
    base_url: str = _setting("http://127.0.0.1:8000", _base_url, "The address that learners' links begin with.")
    bind: str = _setting("127.0.0.1:8000", _host_and_port, "Host and port that the web process listens on.")
    link_keys: tuple[bytes, ...] = _setting(
        (), _keys, "Keys that sign links, base64, newest first, with commas. Keep old ones: links live for six months.",
        secret=True,
    )  # fmt: skip
    data_key: tuple[bytes, ...] = _setting(
        (), _keys, "Keys that encrypt what is stored, base64, newest first. Keep all old ones.", secret=True
    )
    forwarded_allow_ips: str = _setting("127.0.0.1", _text, "Proxies whose X-Forwarded-For is believed.")

    learner_sign_in_url: str = _setting(
        "", _web_address, "Where learners sign in with username and access code: printed on their access slips."
    )

    mail_from: str = _setting("please.do.not.reply@example.org", _address, "The sender of every e-mail.")
    mail_from_name: str = _setting("Usher", _text, "The sender's name; the organisation's name stands before it.")
    mail_reply_to: str = _setting(
        "",
        _address,
        "Where replies go; empty: the staff member who invited. Replies to a nudge always go to its author.",
    )
    mail_domain: str = _setting("", _text, "Domain of Message-IDs and bounces; empty: the one of MAIL_FROM.")
    mail_inbox: str = _setting("", _address, "What people write to, as usher@example.org; empty: no mail comes in.")
    mail_authserv_ids: tuple[str, ...] = _setting(
        (), _names, "What our mail hosts call themselves in Authentication-Results, with commas; - for one that writes "
        "no name. Empty: nobody is believed.",
    )  # fmt: skip
    mail_listen: str = _setting(
        "", _host_and_port, "Host and port on which mail is taken from the own mail host; empty: mailboxes are read."
    )
    mail_listen_kind: str = _setting("smtp", _one_of("smtp", "lmtp"), "What is spoken there: smtp or lmtp.")
    mail_listen_trusted: tuple[str, ...] = _setting(
        ("127.0.0.0/8", "::1/128"), _networks,
        "From where the own mail host connects, with commas; of anybody else no Authentication-Results are believed.",
    )  # fmt: skip
    mail_listen_certificate: str = _setting(
        "", _text, "PEM file with key and certificate; with it STARTTLS is required there."
    )
    smtp_host: str = _setting("", _text, "The mail server that takes our mail; empty: mail waits and doctor says so.")
    smtp_port: int = _setting(25, _whole, "25, 465 with SMTP_SECURITY=tls, 587 with SMTP_SECURITY=starttls.")
    smtp_security: str = _setting(
        "none", _one_of("none", "starttls", "tls"), "none, starttls or tls. Certificates are checked."
    )
    smtp_user: str = _setting("", _text, "User name at the mail server; empty: no login.")
    smtp_password: str = _setting("", _text, "Its password.", secret=True)
    smtp_connections: int = _setting(8, _whole, "Connections kept open to the mail server, 1 to 8.")
    smtp_timeout: timedelta = _setting(timedelta(seconds=30), _seconds, "Seconds to wait for the mail server.")

    slack_signing_secret: str = _setting("", _text, "Signing secret of the Slack app.", secret=True)
    slack_app_token: str = _setting("", _text, "App-level token (xapp-...) for Socket Mode.", secret=True)
    slack_bot_token: str = _setting("", _text, "Bot token (xoxb-...) of a single workspace.", secret=True)
    slack_client_id: str = _setting("", _text, "Client id of the Slack app, to install it in several workspaces.")
    slack_client_secret: str = _setting("", _text, "Its client secret.", secret=True)
    slack_api_url: str = _setting("https://slack.com/api/", _web_address, "Slack's Web API.")
    slack_command_prefix: str = _setting("usher-", _text, "Put before the short command names in Slack.")

    recall_window: timedelta = _setting(policy.RECALL_WINDOW, _seconds, "Seconds between confirming and sending.")
    worker_slots: int = _setting(2, _whole, "Chunks of messages that one worker sends at a time, 1 to 8.")
    executor: str = _setting("", _text, "Name of this worker's host; empty: the machine's name.")
    threads: int = _setting(8, _whole, "Threads for use cases, and connections to the database.")
    log_level: str = _setting("INFO", _one_of("DEBUG", "INFO", "WARNING", "ERROR"), "How much is logged.")
    failpoints: str = _setting("", _failpoints, "For fault experiments: name:n kills the process at the n-th passage.")

    @property
    def message_domain(self) -> str:
        return self.mail_domain or self.mail_from.rpartition("@")[2]

    @property
    def can_install_slack(self) -> bool:
        return bool(self.slack_client_id and self.slack_client_secret)

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")


def load_settings(environment: Mapping[str, str] | None = None, env_file: Path | None = Path(".env")) -> Settings:
    """Raises SettingInvalid, in one sentence, for the first setting that cannot be understood."""
    given = {**_read_env_file(env_file), **(os.environ if environment is None else environment)}
    known = {f"USHER_{entry.name.upper()}": entry for entry in fields(Settings)}
    values: dict[str, Any] = {}
    for name, entry in known.items():
        if given.get(name, "") != "":
            values[entry.name] = _read(name, given[name], entry.metadata["read"])
    for name in given:
        if name.startswith("USHER_") and name not in known:
            raise SettingInvalid(name=name, reason=f"there is no such setting{_nearest(name, known)}")
    return _checked(Settings(**values))


def _read(name: str, value: str, read: Callable[[str], object]) -> object:
    try:
        return read(value.strip())
    except ValueError as problem:
        # The value may be a secret, so it is not repeated.
        raise SettingInvalid(name=name, reason=str(problem) or "it cannot be read") from None


def _read_env_file(path: Path | None) -> dict[str, str]:
    if path is None or not path.is_file():
        return {}
    try:
        # Some editors put a byte order mark in front.
        with path.open(encoding="utf-8-sig") as file:
            bindings = list(parse_stream(file))
    except UnicodeDecodeError:
        raise SettingInvalid(name="file .env", reason="it is not written in UTF-8") from None
    return dict(_binding(each) for each in bindings if each.key or each.error)


def _binding(binding: Binding) -> tuple[str, str]:
    """As it stands, for a password may contain "${"."""
    if binding.error or binding.key is None:
        read = binding.original.string
        # The library counts from the end of the binding before.
        number = binding.original.line + read[: len(read) - len(read.lstrip())].count("\n")
        reason = "write NAME=value, or NAME='value' where the value begins with a quote or has “ #” in it"
        raise SettingInvalid(name=f"on line {number} of .env", reason=reason)
    return binding.key, binding.value or ""


def _nearest(name: str, known: Mapping[str, object]) -> str:
    import difflib  # Only a mistake needs it.

    short = [each.removeprefix("USHER_") for each in known]
    nearest = difflib.get_close_matches(name.removeprefix("USHER_"), short, n=1)
    return f"; perhaps USHER_{nearest[0]} is meant" if nearest else ""


def _checked(settings: Settings) -> Settings:
    for name, value, low, high in (
        ("USHER_SMTP_CONNECTIONS", settings.smtp_connections, 1, 8),
        ("USHER_WORKER_SLOTS", settings.worker_slots, 1, 8),
        ("USHER_THREADS", settings.threads, 2, 64),
        ("USHER_SMTP_PORT", settings.smtp_port, 1, 65535),
    ):
        if not low <= value <= high:
            raise SettingInvalid(name=name, reason=f"it must be from {low} to {high}")
    return settings
