"""The mailbox of the demo's page: what came is looked at, and a mail to Usher is written.

What a visitor writes lies in the mailbox that Usher reads over IMAP, like any mail of an organisation's own people.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final
from urllib.parse import quote

from aiohttp import web
from aiohttp.web_request import FileField

from usher.demo.inbox import Inbox
from usher.demo.mailbox import Mail, Mailbox, MailPage
from usher.demo.opened_mail import as_page, open_mail
from usher.demo.sample import SIXTH_FORM
from usher.demo.sample_sheet import NAME, sample_sheet
from usher.demo.screen import Screens
from usher.demo.slack.errors import NothingThere
from usher.demo.slack.inspection import JsonObject
from usher.demo.writing import Enclosure, Written, as_bytes, thread_of

# A mail brings its own styles and nothing else; the sandbox keeps it from everything but opening links.
_MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)
_MOST_ENCLOSURES: Final = 10
_Handler = Callable[[web.Request], Awaitable[web.Response]]


def json_answer(value: JsonObject, status: int = 200) -> web.Response:
    return web.json_response(value, status=status)


class MailPane:
    def __init__(self, mailbox: Mailbox, inbox: Inbox, screens: Screens, *, to: str) -> None:
        """``to``: the address of the organisation, which is in everybody's address book."""
        self.to = to
        self._mailbox = mailbox
        self._inbox = inbox
        self._screens = screens

    def gets(self) -> Mapping[str, _Handler]:
        return {
            "/demo/mails": self._mails,
            "/demo/mails/{number}": self._mail,
            "/demo/mails/{number}/html": self._mail_html,
            "/demo/mails/{number}/attachments/{place}": self._attachment,
            "/demo/sample.xlsx": self._sample_sheet,
        }

    def posts(self) -> Mapping[str, _Handler]:
        return {"/demo/mails": self._write}

    # --- Looking ------------------------------------------------------------------------------------------

    async def _mails(self, request: web.Request) -> web.Response:
        page = self._mailbox.page(int(request.query.get("page", "1")), request.query.get("search", ""))
        return json_answer(_listed(page) | {"received": self._mailbox.received})

    async def _mail(self, request: web.Request) -> web.Response:
        mail = self._found(request)
        opened = open_mail(mail.content)
        attachments = [
            {"name": each.name, "type": each.content_type, "size": len(each.content)} for each in opened.attachments
        ]
        return json_answer(
            {
                "number": mail.number,
                "from": opened.sender,
                "to": opened.to or ", ".join(mail.recipients),
                "subject": opened.subject,
                "date": opened.date,
                "text": opened.text,
                "has_html": opened.html is not None,
                "attachments": attachments,
                "raw_headers": opened.raw_headers,
                "envelope": {"from": mail.sender, "to": list(mail.recipients)},
            }
        )

    async def _mail_html(self, request: web.Request) -> web.Response:
        html = open_mail(self._found(request).content).html or ""
        shown = as_page(html, "dark" if request.query.get("scheme") == "dark" else "light")
        headers = {"Content-Security-Policy": _MAIL_POLICY}
        return web.Response(text=shown, content_type="text/html", headers=headers)

    async def _attachment(self, request: web.Request) -> web.Response:
        attachments = open_mail(self._found(request).content).attachments
        place = int(request.match_info["place"])
        if not 0 <= place < len(attachments):
            raise NothingThere("this mail has no such attachment")
        found = attachments[place]
        return _download(found.name, found.content)

    async def _sample_sheet(self, request: web.Request) -> web.Response:
        """Offered to be attached to a mail, and to be looked at."""
        return _download(NAME, await asyncio.to_thread(sample_sheet, SIXTH_FORM, self._inbox.now().date()))

    def _found(self, request: web.Request) -> Mail:
        mail = self._mailbox.mail(int(request.match_info["number"]))
        if mail is None:
            raise NothingThere("this mail is gone")
        return mail

    # --- Writing ------------------------------------------------------------------------------------------

    async def _write(self, request: web.Request) -> web.Response:
        """A form with files. ``answers``: the number of the mail that this is a reply to, or empty."""
        form = await request.post()
        author = self._screens.person(str(form["user"]))
        answered = self._mailbox.mail(int(str(form["answers"]))) if form.get("answers") else None
        files = [each for each in form.getall("file", []) if isinstance(each, FileField) and each.filename]
        if len(files) > _MOST_ENCLOSURES:
            return json_answer({"problem": f"a mail here may have {_MOST_ENCLOSURES} files"}, 400)
        written = Written(
            author_name=author.real_name,
            author=author.email,
            to=self.to,
            subject=str(form["subject"]),
            text=str(form["text"]),
            enclosures=tuple(Enclosure(each.filename, each.file.read()) for each in files),
            thread=thread_of(answered.content) if answered else None,
        )
        raw = await asyncio.to_thread(as_bytes, written, self._inbox.now())
        await self._inbox.deliver(raw, sender=author.email, recipient=self.to)
        return json_answer({})


def _download(name: str, content: bytes) -> web.Response:
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}
    return web.Response(body=content, content_type="application/octet-stream", headers=headers)


def _listed(page: MailPage) -> JsonObject:
    mails = [
        {
            "number": mail.number,
            "to": ", ".join(mail.recipients),
            "from": summary.sender,
            "subject": summary.subject,
            "at": mail.received_at,
        }
        for mail, summary in page.mails
    ]
    return {"mails": mails, "page": page.page, "page_count": page.page_count, "total": page.total}
