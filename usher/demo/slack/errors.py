"""Refusals of the Web API, under the words that Slack uses for them."""


class SlackError(Exception):
    """`details` go into the answer beside `error`, e.g. response_metadata."""

    def __init__(self, code: str, **details: object) -> None:
        super().__init__(code)
        self.code = code
        self.details = details


def problems_error(code: str, problems: list[str]) -> SlackError:
    messages = [f"[ERROR] {problem}" for problem in problems]
    return SlackError(code, errors=problems, response_metadata={"messages": messages})


class NothingThere(Exception):
    """A person cannot press, fill in or close what is not on their screen."""


class CannotSubmit(Exception):
    """The Slack client itself refuses the form, before the app hears of it; `fields` says why, by block_id."""

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__(fields)
        self.fields = fields


class AppNotReachable(Exception):
    """Nobody listens: no request URL is set and no socket is connected."""
