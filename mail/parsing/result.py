"""What comes back from the child: of several classes msgpack cannot tell which it is."""

from dataclasses import dataclass

from mail.parsing.parsed import ParsedMail


@dataclass(frozen=True, slots=True)
class Parsed:
    """Without ``mail``, ``reason`` says why."""

    mail: ParsedMail | None
    reason: str = ""
