"""Slack shows whatever we draw, however much there is and whatever people are called."""

import ast
import importlib
import inspect
import typing
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bot.handlers
from bot.blocks import BUILDERS, draw
from bot.blocks.courses import run_option
from bot.blocks.errors import draw_error, draw_unexpected
from bot.blocks.follow_ups import nudge_view
from bot.blocks.gathering import too_many_view
from bot.blocks.import_corrections import corrected_view
from bot.blocks.import_corrections import correction_view as rows_view
from bot.blocks.imports import draw_import_again
from bot.blocks.invitation_changes import correction_view, several_view
from bot.blocks.invitations import draw_reinvite_question
from bot.blocks.learner_forms import details_view, edit_learner_view, learner_preview_view, new_learner_view
from bot.blocks.parts import Block, actions, button, question, section
from bot.blocks.shared_links import saved_view, settings_view
from bot.blocks.staff import provider_option, staff_change_view, staff_done_view, staff_invitation_view
from bot.blocks.views import (
    compose_view,
    home_view,
    invited_view,
    message_view,
    preview_view,
    reading_view,
)
from bot.sealing import Seals
from core.errors import NeedsConfirmation, RunNotFound, UnknownVerb, UsherError
from core.requests import VERBS, ComposeLearner, Instead
from core.rules.links import LinkSigner
from core.usecases.invitations.corrections import CorrectionShown
from core.usecases.invitations.gathering import AddressesGathered
from core.usecases.invitations.single import ReinviteLearner
from core.usecases.staff.cards import ProviderCard
from core.usecases.staff.colleagues import invite_colleague, show_colleague
from core.usecases.staff.slack_identity import confirm_code
from core.words import ImportState
from tests.bot.blocks.import_samples import broken_rows, corrected, shown
from tests.bot.blocks.progress_samples import nudge
from tests.bot.blocks.samples import (
    HOSTILE,
    PLAIN,
    composed,
    details,
    every_result,
    home,
    invited,
    learner_card,
    listed,
    long,
    prepared,
    preview,
    run_called,
    shared_links,
    staff_card,
)
from tests.bot.blocks.second_list import excesses
from tests.factories import NOW
from tests.slow import examples, some
from usher.demo.slack.limit_tables import characters
from usher.demo.slack.limits import assert_block_kit

_LINKS = LinkSigner([b"k" * 32])
NAMES = (PLAIN, *map(long, HOSTILE))
# Ten with a few names, and none and very many with one name each: what is too long anywhere is too long there.
_EVERYDAY = {(0, PLAIN), (100_000, NAMES[1]), *((10, name) for name in some(NAMES, "everyday", 4))}
SIZES = [
    pytest.param(count, name, marks=() if (count, name) in _EVERYDAY else pytest.mark.slow)
    for count in (0, 1, 10, 1_000, 100_000)
    for name in NAMES
]


def assert_shown(text: str, blocks: tuple[Block, ...]) -> None:
    assert_block_kit(list(blocks), "message")
    assert excesses({"text": text, "blocks": blocks}) == []
    # As it leaves: what a seal adds must fit too.
    sealed = Seals(_LINKS, lambda: NOW).sealed("T1", blocks)
    assert_block_kit(sealed, "message")
    assert excesses({"text": text, "blocks": sealed}) == []
    assert text.strip()
    assert len(text) < 3000
    assert len(blocks) <= 50
    assert characters(list(blocks)) < 10_000
    for piece in _texts(list(blocks)):
        assert len(piece) < 3000


@pytest.mark.parametrize(("count", "name"), SIZES)
def test_every_result_is_within_slacks_limits_and_no_name_can_mention_or_link(count: int, name: str) -> None:
    for result in every_result(count, name):
        message = draw(result)

        assert_shown(message.text, message.blocks)
        for text in [message.text, *_texts(list(message.blocks), "mrkdwn")]:
            assert "<!channel" not in text
            # A moment is markup of ours: a reader would see it escaped.
            assert "&lt;!date" not in text
            assert "\u202e" not in text


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_was_here_before_is_within_slacks_limits(name: str) -> None:
    for state in ImportState:
        message = draw_import_again(shown(100_000, name, state))

        assert_shown(message.text, message.blocks)


@pytest.mark.parametrize(("count", "name"), SIZES)
def test_every_form_is_within_slacks_limits(count: int, name: str) -> None:
    views = [
        compose_view(name, f"{name}@example.org\n" * min(count, 1_000)),
        compose_view("", ""),
        preview_view(preview(count, name)),
        preview_view(preview(count, name, new=0)),
        invited_view(invited(max(1, count), name)),
        reading_view(name, "file-1"),
        too_many_view(AddressesGathered(2**62, count, count, count, NOW)),
        rows_view(broken_rows(count, name)),
        corrected_view(corrected()),
        staff_invitation_view(composed(name, count)),
        *(staff_change_view(staff_card(name, providers=each)) for each in {0, 1, 100, min(count, 1_000)}),
        staff_done_view(draw_error(UnknownVerb(verb=name, nearest=None))),
        several_view(listed(count, name)),
        new_learner_view(ComposeLearner(name[:100], name[:100]), like=learner_card(name), done="Done."),
        new_learner_view(ComposeLearner()),
        edit_learner_view(details(name)),
        details_view(details(name)),
        learner_preview_view(prepared(count, name)),
        learner_preview_view(prepared(count, name, 7, is_back=True)),
        correction_view(CorrectionShown(2**62, f"{name}@example.org"[:254], f"{name}@example.org"[:254])),
        correction_view(CorrectionShown(2**62, f"{name}@example.org"[:254], "")),
        nudge_view(nudge(run_called(name), name)),
        *map(settings_view, shared_links(count, name)),
        *map(saved_view, shared_links(count, name)),
        message_view(draw_error(UnknownVerb(verb=name, nearest=None))),
    ]

    for view in views:
        assert_block_kit(view, "modal")
        assert excesses(view) == []
        assert not [text for text in _texts(view) if "&lt;!date" in text]
    assert_block_kit(home_view(draw(home(count, name)).blocks, digest="1"), "home")


