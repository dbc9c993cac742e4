from dataclasses import replace
from pathlib import Path

import pytest

from core.letters import Verdict
from tests.mail.certificates import tls_contexts
from tests.mail.scripted_server import ScriptedServer
from tests.mail.sending.driving import mail, mails, pool_of, send, settings_for, verdicts

ACCEPTED, REFUSED, LATER = Verdict.ACCEPTED, Verdict.REFUSED, Verdict.LATER
UNSURE, OUR_FAULT = Verdict.UNSURE, Verdict.OUR_FAULT


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_mail_goes_encrypted_to_a_trusted_server(security: str, tmp_path: Path) -> None:
    served, trusting = tls_contexts(tmp_path)
    server = ScriptedServer(tls=served) if security == "tls" else ScriptedServer(starttls=served)

    async with server:
        settings = replace(settings_for(server), smtp_host="localhost")
        async with pool_of(replace(settings, smtp_security=security), trusting) as pool:
            outcomes = await pool.send(mails(3))

    assert verdicts(outcomes) == [ACCEPTED] * 3
    assert server.connections == 1


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_untrusted_certificate_is_our_fault_and_nothing_is_sent(security: str, tmp_path: Path) -> None:
    served, _ = tls_contexts(tmp_path)
    server = ScriptedServer(tls=served) if security == "tls" else ScriptedServer(starttls=served)

    async with server:
        settings = replace(settings_for(server), smtp_host="localhost", smtp_security=security)
        async with pool_of(settings) as pool:
            outcomes = await pool.send(mails(2))

    assert verdicts(outcomes) == [OUR_FAULT] * 2
    assert "certificate" in outcomes[0].detail.lower()
    assert server.heard("MAIL") == 0


async def test_server_that_offers_no_encryption_gets_nothing_when_it_is_set() -> None:
    async with ScriptedServer() as server, pool_of(replace(settings_for(server), smtp_security="starttls")) as pool:
        outcomes = await pool.send(mails(2))

    assert verdicts(outcomes) == [OUR_FAULT] * 2
    assert server.heard("MAIL") == 0


async def test_offered_encryption_is_not_used_when_none_is_set(tmp_path: Path) -> None:
    served, _ = tls_contexts(tmp_path)
    async with ScriptedServer(starttls=served) as server:
        outcomes = await send(server, mail())

    assert verdicts(outcomes) == [ACCEPTED]
    assert server.heard("STARTTLS") == 0
