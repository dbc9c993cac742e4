"""The running demo tells its story, and what is written in it is done and answered."""

from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import aiohttp

from tests.stories.talking import until
from usher.demo.mailbox import Mail
from usher.demo.opened_mail import open_mail
from usher.demo.running import Demo, running_demo
from usher.demo.story import tell_story


async def _write(demo: Demo, subject: str, text: str, *, file: bytes = b"") -> None:
    """As the page does."""
    form = aiohttp.FormData({"user": demo.sample.owner.id, "subject": subject, "text": text, "answers": ""})
    if file:
        form.add_field("file", file, filename="more.csv")
    async with aiohttp.ClientSession() as browser, browser.post(f"{demo.url}/demo/mails", data=form) as answer:
        assert answer.status == 200, await answer.text()


async def test_the_story_is_told_and_a_composed_mail_with_a_file_is_answered_and_done(tmp_path: Path) -> None:
    async with running_demo(tmp_path, recall_window=timedelta(0)) as demo:
        figures = await tell_story(demo, addresses=8)
        await _write(demo, f"invite {demo.sample.run}", "Cy <cy@example.org>", file=b"email\ndi@example.org\n")

        answer = await _mail_to(demo, demo.sample.owner.email, "2 learners invited to Maths for Everyone")
        invited = [await _mail_to(demo, address, demo.house.url) for address in ("cy@example.org", "di@example.org")]

    assert figures.differences(8) == []
    assert 0 < figures.seconds_to_first_mail <= figures.seconds_to_all_sent
    assert message_from_bytes(answer.content, policy=default)["Auto-Submitted"] == "auto-replied"
    assert len(invited) == 2


async def _mail_to(demo: Demo, address: str, words: str) -> Mail:
    """The newest, when it says this."""

    def look() -> Mail | None:
        mail = demo.mailbox.newest_for(address)
        return mail if mail and words in open_mail(mail.content).text else None

    return await until(look, f"a mail to {address} says {words}")