@pytest.mark.parametrize("name", NAMES)
def test_every_error_is_within_slacks_limits(name: str) -> None:
    errors: list[UsherError] = [
        UnknownVerb(verb=name * 20, nearest="invite"),
        RunNotFound(run=name * 20, nearest=(name, name, name)),
    ]
    question = draw_reinvite_question(NeedsConfirmation(address=name, reason=name), ReinviteLearner(name, name))
    pressed = draw_error(errors[0], [Instead(name, name * 3), Instead(name, name * 2000)])

    for message in [*map(draw_error, errors), pressed, draw_unexpected("E-00000001"), question]:
        assert_shown(message.text, message.blocks)
    assert len(provider_option(ProviderCard("10000001", name))["text"]["text"]) <= 75
    option = run_option(run_called(name))
    assert len(option["text"]["text"]) <= 75
    assert len(option["description"]["text"]) <= 75


@settings(max_examples=examples(25), deadline=None)
@given(st.integers(0, 12_000), st.text(min_size=1, max_size=200))
def test_both_lists_take_whatever_is_drawn(count: int, name: str) -> None:
    for result in every_result(count, name):
        message = draw(result)

        assert_shown(message.text, message.blocks)
    for view in (compose_view(name, f"{name}@example.org\n" * (count % 500)), preview_view(preview(count, name))):
        assert_block_kit(view, "modal")
        assert excesses(view) == []


SPOILT: dict[str, Block] = {
    "a long button": actions(button("Go", "go", "1") | {"text": {"type": "plain_text", "text": "x" * 76}}),
    "a long value": actions(button("Go", "go", "1") | {"value": "x" * 2001}),
    "a long option": {"type": "actions", "elements": [{"type": "overflow", "action_id": "more", "options": [
        {"text": {"type": "plain_text", "text": "x"}, "value": "x" * 151}]}]},
    "many options": {"type": "actions", "elements": [{"type": "overflow", "action_id": "more", "options": [
        {"text": {"type": "plain_text", "text": "x"}, "value": str(number)} for number in range(6)]}]},
    "many buttons": actions(*(button("Go", f"go:{number}", "1") for number in range(26))),
    "no button": actions(),
    "a long text": section("x" * 3001),
    "an empty text": section(""),
    "a long header": {"type": "header", "text": {"type": "plain_text", "text": "x" * 151}},
    "a long question": actions(button("Go", "go", "1", confirm=question("a", "b", "c", "d") | {
        "text": {"type": "plain_text", "text": "x" * 301}})),
}  # fmt: skip


@pytest.mark.parametrize("name", SPOILT)
def test_both_lists_refuse_the_same(name: str) -> None:
    with pytest.raises(AssertionError):
        assert_block_kit([SPOILT[name]], "message")

    assert excesses({"blocks": [SPOILT[name]]}) != []


def test_a_form_does_not_cut_a_long_list_in_two() -> None:
    view = compose_view("maths-2026-03", "a@example.org\n" * 1000)

    boxes = [block for block in view["blocks"] if block.get("block_id") == "addresses"]
    assert "initial_value" not in boxes[0]["element"]
    assert "too long for the box" in view["blocks"][0]["text"]["text"]


# A count nobody is told; events of the workspace; options of a menu; a form's content.
UNSEEN = {
    "DetailsSeen",
    "LearnerPrepared",
    "ManagedProviders",
    *("WrongCodeCounted", "InstallationRemoved", "PersonLeftNoted", "HomeKept"),
    *("ChoosableRunsListed", "ProvidersListed", "CorrectionShown", "BrokenRowsShown", "RowsCorrected"),
    "InvitableFound",
    # The file itself, and the import whose message stood above it.
    *("ImportReceived", "CorrectedFound"),
    # The report whose message says how far it is.
    *("ProgressReceived", "ReportConfirmed"),
}


def test_every_result_that_can_be_reached_can_be_drawn() -> None:
    reachable = {kind.__name__ for usecase in _usecases() for kind in _results_of(usecase)}

    assert reachable - UNSEEN <= set(BUILDERS)
    assert {"LinkRequestShown", "BatchProgress"} <= set(BUILDERS)


def _usecases() -> Iterator[typing.Any]:
    """Those of the verbs, and those that a handler imports."""
    yield from (verb.usecase for verb in VERBS.values())
    yield from (confirm_code, invite_colleague, show_colleague)
    for path in Path(inspect.getfile(bot.handlers)).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("core.usecases"):
                module = importlib.import_module(node.module or "")
                found = [getattr(module, name.name) for name in node.names]
                yield from (each for each in found if inspect.isfunction(each))


def _results_of(usecase: typing.Any) -> tuple[type, ...]:
    annotation = typing.get_type_hints(usecase)["return"]
    return typing.get_args(annotation) or (annotation,)


def _texts(value: typing.Any, kind: str | None = None) -> list[str]:
    if isinstance(value, list):
        return [text for item in value for text in _texts(item, kind)]
    if not isinstance(value, dict):
        return []
    is_wanted = isinstance(value.get("text"), str) and kind in (None, value.get("type"))
    own = [value["text"]] if is_wanted else []
    return own + [text for item in value.values() for text in _texts(item, kind)]
