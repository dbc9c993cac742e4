"""The page as a visitor has it before them, in a real browser."""

import re
import smtplib
from asyncio import to_thread
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Literal

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]  # It has no types.
from playwright.async_api import Browser, BrowserContext, Locator, Page, expect

from tests.copies import SqliteCopies
from tests.factories import FixedClock
from tests.usher.demo.conftest import Stage, set_stage
from tests.usher.demo.test_inbox import contents
from usher.demo.mailbox import Mailbox
from usher.demo.running import running_demo
from usher.demo.sample import Sample
from usher.demo.slack.inspection import JsonObject

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

_COLOURS: tuple[Literal["light", "dark"], ...] = ("light", "dark")
_HOSTILE = "<script>document.title='hacked'</script><img src=x onerror=\"document.title='hacked'\">"


def _plain(text: str) -> JsonObject:
    return {"type": "plain_text", "text": text}


def _markdown(text: str) -> JsonObject:
    return {"type": "mrkdwn", "text": text}


_OPTIONS = [{"text": _plain(f"Option {value}"), "value": value} for value in ("one", "two")]
_CONFIRM = {
    "title": _plain("Take it back?"),
    "text": _plain("Answers stay."),
    "confirm": _plain("Take it back"),
    "deny": _plain("Keep it"),
}
_EVERY_BLOCK: list[JsonObject] = [
    {"type": "header", "text": _plain(f"Header {_HOSTILE}")},
    {
        "type": "section",
        "text": _markdown("*bold* _slanted_ ~struck~ `code` plain_word_here 10:30:15 :tada:\n> quoted"),
    },
    {
        "type": "section",
        "text": _markdown("<https://example.org/page|a page> <@{user}> &lt;b&gt; &amp;amp; " + _HOSTILE),
    },
    {"type": "section", "text": _markdown("<!date^1772440000^{date_num}|a day> <javascript:alert(1)|not a link>")},
    {"type": "section", "fields": [_plain("Field one"), _markdown("*Field two*")]},
    {"type": "context", "elements": [_markdown("Said _quietly_"), _plain("too")]},
    {"type": "divider"},
    {
        "type": "actions",
        "elements": [
            {"type": "button", "action_id": "go", "value": "1", "text": _plain("Go on"), "style": "primary"},
            {"type": "button", "action_id": "undo", "value": "2", "text": _plain("Undo"), "confirm": _CONFIRM},
            {"type": "static_select", "action_id": "pick", "placeholder": _plain("Choose one"), "options": _OPTIONS},
            {"type": "overflow", "action_id": "more", "options": _OPTIONS},
        ],
    },
    {
        "type": "rich_text",
        "elements": [
            {
                "type": "rich_text_section",
                "elements": [
                    {"type": "text", "text": "Rich ", "style": {"bold": True}},
                    {"type": "link", "url": "https://example.org/", "text": "link"},
                    {"type": "emoji", "name": "tada"},
                ],
            },
            {
                "type": "rich_text_list",
                "style": "bullet",
                "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "A point"}]}],
            },
        ],
    },
    {"type": "table", "rows": [[{"type": "raw_text", "text": "Run"}], [{"type": "raw_text", "text": "maths"}]]},
]


@pytest_asyncio.fixture(loop_scope="session")
async def stage(sample_copies: SqliteCopies[Sample]) -> AsyncIterator[Stage]:
    """In the event loop of the browser."""
    async with Mailbox(FixedClock()).listening() as mailbox, set_stage(sample_copies, mailbox) as stage:
        yield stage


def _post_every_block(stage: Stage) -> None:
    text = _EVERY_BLOCK[2]["text"]["text"].replace("{user}", stage.sample.people[1].user.id)
    mention = {"type": "section", "text": _markdown(text)}
    blocks = [*_EVERY_BLOCK[:2], mention, *_EVERY_BLOCK[3:]]
    bot = stage.slack.workspace.users[stage.sample.team.bot_user_id]
    stage.slack.workspace.post(stage.talk, bot, "Every block", blocks=blocks)


async def _open(context: BrowserContext, url: str) -> Page:
    page = await context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    await page.goto(url)
    await expect(page.locator("#messages > li").first).to_be_visible()
    assert problems == []
    return page


@asynccontextmanager
async def _sent(page: Page) -> AsyncIterator[None]:
    """Until what is pressed has been answered: two presses may overtake one another on their ways."""
    async with page.expect_response(lambda response: response.request.method == "POST"):
        yield


def _message(page: Page, words: str) -> Locator:
    return page.locator(".message", has_text=words).last


