"""What waits to go out."""

from bot.blocks.controls import Action
from bot.blocks.parts import Block, Message, actions, button, paged, question, said, section, value_of
from bot.blocks.words import batch_name, counted, moment, run_name
from core.usecases.invitations.schedules import ScheduledListed, ScheduledRow


def draw_scheduled(listed: ScheduledListed) -> Message:
    text = f"{counted(listed.total, 'mailing')} {'waits' if listed.total == 1 else 'wait'} to go out."
    if not listed.rows:
        after = "Write “at Mon 09:00” after the addresses of an invitation, and it goes out then."
        return Message("Nothing waits to go out.", (section(f"*Nothing* waits to go out.\n{after}"),))
    rows = [block for row in listed.rows for block in _row(row, listed.page)]
    number, _, rest = text.partition(" ")
    pages = paged(Action.SCHEDULES_PAGE, listed.page, listed.page_count, ())
    return Message(text, (section(f"*{number}* {rest}"), *rows, *pages))


def _row(row: ScheduledRow, page: int) -> tuple[Block, ...]:
    name = batch_name(row.numbers) if len(row.numbers) == 1 else batch_name((row.numbers[0], row.numbers[-1]))
    text = (
        f"{moment(row.sends_at)}: *{counted(row.invited, 'learner')}* to {run_name(row.run)}\n"
        f"{name} · by {said(row.staff, 60)}"
    )
    value = value_of(str(row.confirmation_id), page)
    return section(text), actions(
        button("Send now", Action.SCHEDULES_SEND, value, confirm=_send_question(row, name)),
        button("Cancel", Action.SCHEDULES_CANCEL, value, style="danger", confirm=_cancel_question(row, name)),
    )


def _send_question(row: ScheduledRow, name: str) -> Block:
    text = f"{counted(row.invited, 'e-mail')} will go out in a moment. For a minute you can still undo it."
    return question(f"Send {name} now?", text, "Send now", "Wait")


def _cancel_question(row: ScheduledRow, name: str) -> Block:
    text = f"{counted(row.invited, 'invitation')} will not be sent. Nothing has left the house yet."
    return question(f"Cancel {name}?", text, "Cancel it", "Keep it")
