"""Leafing through what enrolments cost: months, and the runs of one."""

from slack_bolt.async_app import AsyncApp

from bot import answers
from bot.blocks.controls import Action
from bot.deps import Deps
from bot.handlers.presses import Presses, by_parts
from core.usecases.costs.costs import ShowCosts, show_costs


def register(bolt: AsyncApp, deps: Deps) -> None:
    press = Presses(bolt, deps)
    press.reads(Action.COSTS_PAGE, show_costs, by_parts(ShowCosts), answers.replace)
