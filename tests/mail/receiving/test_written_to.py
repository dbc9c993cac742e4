import pytest

from mail.receiving.written_to import is_bounce_address, slug_written_to
from tests.mail.letters import LINKS
from tests.mail.mails import mail

INBOX = "usher@usher.example.org"


@pytest.mark.parametrize(
    ("envelope_to", "to", "slug"),
    [
        ("usher+northfield@usher.example.org", "x@y.org", "northfield"),
        ("USHER+Northfield@Usher.example.org", "x@y.org", "northfield"),
        ("", "Usher <usher+northfield@usher.example.org>, bo@example.org", "northfield"),
        ("usher@usher.example.org", "usher+southgate@usher.example.org", "southgate"),
        ("usher+northfield@usher.example.org", "usher+southgate@usher.example.org", "northfield"),
        ("usher@usher.example.org", "usher@usher.example.org", ""),
        ("", "usher+@usher.example.org", ""),
        ("", "other+northfield@usher.example.org", ""),
        ("", "usher+northfield@evil.example.org", ""),
        ("", "usher+northfield@usher.example.org.evil.test", ""),
    ],
)
def test_the_organisation_is_named_after_the_plus(envelope_to: str, to: str, slug: str) -> None:
    assert slug_written_to(envelope_to, mail(to=to), INBOX) == slug
    assert slug_written_to(envelope_to, mail(to=to), "") == ""


def test_a_bounce_address_has_a_token_of_ours() -> None:
    token = LINKS.bounce_token(7)

    assert is_bounce_address(f"bounces+{token}@usher.example.org", LINKS)
    assert is_bounce_address(f"BOUNCES+{token.upper()}@usher.example.org", LINKS)
    assert not is_bounce_address(f"bounces+{token[:-1]}a@usher.example.org", LINKS)
    assert not is_bounce_address("bounces@usher.example.org", LINKS)
    assert not is_bounce_address("", LINKS)
