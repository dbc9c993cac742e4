"""Every setting: how it is read, how a wrong one is refused, and where it is told."""

import base64
import re
from dataclasses import FrozenInstanceError, fields
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.errors import SettingInvalid
from core.settings import Settings, load_settings

DOCS = Path(__file__).parents[2] / "docs/settings.md"
KEY = base64.b64encode(b"k" * 32).decode()
OLD_KEY = base64.b64encode(b"o" * 48).decode()
GIVEN: dict[str, tuple[str, object]] = {
    "database_url": ("postgresql+psycopg://usher@db/usher", "postgresql+psycopg://usher@db/usher"),
    "base_url": ("https://usher.example.org/", "https://usher.example.org"),
    "bind": ("0.0.0.0:80", "0.0.0.0:80"),
    "link_keys": (f"{KEY}, {OLD_KEY}", (b"k" * 32, b"o" * 48)),
    "data_key": (KEY, (b"k" * 32,)),
    "forwarded_allow_ips": ("10.0.0.1", "10.0.0.1"),
    "mail_from": ("no@example.org", "no@example.org"),
    "mail_from_name": (" Usher ", "Usher"),
    "mail_reply_to": ("help@example.org", "help@example.org"),
    "mail_domain": ("mail.example.org", "mail.example.org"),
    "mail_inbox": ("usher@example.org", "usher@example.org"),
    "mail_listen": ("127.0.0.1:2525", "127.0.0.1:2525"),
    "mail_listen_kind": ("lmtp", "lmtp"),
    "mail_listen_trusted": ("192.0.2.10, 10.0.0.0/8,::1", ("192.0.2.10/32", "10.0.0.0/8", "::1/128")),
    "mail_listen_certificate": ("/etc/usher.pem", "/etc/usher.pem"),
    "mail_authserv_ids": (" MX.example.org, -", ("mx.example.org", "-")),
    "smtp_host": ("mail.example.org", "mail.example.org"),
    "smtp_port": ("587", 587),
    "smtp_security": ("starttls", "starttls"),
    "smtp_user": ("usher", "usher"),
    "smtp_password": ("pa${HOME}ss", "pa${HOME}ss"),
    "smtp_connections": ("6", 6),
    "learner_sign_in_url": ("https://learners.example.org/sign-in", "https://learners.example.org/sign-in"),
    "smtp_timeout": ("10", timedelta(seconds=10)),
    "slack_signing_secret": ("abc", "abc"),
    "slack_app_token": ("xapp-1", "xapp-1"),
    "slack_bot_token": ("xoxb-1", "xoxb-1"),
    "slack_client_id": ("1000.1001", "1000.1001"),
    "slack_client_secret": ("client secret", "client secret"),
    "slack_api_url": ("http://127.0.0.1:9000/api/", "http://127.0.0.1:9000/api/"),
    "slack_command_prefix": ("ush-", "ush-"),
    "recall_window": ("0", timedelta(0)),
    "worker_slots": ("3", 3),
    "executor": ("worker-1", "worker-1"),
    "threads": ("64", 64),
    "log_level": ("DEBUG", "DEBUG"),
    "failpoints": ("after_dot:3", "after_dot:3"),
}
ENVIRONMENT = {f"USHER_{name.upper()}": value for name, (value, _) in GIVEN.items()}


def refused(name: str, value: str) -> SettingInvalid:
    with pytest.raises(SettingInvalid) as problem:
        load_settings({name: value}, None)
    return problem.value


def test_every_setting_is_read() -> None:
    found = load_settings(ENVIRONMENT, None)

    assert {entry.name for entry in fields(Settings)} == set(GIVEN)
    assert {name: getattr(found, name) for name in GIVEN} == {name: read for name, (_, read) in GIVEN.items()}


def test_nothing_given_means_the_defaults() -> None:
    assert load_settings({}, None) == Settings()
    assert load_settings(dict.fromkeys(ENVIRONMENT, ""), None) == Settings()
    assert load_settings({"HOME": "/", "USHERS": "x", "usher_threads": "x"}, None) == Settings()


