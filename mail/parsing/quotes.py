"""The sender's new words, apart from what they answer, forward and sign with. Line by line, in linear time.

Mail programs do not agree on how a quote looks, so each line is asked: is it quoted (``> ``), does it introduce a
quote ("On ... wrote:"), does everything from here on belong to another message (a block of its headers, a ruled title),
does a signature begin?
"""

import re
from typing import Final

from msgspec import Struct

from mail.parsing.quote_words import BEGINS, CLOSINGS, DEVICES, FROM, OTHER_HEADERS, TITLES, WROTE

CHARACTERS: Final = 1 << 18
# A control character, so that it stands in no mail that was decoded: what follows it belongs to another message.
CUT: Final = "\x02"
_WIDTH: Final = 998
_INTRODUCTION_LINES: Final = 4
_CLOSING_LINES: Final = 15

_RULE: Final = re.compile(r"[_\-=*─—]{8,}")
_PGP_BEGIN: Final = "-----BEGIN PGP SIGNED MESSAGE-----"
_PGP_END: Final = "-----BEGIN PGP SIGNATURE-----"


class Cut(Struct, frozen=True):
    text: str
    quoted: str


def cut(text: str) -> Cut:
    lines = _without_armour(text.split("\n"))
    kept: list[str] = []
    quoted: list[str] = []
    at = 0
    while at < len(lines):
        seen = lines[at][:_WIDTH].strip()
        if not seen:
            kept.append("")
            at += 1
        elif seen.startswith((">", "｜", "&gt;")):
            quoted.append(lines[at])
            at += 1
        elif introduced := _introduction(lines, at, seen):
            end = at + introduced
            quoted.extend(lines[at:end])
            at = end
            # Where the quote bears no marks it goes on to the end.
            if not _next_is_marked(lines, at):
                break
        elif _begins_other_message(lines, at, seen):
            break
        else:
            kept.append(lines[at])
            at += 1
    quoted.extend(lines[at:])
    return Cut(_unsigned(kept), "\n".join(each for each in quoted if each != CUT).strip("\n"))


def _without_armour(lines: list[str]) -> list[str]:
    """What was signed within the text: only what the signature covers, without its own lines."""
    if _PGP_BEGIN not in lines:
        return lines
    begin = lines.index(_PGP_BEGIN) + 1
    while begin < len(lines) and lines[begin].strip():
        begin += 1
    end = lines.index(_PGP_END) if _PGP_END in lines else len(lines)
    return [line.removeprefix("- ") for line in lines[begin + 1 : end]]


def _introduction(lines: list[str], at: int, seen: str) -> int:
    """How many lines introduce a quote from here; 0: none do. They are folded at any place."""
    if not seen.lower().startswith(BEGINS) and not _ends_introduction(seen):
        return 0
    joined = ""
    for count, line in enumerate(lines[at : at + _INTRODUCTION_LINES], start=1):
        line = line[:_WIDTH].strip()
        if not line or line.startswith(">"):
            return 0
        joined = f"{joined} {line}"
        if _ends_introduction(joined):
            return count
    return 0


def _ends_introduction(text: str) -> bool:
    """Somebody wrote, and when or under which address: "On Monday Bo wrote:" alone may be part of a story."""
    if not text.rstrip().endswith((":", "：", ":*", ": *")):
        return False
    lowered = text.lower()
    return any(each in lowered for each in WROTE) and ("@" in text or any(each.isdigit() for each in text))


def _next_is_marked(lines: list[str], at: int) -> bool:
    following = next((line for line in lines[at : at + 5] if line.strip()), "")
    return following.lstrip().startswith(">")


def _begins_other_message(lines: list[str], at: int, seen: str) -> bool:
    if seen == CUT:
        return True
    lowered = seen.lower().strip("*> ")
    if lowered.strip(" :").rstrip(":") in TITLES:
        return True
    if seen.startswith("--") and any(each in lowered for each in TITLES):
        return True
    if _RULE.fullmatch(seen):
        following = next((number for number in range(at + 1, min(at + 4, len(lines))) if lines[number].strip()), None)
        return following is not None and _is_header_block(lines, following)
    return _is_header_block(lines, at)


def _is_header_block(lines: list[str], at: int) -> bool:
    """As Outlook does it: From, and at least two others of its kind below."""
    name, value = _as_header(lines[at])
    if name not in FROM or not value:
        return False
    others = 0
    for line in lines[at + 1 : at + 9]:
        name, _ = _as_header(line)
        others += name in OTHER_HEADERS
    return others >= 2


def _as_header(line: str) -> tuple[str, str]:
    name, colon, value = line[:200].replace("*", "").replace("\xa0", " ").partition(":")
    return (name.strip().lower(), value.strip()) if colon else ("", "")


def _unsigned(lines: list[str]) -> str:
    end = len(lines)
    left = sum(1 for line in lines if line.strip())
    addresses = sum(line.count("@") for line in lines)
    for number, line in enumerate(lines):
        if not line:
            continue
        seen = line[:_WIDTH].strip()
        if line.rstrip("\r") in ("-- ", "--", "—", "__") and number:
            end = number
            break
        if seen.lower().startswith(DEVICES) and left <= _CLOSING_LINES:
            end = number
            break
        # Below a list somebody may thank for, there may be more of the list.
        is_closing = seen.lower().rstrip(",.!- ") in CLOSINGS and left <= _CLOSING_LINES and addresses <= 2
        if is_closing and any(each.strip() for each in lines[:number]):
            end = number
            break
        left -= bool(seen)
        addresses -= line.count("@")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in lines[:end])).strip("\n")
