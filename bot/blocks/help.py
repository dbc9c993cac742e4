"""What can be asked, in the words to write: what a newcomer needs first, and the rest by topic."""

from collections.abc import Iterable

from bot.blocks.controls import Action
from bot.blocks.parts import (
    BUTTON_VALUE_CHARACTERS,
    Block,
    Message,
    actions,
    button,
    context,
    escaped,
    section,
    value_of,
)
from core.requests import VERBS, ComposeInvitation, Help, Verb
from core.verbs import EVERYTHING, FIRST, TOPICS, FirstThing


def draw_help(asked: Help) -> Message:
    if asked.verb:
        return _one_verb(VERBS[asked.verb])
    if asked.topic == EVERYTHING:
        titles = (section(f"*{topic.title}*\n{_lines(topic.verbs)}") for topic in TOPICS.values())
        return Message("Everything I can do.", (*titles, context(_FOOT), _others(EVERYTHING)))
    if asked.topic:
        topic = TOPICS[asked.topic]
        text = section(f"*{topic.title}*\n{_lines(topic.verbs)}")
        return Message(f"{topic.title}.", (text, context(_FOOT), _others(asked.topic)))
    head = section("*What I can do for you*"), *first_blocks()
    return Message("What I can do for you.", (*head, actions(_form_button("", "")), _others("")))


_FOOT = "In a direct message leave “/usher” out. “/usher help invite” says more about one of them."


def first_blocks() -> tuple[Block, ...]:
    lines = "\n".join(f"• {_first(each)}" for each in FIRST)
    return section(lines), context("“/usher help all” lists everything. In a direct message leave “/usher” out.")


def _first(thing: FirstThing) -> str:
    return f"`/usher {escaped(thing.write)}`  {escaped(thing.what)}" if thing.write else escaped(thing.what)


def _lines(verbs: Iterable[str]) -> str:
    return "\n".join(f"`{_written(VERBS[name])}`  {escaped(VERBS[name].summary)}" for name in verbs)


def _others(shown: str) -> Block:
    """Topics that take the place of the one that is shown; empty is the first."""
    names = {"": "First things", **{topic.name: topic.title for topic in TOPICS.values()}, EVERYTHING: "Everything"}
    return actions(
        *(
            button(title, f"{Action.ASK_INSTEAD}:{name or 'first'}", f"help {name}".strip())
            for name, title in names.items()
            if name != shown
        )
    )


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