def test_the_settings_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        Settings().threads = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("postgresql://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("sqlite:////var/usher.db", "sqlite:////var/usher.db"),
    ],
)
def test_a_database_is_named_as_its_driver_wants_it(given: str, read: str) -> None:
    found = load_settings({"USHER_DATABASE_URL": given}, None)

    assert found.database_url == read
    assert found.is_sqlite == given.startswith("sqlite")


def test_message_ids_belong_to_the_senders_domain_unless_another_is_set() -> None:
    assert load_settings({"USHER_MAIL_FROM": "no@mail.example.org"}, None).message_domain == "mail.example.org"
    assert load_settings({"USHER_MAIL_DOMAIN": "b.example.org"}, None).message_domain == "b.example.org"


# --- Wrong ones -------------------------------------------------------------------------------------------

SHORT_KEY = base64.b64encode(b"hunter2hunter2").decode()


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("DATABASE_URL", ["mysql://hunter2@h/d", "hunter2.db", "sqlite://", "postgres://u:hunter2@h/d"]),
        ("BASE_URL", ["hunter2.example.org", "ftp://hunter2", "https://hunter2/x", "https://hunter2?a=b"]),
        (
            "BASE_URL",
            [
                "https://hunter2/#x",
                "https://me:hunter2@example.org",
                "https://hunt er2",
                "https://hunter2\\x",
                "https:///hunter2",
            ],
        ),
        ("LINK_KEYS", ["hunter2", SHORT_KEY, f"{KEY},hunter2", "hunter2é", f"{KEY};{KEY}"]),
        ("DATA_KEY", ["hunter2", SHORT_KEY]),
        ("MAIL_FROM", ["hunter2", "hunter2@", "@hunter2", "hunter2 x@example.org", "a@b\nhunter2: x"]),
        ("MAIL_REPLY_TO", ["hunter2", "Bo <hunter2@example.org>"]),
        ("SMTP_PORT", ["hunter2", "-1", "0", "65536", "2.5", "٢٥", "1_0", "9" * 5000]),
        ("SMTP_SECURITY", ["hunter2", "TLS", "ssl"]),
        ("SMTP_CONNECTIONS", ["0", "9", "hunter2"]),
        ("SMTP_TIMEOUT", ["hunter2", "-1", "1.5", "9" * 30]),
        ("RECALL_WINDOW", ["hunter2", "86401"]),
        ("WORKER_SLOTS", ["0", "9", "hunter2"]),
        ("THREADS", ["1", "65", "hunter2"]),
        ("LOG_LEVEL", ["hunter2", "info"]),
    ],
)
def test_a_wrong_value_is_refused_with_the_settings_name_and_without_the_value(name: str, values: list[str]) -> None:
    for value in values:
        problem = refused(f"USHER_{name}", value)

        assert f"USHER_{name} " in problem.message
        assert "hunter2" not in problem.message + problem.hint
        assert SHORT_KEY not in problem.message
        assert len(problem.message) < 200
        assert problem.__suppress_context__ or problem.__context__ is None


@pytest.mark.parametrize(
    ("name", "nearest"), [("USHER_THREAD", "USHER_THREADS"), ("USHER_SMTP_PASWORD", "USHER_SMTP_PASSWORD")]
)
def test_an_unknown_name_is_refused_with_the_nearest_one(name: str, nearest: str) -> None:
    problem = refused(name, "hunter2")

    assert name in problem.message
    assert f"perhaps {nearest} is meant" in problem.message
    assert "hunter2" not in problem.message


def test_a_name_that_is_near_to_none_is_refused_alone() -> None:
    assert "perhaps" not in refused("USHER_Q", "x").message


def test_secrets_are_not_shown() -> None:
    shown = repr(load_settings({**ENVIRONMENT, "USHER_DATABASE_URL": "postgresql://u:hunter2@h/d"}, None))

    for secret in ("hunter2", "kkkk", "oooo", "pa${", "abc", "xapp-1", "xoxb-1"):
        assert secret not in shown
    assert "mail.example.org" in shown


