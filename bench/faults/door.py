"""What people do in an experiment, with a ledger of what they were answered."""

from itertools import count

from sqlalchemy import select

from bench.faults import checker
from bench.world import World, addresses, as_typed
from core.context import SlackVisitor, System
from core.model import OutboundMessage
from core.usecases.invitations.batches import LearnersInvited
from core.usecases.staff.slack_identity import AskForCode, ask_for_code
from core.words import Channel, MessageKind, MessageState


class Door:
    def __init__(self, world: World) -> None:
        self.world = world
        self.app = world.app
        self.acknowledged = checker.begin(world.app)
        self._numbers = count()

    def invite(self, how_many: int) -> tuple[LearnersInvited, list[str]]:
        """Also the addresses."""
        people = addresses(how_many, f"batch{next(self._numbers)}")
        draft_id = self.world.draft(as_typed(people))
        self.acknowledged.note("prepare_invitation")
        invited = self.world.confirm(draft_id)
        self.acknowledged.note("invite_learners", invited)
        return invited, [address for address, _ in people]

    def ask_for_codes(self, how_many: int) -> None:
        """Each by another Slack user, for nobody gets many codes an hour. A kind that must never arrive twice."""
        sample = self.world.sample
        for _ in range(how_many):
            visitor = SlackVisitor("", sample.team.id, f"UASKS{next(self._numbers)}", sample.owner.email)
            self.app.run(ask_for_code, AskForCode(), visitor)
            self.acknowledged.note("ask_for_code")

    def unfinished_mail(self) -> int:
        return checker.unfinished(self.app, Channel.EMAIL)

    def mails_being_sent(self) -> int:
        query = select(OutboundMessage.id).where(
            OutboundMessage.state == MessageState.SENDING, OutboundMessage.channel == Channel.EMAIL
        )
        return self.app.read(lambda ctx, _: len(ctx.session.scalars(query).all()), None, System())

    def rows(self, kind: MessageKind) -> list[OutboundMessage]:
        """Newest last."""
        query = select(OutboundMessage).where(OutboundMessage.kind == kind).order_by(OutboundMessage.created_at)
        return self.app.read(lambda ctx, _: list(ctx.session.scalars(query)), None, System())
