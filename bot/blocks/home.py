"""The home tab: the numbers that matter today, the latest batches, and a button for everything."""

from bot.blocks.batches import undo_question
from bot.blocks.controls import Action
from bot.blocks.help import first_blocks
from bot.blocks.parts import Block, Message, actions, button, context, heading, said, section, value_of
from bot.blocks.words import bar, batch_name, counted, moment
from core.rules.policy import LEARNERS_COUNTED
from core.usecases.staff.homes import HomeBatch, HomeShown
from core.words import Role

_MAY_INVITE = (Role.OWNER, Role.MANAGER)


def draw_home(home: HomeShown) -> Message:
    """The moment when it was drawn is left out: an unchanged home must look unchanged."""
    text = f"{counted(home.pending, 'invitation')} waiting for an answer, {home.bounced:,} not delivered."
    return Message(
        text,
        (
            heading(f"Hello {home.name}"),
            context(said(home.organisation) or "Your organisation"),
            section(_counters(home)),
            _buttons(home),
            heading("Latest batches"),
            *(block for batch in home.batches for block in _batch(batch, home.role)),
            *(() if home.batches else (section("Nobody has been invited yet. “Invite learners” starts a batch."),)),
            heading("In words"),
            *first_blocks(),
        ),
    )


def _counters(home: HomeShown) -> str:
    learners = f"more than {LEARNERS_COUNTED:,}" if home.learners > LEARNERS_COUNTED else f"{home.learners:,}"
    lines = [
        f"*{home.pending:,}* invited and not answered yet",
        f"*{home.bounced:,}* of them not delivered"
        + (": “Not delivered” lists them, to correct or send again" if home.bounced else ""),
        f"*{home.expiring:,}* of them end within 7 days",
        f"*{home.links_ending:,}* shared {'link ends' if home.links_ending == 1 else 'links end'} within 7 days",
        f"*{learners}* learners in all",
        _imports(home),
    ]
    return "\n".join(lines)


def _imports(home: HomeShown) -> str:
    waits = "import waits" if home.imports_waiting == 1 else "imports wait"
    running = f", *{home.imports_running:,}* running" if home.imports_running else ""
    return f"*{home.imports_waiting:,}* {waits} for somebody's decision{running}"


def _buttons(home: HomeShown) -> Block:
    """What is written after “/usher” may be pressed here; the answer comes as a direct message."""
    asked = {f"Not delivered ({home.bounced:,})": "invites bounced"} if home.bounced else {}
    asked |= {"Courses": "courses", "Shared links": "links", "Going out later": "scheduled"}
    asked |= {"Held imports": "imports held"} if home.imports_waiting else {"Imports": "imports"}
    asked |= {"Learners": "learners", "What changed": "digest now", "Costs": "costs", "Help": "help"}
    if home.role is Role.OWNER:
        asked |= {"Staff": "staff"}
    invite = [button("Invite learners…", Action.COMPOSE, value_of("", ""), style="primary")]
    return actions(
        *(invite if home.role in _MAY_INVITE else []),
        *(button(label, f"{Action.HOME_ASK}:{words.replace(' ', '_')}", words) for label, words in asked.items()),
    )


def _batch(batch: HomeBatch, role: Role) -> tuple[Block, ...]:
    answered = batch.accepted + batch.declined
    text = (
        f"*{batch_name(batch.numbers)}* · {said(batch.course_title)} · {moment(batch.created_at)}\n"
        f"{bar(answered, batch.invited)} answered\n"
        f"*{batch.accepted:,}* accepted · {batch.declined:,} declined · {batch.waiting:,} waiting"
        f" · {batch.cancelled:,} cancelled"
    )
    look = button("Look", f"{Action.HOME_ASK}:batch", f"batch {batch.numbers[0]}")
    if not batch.waiting or role not in _MAY_INVITE:
        return section(text), actions(look)
    undo = button("Undo", Action.SCOREBOARD_UNDO, str(batch.confirmation_id), confirm=undo_question(batch.numbers))
    return section(text), actions(look, undo)
