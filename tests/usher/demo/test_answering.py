"""What is written in the running demo is done and answered."""

from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import aiohttp

from usher.demo.opened_mail import open_mail
from usher.demo.running import Demo, running_demo

_PATIENCE_SECONDS = 60


async def _write(demo: Demo, subject: str, text: str, *, file: bytes = b"") -> None:
    """As the page does."""
    form = aiohttp.FormData({"user": demo.sample.owner.id, "subject": subject, "text": text, "answers": ""})
    if file:
        form.add_field("file", file, filename="more.csv")
    async with aiohttp.ClientSession() as browser, browser.post(f"{demo.url}/demo/mails", data=form) as answer:
        assert answer.status == 200, await answer.text()


async def test_a_composed_mail_with_a_file_is_answered_and_done(tmp_path: Path) -> None:
    async with running_demo(tmp_path, recall_window=timedelta(0)) as demo:
        await _write(demo, f"invite {demo.sample.run}", "Cy <cy@example.org>", file=b"email\ndi@example.org\n")

        await demo.mailbox.wait_for(3, seconds=_PATIENCE_SECONDS)
        answer = demo.mailbox.newest_for(demo.sample.owner.email)
        invited = [demo.mailbox.newest_for(address) for address in ("cy@example.org", "di@example.org")]

    assert answer is not None
    assert "2 learners invited to Maths for Everyone" in open_mail(answer.content).text
    assert message_from_bytes(answer.content, policy=default)["Auto-Submitted"] == "auto-replied"
    assert None not in invited
