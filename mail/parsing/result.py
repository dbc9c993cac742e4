"""What comes back from the child: of several classes msgpack cannot tell which it is."""

from msgspec import Struct

from mail.parsing.parsed import ParsedMail


class Parsed(Struct, frozen=True):
    """Without ``mail``, ``reason`` says why."""

    mail: ParsedMail | None
    reason: str = ""
