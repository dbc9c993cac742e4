"""What ``usher doctor`` finds in a database and at a mail server."""

from dataclasses import replace
from pathlib import Path

import pytest

from core.context import system_clock
from core.database import open_engine
from core.settings import Settings
from tests.core.usecases.importing import import_sheet, line
from tests.factories import SETTINGS, make_app, make_school
from tests.servers.postgresql import SUPERUSER, USHER, PostgreSQL
from tests.servers.processes import free_port
from tests.servers.smtp_sink import SmtpSink, Stage
from usher.checkup import Finding, Health, check_up
from usher.migrating import upgrade


def database(url: str) -> Finding:
    quiet = replace(SETTINGS, database_url=url, slack_signing_secret="", slack_bot_token="")
    return next(each for each in check_up(quiet, system_clock) if each.about == "database")


@pytest.mark.postgresql
def test_doctor_tells_when_the_role_is_not_bound_by_row_level_security(postgresql_server: PostgreSQL) -> None:
    name = postgresql_server.create_database()
    engine = open_engine(postgresql_server.url(name))
    upgrade(engine)
    engine.dispose()

    bound = database(postgresql_server.url(name, role=USHER))
    unbound = database(postgresql_server.url(name, role=SUPERUSER))

    assert bound.health is Health.GOOD
    assert unbound.health is Health.LOOK
    assert "row-level security" in unbound.says
    assert "NOBYPASSRLS" in unbound.advice
    postgresql_server.drop_database(name)


def mail(port: int, **settings: object) -> Finding:
    there = replace(SETTINGS, smtp_host="127.0.0.1", smtp_port=port, **settings)  # type: ignore[arg-type]
    return next(each for each in check_up(there, system_clock) if each.about == "mail")


def test_doctor_names_the_organisations_whose_data_no_key_opens(tmp_path: Path) -> None:
    """Whoever took an old data key away hears of it before a file is sent."""
    url = f"sqlite:///{tmp_path}/usher.db"
    engine = open_engine(url)
    upgrade(engine)
    import_sheet(make_school(make_app(engine)), line("Ada"))
    engine.dispose()

    known, newer = data_keys(url, SETTINGS.data_key), data_keys(url, (b"n" * 32, *SETTINGS.data_key))
    lost = data_keys(url, (b"n" * 32,))

    assert known == newer == []
    assert [each.health for each in lost] == [Health.BAD]
    assert "northfield" in lost[0].says
    assert "Put the old key back into USHER_DATA_KEY" in lost[0].advice


def data_keys(url: str, keys: tuple[bytes, ...]) -> list[Finding]:
    there = replace(SETTINGS, database_url=url, data_key=keys, slack_signing_secret="", slack_bot_token="")
    return [each for each in check_up(there, system_clock) if each.about == "data keys"]


def test_doctor_greets_the_mail_server_and_asks_whether_it_takes_our_sender() -> None:
    with SmtpSink(clock=system_clock) as willing, SmtpSink(clock=system_clock) as strict:
        strict.answer(Stage.SENDER, "550 5.7.1 Not an address of ours")

        taken, refused = mail(willing.port), mail(strict.port)

    assert taken.health is Health.GOOD
    assert refused.says == "550 5.7.1 Not an address of ours"
    assert refused.advice == "It refuses USHER_MAIL_FROM."


def test_doctor_says_which_setting_keeps_the_mail_server_from_taking_mail() -> None:
    with SmtpSink(clock=system_clock, login=("usher", "right")) as sink:
        nameless = mail(sink.port)
        wrong = mail(sink.port, smtp_user="usher", smtp_password="wrong")
        no_tls = mail(sink.port, smtp_security="tls")
        no_starttls = mail(sink.port, smtp_security="starttls")
        nobody = mail(free_port())

    assert nameless.advice == "Set USHER_SMTP_USER and USHER_SMTP_PASSWORD."
    assert wrong.says.endswith(": 535 5.7.8 Authentication credentials invalid")
    assert wrong.advice == "Look at USHER_SMTP_USER and USHER_SMTP_PASSWORD."
    assert no_tls.says.endswith(": it does not speak TLS as we do: look at the port")
    assert no_starttls.says.endswith(": STARTTLS extension not supported by server")
    assert nobody.says.endswith(": the connection was refused: nobody listens there")


def test_doctor_tells_of_a_sender_that_is_but_an_example() -> None:
    quiet = replace(SETTINGS, mail_from=Settings.mail_from, slack_signing_secret="", slack_bot_token="")

    assert "sender" in {each.about for each in check_up(quiet, system_clock)}
    assert "sender" not in {each.about for each in check_up(replace(quiet, mail_from="a@b.example.org"), system_clock)}