async def test_every_kind_of_block_is_drawn_and_nothing_said_becomes_markup(stage: Stage, browser: Browser) -> None:
    _post_every_block(stage)

    page = await _open(await browser.new_context(), stage.slack.base_url)

    message = _message(page, "Header")
    await expect(message.locator("h3")).to_have_text(f"Header {_HOSTILE}")
    for tag, words in (("strong", "bold"), ("em", "slanted"), ("del", "struck"), ("code", "code")):
        await expect(message.locator(tag, has_text=words).first).to_be_visible()
    await expect(message.locator("blockquote")).to_have_text("quoted")
    await expect(message).to_contain_text("plain_word_here 10:30:15 🎉")
    await expect(message.locator("a", has_text="a page")).to_have_attribute("href", "https://example.org/page")
    await expect(message.locator(".mention")).to_have_text("@Max Manager")
    await expect(message).to_contain_text("<b> &amp; <script>")
    await expect(message).to_contain_text("<javascript:alert(1)|not a link>")
    await expect(message.locator("time").last).to_contain_text("2026")
    await expect(message.locator(".unknown")).to_have_count(0)
    await expect(message.locator("table td")).to_have_text("maths")
    assert await page.title() == "Usher demo"


@pytest.mark.slow  # A visitor presses and chooses every day below; what a press sends is also tried without a browser.
async def test_buttons_and_menus_ask_where_slack_asks_and_send_what_was_chosen(stage: Stage, browser: Browser) -> None:
    pressed: list[str] = []

    async def note(ack, action) -> None:  # type: ignore[no-untyped-def] # Bolt passes by name.
        option = action.get("selected_option") or action
        pressed.append(f"{action['action_id']}={option['value']}")
        await ack()

    stage.bolt.app.action(re.compile("."))(note)
    _post_every_block(stage)
    page = await _open(await browser.new_context(), stage.slack.base_url)
    message = _message(page, "Header")

    async with _sent(page):
        await message.get_by_role("button", name="Go on").click()
    await message.get_by_role("button", name="Undo").click()
    await page.get_by_role("button", name="Keep it").click()
    await message.get_by_role("button", name="Undo").click()
    async with _sent(page):
        await page.get_by_role("button", name="Take it back").click()
    async with _sent(page):
        await message.get_by_role("combobox").select_option("two")
    await message.locator("summary").click()
    async with _sent(page):
        await message.get_by_role("button", name="Option one").click()

    await expect(message.locator("details")).not_to_have_attribute("open", "")
    assert pressed == ["go=1", "undo=2", "pick=two", "more=one"]


@pytest.mark.slow  # As long as all that a visitor does there.
async def test_the_page_has_no_accessibility_faults(stage: Stage, browser: Browser) -> None:
    _post_every_block(stage)
    mail = EmailMessage()
    mail["To"] = "ana@example.org"
    mail.set_content("Hello")

    def deliver() -> None:
        with smtplib.SMTP(stage.mailbox.host, stage.mailbox.port) as client:
            client.send_message(mail, "college@example.org")

    await to_thread(deliver)
    page = await _open(await browser.new_context(reduced_motion="reduce"), stage.slack.base_url)
    for width in (1280, 400):
        await page.set_viewport_size({"width": width, "height": 800})
        for colours in _COLOURS:
            await page.emulate_media(color_scheme=colours)
            found = await Axe().run(page)
            assert found.violations_count == 0, (width, colours, found.generate_report())
        assert await page.evaluate("document.documentElement.scrollWidth") <= width


async def test_a_visitor_invites_a_learner_and_answers_as_the_learner(tmp_path: Path, browser: Browser) -> None:
    async with running_demo(tmp_path, recall_window=timedelta(0)) as demo:
        context = await browser.new_context()
        page = await _open(context, demo.url)

        await page.get_by_label("Message", exact=True).fill("/invite")
        await page.get_by_label("Message", exact=True).press("Enter")
        form = page.get_by_role("dialog", name="Invite learners")
        await form.get_by_role("combobox").press_sequentially("maths")
        await page.get_by_role("option", name="Maths for Everyone").first.click()
        await form.get_by_label("E-mail addresses").fill('"Ana Alt" <ana@example.org>, bounce.cy@example.org')
        await form.get_by_role("button", name="Preview").click()
        await form.get_by_role("button", name="Invite 2 learners").click()
        await form.get_by_role("button", name="Close").last.click()
        await expect(form).not_to_be_visible()

        scoreboard = _message(page, "B-0001")
        await expect(scoreboard).to_contain_text("All sent")
        await expect(scoreboard).to_contain_text("in the demo, addresses that begin with bounce do not exist")
        await page.locator(".mails").get_by_role("button", name="ana@example.org").click()
        mail = page.frame_locator("iframe")
        async with context.expect_page() as opened:
            await mail.get_by_role("link", name="See the course and answer").click()
        learner = await opened.value
        await learner.get_by_label("First name").fill("Ana")
        await learner.get_by_label("Last name").fill("Alt")
        await learner.get_by_role("button", name=re.compile("accept|yes", re.IGNORECASE)).click()
        await expect(learner.locator("h1")).to_be_visible()

        await expect(scoreboard).to_contain_text("1 accepted")
        await page.get_by_role("button", name="All mail").click()
        await expect(page.locator(".mails > li")).to_have_count(2)


