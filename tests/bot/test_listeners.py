"""Everything that can be pressed, chosen or submitted is heard."""

from typing import Any

from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.blocks import draw
from bot.blocks.controls import Action
from bot.blocks.errors import draw_error
from bot.blocks.invitation_changes import correction_view, several_view
from bot.blocks.invitations import draw_reinvite_question
from bot.blocks.learner_forms import learner_preview_view, new_learner_view
from bot.blocks.parts import Block
from bot.blocks.shared_links import saved_view, settings_view
from bot.blocks.staff import staff_change_view, staff_done_view, staff_invitation_view
from bot.blocks.views import compose_view, invited_view, preview_view, reading_view
from core.errors import NeedsConfirmation, UnknownVerb
from core.requests import ComposeLearner, Help, Instead
from core.usecases.invitations.corrections import CorrectionShown
from core.usecases.invitations.single import ReinviteLearner
from tests.bot.blocks.samples import (
    composed,
    every_result,
    invited,
    listed,
    prepared,
    preview,
    shared_links,
    staff_card,
)
from tests.bot.conftest import World


async def test_every_button_has_a_listener(world: World) -> None:
    question = draw_reinvite_question(NeedsConfirmation(address="a", reason="b"), ReinviteLearner("a", "b"))
    mistyped = draw_error(UnknownVerb(verb="a", nearest="b"), [Instead("b", "b")])
    shown = [message.blocks for message in (*map(draw, every_result(1_000, "Maths")), question, mistyped)]
    emitted = {action for blocks in shown for action in _actions(blocks)}

    for action_id in emitted:
        assert await _listeners(world, _pressed(action_id)) == 1, action_id
    assert {action_id.partition(":")[0] for action_id in emitted} == set(Action)


async def test_every_form_that_can_be_submitted_has_a_listener(world: World) -> None:
    views = [compose_view("", ""), preview_view(preview(1, "Maths")), invited_view(invited(1, "Maths"))]
    views += [reading_view("list.csv", "file-1"), preview_view(preview(1, "Maths", new=0))]
    views += [several_view(listed(10, "Maths")), correction_view(CorrectionShown(1, "a@example.org", ""))]
    views += [settings_view(shared_links(1, "Maths")[0]), saved_view(shared_links(1, "Maths")[0])]

    views += [
        staff_invitation_view(composed("Max")),
        staff_change_view(staff_card("Max")),
        staff_done_view(draw(Help())),
    ]

    views += [new_learner_view(ComposeLearner()), learner_preview_view(prepared(1, "Ada"))]

    submittable = {view["callback_id"] for view in views if "submit" in view}

    assert submittable == {
        *("invitations_form", "batches_form", "invitations_several_form", "invitations_correct_form"),
        "links_settings_form",
        *("staff_invitation_form", "staff_change_form"),
        *("learners_form", "learners_confirm_form"),
    }
    for callback_id in submittable:
        body = {"type": "view_submission", "view": {"type": "modal", "callback_id": str(callback_id)}}
        assert await _listeners(world, body) == 1


def _actions(blocks: tuple[Block, ...]) -> set[str]:
    elements = [element for block in blocks for element in [*block.get("elements", []), block.get("accessory") or {}]]
    return {element["action_id"] for element in elements if "action_id" in element}


def _pressed(action_id: str) -> dict[str, Any]:
    return {"type": "block_actions", "actions": [{"action_id": action_id, "block_id": "b", "type": "button"}]}


async def _listeners(world: World, body: dict[str, Any]) -> int:
    request = AsyncBoltRequest(body=body, mode="socket_mode")
    response = BoltResponse(status=200)
    heard = [await listener.async_matches(req=request, resp=response) for listener in world.bolt._async_listeners]
    return sum(heard)
