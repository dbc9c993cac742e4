"""A message bears somebody's address, and nothing proves that they wrote it: they are asked."""

from bot.blocks.controls import Action
from bot.blocks.parts import Message, actions, button, said, section
from bot.blocks.words import counted, moment
from core.usecases.mailbox.held_mail import HeldMailRefused, HeldMailReleased, HeldMailShown
from core.wording.phrases import size_words
from core.words import MailState


def draw_held_mail(held: HeldMailShown) -> Message:
    text = "A message with your address came in. Was this you?"
    facts = _facts(held)
    if held.state is not MailState.HELD:
        return Message(text, (section(f"{facts}\n*Dealt with.*"),))
    value = str(held.inbound_id)
    choice = actions(
        button("Yes, this was me", Action.HELD_MAIL_YES, value), button("No, it was not", Action.HELD_MAIL_NO, value)
    )
    after = (
        f"“Yes” does what it asks, as if it were proven. Without an answer it is thrown away {moment(held.erased_at)}."
    )
    return Message(text, (section(f"*Was this you?*\n{facts}"), choice, section(f"{after}{_others(held.waiting)}")))


def draw_released(result: HeldMailReleased) -> Message:
    text = "I do what the message asks, and answer it by e-mail."
    return _then(text, result.next)


def draw_refused(result: HeldMailRefused) -> Message:
    text = "Thrown away: nothing was done, and nobody was answered. Whoever runs Usher can see that it was not you."
    return _then(text, result.next)


def _then(text: str, next_one: HeldMailShown | None) -> Message:
    more = draw_held_mail(next_one).blocks if next_one else ()
    return Message(text, (section(text), *more))


def _facts(held: HeldMailShown) -> str:
    subject = f"Its subject: “{said(held.subject, 400)}”." if held.subject else "It has no subject."
    server = f" Its mail server calls itself {said(held.server)}." if held.server else ""
    when = f"It came {moment(held.received_at)} and has {size_words(held.size)}."
    what = f"To {said(held.organisation)} somebody wrote an e-mail with your address as its sender."
    return f"{what}\n{subject}\n{when}{server}"


def _others(waiting: int) -> str:
    return (
        f" {counted(waiting, 'more message')} with your address {'waits' if waiting == 1 else 'wait'}."
        if waiting
        else ""
    )
