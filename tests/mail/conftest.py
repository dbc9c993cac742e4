"""A school whose mailbox is read."""

from dataclasses import replace

import pytest

from tests.copies import SqliteCopies
from tests.factories import School
from tests.mail.mails import INBOX
from tests.mail.receiving import HOST, Mailroom


@pytest.fixture
def school(sqlite_school: SqliteCopies[School]) -> School:
    sqlite_school.renew()
    app = sqlite_school.app(mail_inbox=INBOX, mail_authserv_ids=(HOST,))
    return replace(sqlite_school.filling, app=app)


@pytest.fixture
def room(school: School) -> Mailroom:
    return Mailroom(school)
