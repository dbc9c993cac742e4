"""What can be asked, in the words to write."""

from bot.blocks.controls import Action
from bot.blocks.parts import BUTTON_VALUE_CHARACTERS, Block, Message, actions, button, escaped, section, value_of
from core.requests import VERBS, ComposeInvitation, Help, Verb


def draw_help(asked: Help) -> Message:
    return _one_verb(VERBS[asked.verb]) if asked.verb else Message("What I can do for you.", help_blocks())


def help_blocks() -> tuple[Block, ...]:
    return section("*What I can do for you*"), *verb_blocks(), actions(_form_button("", ""))


def verb_blocks() -> tuple[Block, ...]:
    """Ten verbs a section: all of them together would be too long for one."""
    lines = [f"`{_written(verb)}`  {escaped(verb.summary)}" for verb in VERBS.values()]
    foot = "In a direct message leave “/usher” out. “/usher help invite” says more about one of them."
    groups = ("\n".join(lines[start : start + 10]) for start in range(0, len(lines), 10))
    return *map(section, groups), section(foot)


def draw_compose(compose: ComposeInvitation) -> Message:
    """Where no form can be opened at once: a button that opens it. A long list would not fit into the button."""
    text = "Tell me the run and the addresses."
    example = escaped(VERBS["invite"].examples[0])
    more = f"For example: `{example}`\nOr fill in the form; it takes files too."
    return Message(text, (section(f"*{text}*\n{more}"), actions(_form_button(compose.run, compose.addresses))))


def _one_verb(verb: Verb) -> Message:
    examples = "\n".join(f"`/usher {escaped(example)}`" for example in verb.examples)
    text = f"*{escaped(verb.summary)}*\n`{_written(verb)}`\nFor example:\n{examples}"
    return Message(escaped(verb.summary), (section(text),))


def _written(verb: Verb) -> str:
    return escaped(f"/usher {verb.name} {verb.usage}".strip())


def _form_button(run: str, addresses: str) -> Block:
    value = value_of(run[:64], addresses)
    fits = len(value) <= BUTTON_VALUE_CHARACTERS
    return button("Invite learners…", Action.COMPOSE, value if fits else value_of(run[:64], ""))