@pytest.mark.slow
async def test_an_answer_comes_into_view_wherever_it_was_asked_for(tmp_path: Path, browser: Browser) -> None:
    async with running_demo(tmp_path, recall_window=timedelta(0)) as demo:
        page = await _open(await browser.new_context(), demo.url)

        await page.get_by_role("button", name="Home", exact=True).click()
        await expect(page.locator("#home h3").first).to_be_in_viewport()
        await page.locator("#home").get_by_role("button", name="Courses").click()
        courses = _message(page, "runs to choose from")
        await expect(courses.locator("strong").first).to_be_in_viewport()
        await courses.get_by_role("button", name="Learners").first.click()

        await expect(_message(page, "Not answered yet")).to_be_in_viewport()


@pytest.mark.slow
async def test_the_picture_of_a_link_is_shown(tmp_path: Path, browser: Browser) -> None:
    async with running_demo(tmp_path, recall_window=timedelta(0)) as demo:
        page = await _open(await browser.new_context(), demo.url)

        await page.get_by_role("button", name="Share one link").click()
        await page.get_by_role("button", name="QR code").click()

        picture = page.get_by_role("img", name="maths.png")
        await expect(picture).to_be_in_viewport()
        assert await picture.evaluate("each => each.decode().then(() => each.naturalWidth)") > 100


@pytest.mark.slow  # The page's own tests do the same every day without a browser.
async def test_a_visitor_writes_to_usher_from_the_mailbox(stage: Stage, browser: Browser, tmp_path: Path) -> None:
    _post_every_block(stage)
    page = await _open(await browser.new_context(), stage.slack.base_url)

    await page.get_by_role("button", name="Write to Usher").click()
    await page.get_by_role("button", name="Invite two").click()
    (tmp_path / "more.csv").write_text("email\nmore@example.org\n")
    await page.locator(".letter-form [type=file]").set_input_files(tmp_path / "more.csv")
    await page.get_by_role("button", name="Send", exact=True).last.click()

    await expect(page.locator("#toast")).to_contain_text("Usher's answer arrives")
    (raw,) = await to_thread(contents, stage.inbox)
    mail = message_from_bytes(raw, policy=default)
    assert mail["Subject"] == f"invite {stage.sample.run}"
    assert [part.get_filename() for part in mail.iter_attachments()] == ["more.csv"]


@pytest.mark.slow  # The page's own tests do the same every day without a browser.
async def test_the_sample_spreadsheet_is_attached_with_one_click(stage: Stage, browser: Browser) -> None:
    _post_every_block(stage)
    page = await _open(await browser.new_context(), stage.slack.base_url)

    await page.get_by_role("button", name="Write to Usher").click()
    await page.get_by_role("button", name="Import a spreadsheet").click()
    await expect(page.locator(".letter-form").get_by_label("Subject")).to_have_value("New learners")
    await page.get_by_role("button", name="Send", exact=True).last.click()

    await expect(page.locator("#toast")).to_contain_text("Usher's answer arrives")
    raw = (await to_thread(contents, stage.inbox))[-1]
    (attached,) = message_from_bytes(raw, policy=default).iter_attachments()
    assert attached.get_filename() == "Year 12 learners.xlsx"
    assert attached.get_content().startswith(b"PK")


# test_answering has a written mail answered; the story by mail takes it back by a reply.
@pytest.mark.slow
async def test_usher_answers_what_a_visitor_writes_and_takes_it_back(tmp_path: Path, browser: Browser) -> None:
    async with running_demo(tmp_path, recall_window=timedelta(minutes=1)) as demo:
        page = await _open(await browser.new_context(), demo.url)

        await page.get_by_role("button", name="Write to Usher").click()
        await page.get_by_role("button", name="Invite two").click()
        await page.get_by_role("button", name="Send", exact=True).last.click()
        await page.locator(".mails").get_by_role("button", name=f"Re: invite {demo.sample.run}").click()
        answer = page.frame_locator("iframe")
        await expect(answer.get_by_role("heading", name="2 learners invited to Maths for Everyone")).to_be_visible()
        await page.get_by_role("button", name="Reply", exact=True).click()
        await page.locator(".letter-form").get_by_label("Text").fill("undo")
        await page.get_by_role("button", name="Send", exact=True).last.click()

        await expect(page.locator(".mails > li")).to_have_count(2)
        await expect(_message(page, "B-0001")).to_contain_text("2 cancelled")


@pytest.mark.slow  # The page's own tests do the same every day without a browser.
async def test_a_suggestion_begins_an_email(stage: Stage, browser: Browser) -> None:
    _post_every_block(stage)
    page = await _open(await browser.new_context(viewport={"width": 390, "height": 800}), stage.slack.base_url)

    await page.get_by_role("button", name="Ask by e-mail").click()

    subject = page.locator(".letter-form").get_by_label("Subject")
    await expect(subject).to_be_in_viewport()
    await expect(subject).to_have_value(f"invites {stage.sample.run} pending")
