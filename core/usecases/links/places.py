"""A learner's place on a run, by the link in the mail that welcomed them: look at it, and ask for no more mails."""

from msgspec import Struct

from core import access
from core.cards import RunCard, run_card
from core.context import Context
from core.model import Enrolment, Organisation
from core.usecases.mailbox.stopping import stop_for_enrolment


class ShowPlace(Struct, frozen=True):
    """By the link in the welcome mail."""

    token: str


class PlaceShown(Struct, frozen=True):
    run: RunCard
    organisation: str
    is_on_run: bool


class StopMails(Struct, frozen=True):
    """By the link in a mail about joining."""

    token: str


class MailsStopped(Struct, frozen=True):
    organisation: str


def show_place(ctx: Context, command: ShowPlace) -> PlaceShown:
    enrolment_id = access.enrolment_by_link(ctx, command.token)
    enrolment = ctx.session.get_one(Enrolment, enrolment_id)
    run = access.joined_run(ctx, enrolment.run_id)
    organisation = ctx.session.get_one(Organisation, enrolment.organisation_id)
    return PlaceShown(run_card(run), organisation.name, enrolment.left_at is None)


def stop_mails_of_place(ctx: Context, command: StopMails) -> MailsStopped:
    """All addresses of the learner get no more mails from this organisation. They stay on the course."""
    enrolment_id = access.enrolment_by_link(ctx, command.token)
    enrolment = ctx.session.get_one(Enrolment, enrolment_id)
    stop_for_enrolment(ctx, enrolment)
    return MailsStopped(ctx.session.get_one(Organisation, enrolment.organisation_id).name)
