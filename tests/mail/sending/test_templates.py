import re
from typing import get_args

import pytest

from core.letters import Letter
from core.words import MessageKind
from mail.sending.rendering import render
from mail.sending.templates import TEMPLATE_FILES, TEMPLATES
from tests.mail.letters import (
    LINKS,
    NOW,
    SETTINGS,
    held_mail,
    html_text,
    invitation,
    join_confirmation,
    joined,
    parsed,
    plain_text,
    reminder,
    sign_in,
    slack_code,
    staff_invitation,
    stopped,
)
from tests.mail.letters import welcome as welcome_letter

KINDS = {kind.kind for kind in get_args(Letter)}
LETTERS: list[Letter] = [invitation(note="A note"), welcome_letter(), staff_invitation(), slack_code(), sign_in()]
LETTERS += [reminder(), joined(), join_confirmation(), stopped(), held_mail()]
# The style block's own pairs are judged in the browser; these are the inline ones: text on its ground.
LIGHT = [("#20252a", "#ffffff"), ("#20252a", "#f4f2ed"), ("#54595e", "#ffffff"), ("#54595e", "#f4f2ed")]
LIGHT += [("#0b5d52", "#ffffff"), ("#0b5d52", "#f4f2ed"), ("#ffffff", "#0b5d52")]
DARK = [("#ebe9e4", "#1d2327"), ("#ebe9e4", "#272e33"), ("#b2b6ba", "#1d2327"), ("#b2b6ba", "#14181b")]
DARK += [("#8bdccb", "#1d2327"), ("#8bdccb", "#14181b"), ("#06231f", "#86d9c7")]


def _luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_every_kind_of_letter_has_its_three_files_and_no_folder_is_left_over() -> None:
    folders = {
        folder.name: {file.name for file in folder.iterdir()} for folder in TEMPLATES.iterdir() if folder.is_dir()
    }

    # A digest is told by the answers' own templates.
    assert folders == {kind: set(TEMPLATE_FILES) for kind in KINDS - {MessageKind.DIGEST}}


def test_every_kind_that_goes_by_mail_has_a_letter() -> None:
    in_slack_only = {MessageKind.SCOREBOARD, MessageKind.LINK_REQUEST, MessageKind.OUTSIDE_JOIN, MessageKind.HOME}
    in_slack_only |= {MessageKind.UNREACHED, MessageKind.IMPORT, MessageKind.IMPORT_COPY, MessageKind.IMPORT_FULL_COPY}
    in_slack_only |= {MessageKind.IMPORT_TEMPLATE, MessageKind.RUN_TEMPLATE, MessageKind.EXPORT}
    in_slack_only |= {MessageKind.REPORT, MessageKind.IMPORT_ORDER, MessageKind.MAIL_QUESTION}
    assert set(MessageKind) - in_slack_only == KINDS


@pytest.mark.parametrize("letter", LETTERS, ids=lambda letter: str(letter.kind))
def test_text_has_no_markup_and_no_holes(letter: Letter) -> None:
    text = plain_text(render(letter, SETTINGS, LINKS, now=NOW))

    assert not re.search(r"<[a-z/]|&[a-z]+;|\{\{|\}\}|None", text)
    assert "\n\n\n" not in text


@pytest.mark.parametrize("letter", LETTERS, ids=lambda letter: str(letter.kind))
def test_html_loads_nothing_and_lays_out_for_readers(letter: Letter) -> None:
    html = html_text(render(letter, SETTINGS, LINKS, now=NOW))

    assert not re.search(r"<(img|script|link|iframe|form)\b|url\(|@import|\bsrc=", html)
    assert html.count("<table") == html.count('<table role="presentation"')
    assert '<html lang="en">' in html
    assert not re.search(r"[\ue000-\uf8ff]", html)


@pytest.mark.parametrize(("ink", "ground"), LIGHT + DARK)
def test_colours_are_in_use_and_easy_to_read(ink: str, ground: str) -> None:
    used = "".join(file.read_text() for file in TEMPLATES.rglob("*.html"))
    lighter, darker = sorted((_luminance(ink), _luminance(ground)), reverse=True)

    assert ink in used
    assert ground in used
    # WCAG 2.2, 1.4.3.
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


@pytest.mark.parametrize("letter", [joined(), join_confirmation()], ids=lambda letter: str(letter.kind))
def test_whoever_did_not_ask_for_a_mail_about_joining_can_stop_it(letter: Letter) -> None:
    mail = render(letter, SETTINGS, LINKS, now=NOW)

    stop = str(parsed(mail)["List-Unsubscribe"]).strip(" <>")
    assert stop.endswith("/stop")
    assert parsed(mail)["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert stop in plain_text(mail)
    assert stop in html_text(mail)
