"""Words that only our e-mails use."""

from mail.sending.words import grouped


def test_code_is_shown_in_groups_of_four() -> None:
    assert grouped("48150716") == "4815 0716"