# --- The file ---------------------------------------------------------------------------------------------


def test_the_file_is_read_and_the_environment_wins(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("# Ours\nUSHER_THREADS=4\nexport USHER_SMTP_PORT='587'\nOTHER=x\nUSHER_EXECUTOR\n\n")

    assert load_settings({}, file).threads == 4
    assert load_settings({}, file).smtp_port == 587
    assert load_settings({"USHER_THREADS": "5"}, file).threads == 5


def test_a_value_in_the_file_is_taken_as_it_stands(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("\ufeffUSHER_SMTP_PASSWORD=pa${HOME}ss\nUSHER_MAIL_FROM_NAME=École\n", encoding="utf-8")

    found = load_settings({}, file)

    assert found.smtp_password == "pa${HOME}ss"
    assert found.mail_from_name == "École"


def test_a_wrong_name_in_the_file_is_refused_too(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("USHER_THREAD=4\n")

    with pytest.raises(SettingInvalid):
        load_settings({}, file)


def test_no_file_is_needed(tmp_path: Path) -> None:
    assert load_settings({}, tmp_path / ".env") == Settings()
    assert load_settings({}, tmp_path) == Settings()


# --- The docs ---------------------------------------------------------------------------------------------


def told(value: Any) -> str:
    if isinstance(value, timedelta):
        value = int(value.total_seconds())
    if isinstance(value, tuple):
        value = ",".join(value)
    return "" if value == "" else f"`{value}`"


def test_each_setting_stands_in_the_docs_with_its_default_and_meaning() -> None:
    rows = re.findall(r"^\| `(USHER_\w+)` \| (.*?) ?\| (.*) \|$", DOCS.read_text(), re.MULTILINE)

    assert rows == [
        (
            f"USHER_{entry.name.upper()}",
            told(entry.default),
            entry.metadata["about"] + (" **Secret.**" if entry.metadata["secret"] else ""),
        )
        for entry in fields(Settings)
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("USHER_FAILPOINTS", "after_dot"),
        ("USHER_FAILPOINTS", "mail:0"),
        ("USHER_BIND", "8000"),
        ("USHER_BIND", "here:x"),
    ],
)
def test_a_place_to_listen_or_to_fail_is_checked_at_the_start(name: str, value: str) -> None:
    with pytest.raises(SettingInvalid, match=name):
        load_settings({name: value}, None)


def test_a_quoted_value_keeps_its_hash_and_a_comment_is_none_of_a_value(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    lines = (
        "# Ours",
        "USHER_SMTP_PASSWORD='\"b #c${D}'",
        "",
        " export USHER_SMTP_USER = usher#1${E} # of the relay",
        "USHER_MAIL_FROM_NAME=\"A 'B'\"",
    )
    file.write_text("\n".join(lines))

    settings = load_settings({}, file)

    assert settings.smtp_password == '"b #c${D}'
    assert (settings.smtp_user, settings.mail_from_name) == ("usher#1${E}", "A 'B'")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"USHER_SMTP_USER=a\nhun ter2\n", "on line 2 of .env is wrong: write NAME=value"),
        (b"# Ours\n\nUSHER_SMTP_PASSWORD='hunter2\n", "on line 3 of .env is wrong: write NAME=value, or NAME='value'"),
        ("USHER_SMTP_PASSWORD=h\u00fcnter2".encode("latin-1"), "file .env is wrong: it is not written in UTF-8"),
    ],
)
def test_a_file_that_cannot_be_understood_is_refused_and_not_repeated(
    tmp_path: Path, content: bytes, words: str
) -> None:
    (tmp_path / ".env").write_bytes(content)

    with pytest.raises(SettingInvalid) as refusal:
        load_settings({}, tmp_path / ".env")

    assert words in refusal.value.message
    assert "ter2" not in refusal.value.message
