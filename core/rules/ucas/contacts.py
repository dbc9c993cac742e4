"""How a learner is reached: e-mail address and telephone."""

import functools
import re

from core.rules.addresses import Address, AddressFault, guess_typo, parse_address, parse_addresses
from core.rules.ucas.cells import BLANK, Checked, number_of, text_of
from core.rules.ucas.columns import Column
from core.rules.ucas.problems import NONE, Cell, Fault, Problem, problem

# An address of the plainest kind. Its domain is looked at once only, for most learners share a few.
_PLAIN_LOCAL = re.compile(r"[A-Za-z0-9_%+-]+(?:\.[A-Za-z0-9_%+-]+)*")
_LONGEST_LOCAL, _LONGEST_ADDRESS = 64, 254
_WRAPPING = frozenset('<>"“”()[];,|')
_WORDS = {
    AddressFault.NO_AT: "there is no @ in it",
    AddressFault.NO_DOMAIN: "nothing follows the @",
    AddressFault.NO_LOCAL: "nothing stands before the @",
    AddressFault.TWO_AT: "there are two @ in it",
    AddressFault.BAD_DOMAIN: "what follows the @ cannot be",
    AddressFault.BAD_LOCAL: "what stands before the @ cannot be",
    AddressFault.TOO_LONG: "it is too long",
    AddressFault.NOT_ASCII_LOCAL: "there are letters with accents before the @",
}


def email(cell: Cell) -> Checked[str]:
    """One bare address, as it was typed; ``core.rules.addresses.address_key`` tells whose it is."""
    if isinstance(cell, str):
        local, _, domain = cell.partition("@")
        if _PLAIN_LOCAL.fullmatch(local) and len(local) <= _LONGEST_LOCAL and _is_good_domain(domain):
            return cell, NONE
    text, problems = text_of(cell, Column.EMAIL, _LONGEST_ADDRESS)
    return _address(cell, text) if text else (None, problems)


def _address(cell: Cell, text: str) -> Checked[str]:
    found = parse_address(text)
    is_wrapped = text[:7].lower() == "mailto:" or not _WRAPPING.isdisjoint(text)
    if isinstance(found, Address) and not is_wrapped and (found.address == text or not text.isascii()):
        return found.address, _typo(cell, found.address)
    inside = parse_addresses(text)
    if len(inside.accepted) + len(inside.duplicates) > 1:
        return None, (problem(Fault.EMAIL_SEVERAL, Column.EMAIL, cell),)
    if inside.accepted:
        return None, (problem(Fault.EMAIL_WRAPPED, Column.EMAIL, cell, inside.accepted[0].address),)
    if isinstance(found, Address):
        return None, (problem(Fault.EMAIL_WRAPPED, Column.EMAIL, cell, found.address),)
    why = _WORDS[found.fault]
    return None, (problem(Fault.EMAIL_INVALID, Column.EMAIL, cell, found.suggestion or "", why=why),)


def _typo(cell: Cell, address: str) -> tuple[Problem, ...]:
    guess = guess_typo(address)
    return (problem(Fault.EMAIL_TYPO, Column.EMAIL, cell, guess),) if guess else NONE


@functools.lru_cache(maxsize=4096)
def _is_good_domain(domain: str) -> bool:
    """Nothing about it needs a second look."""
    address = f"a@{domain}"
    if len(domain) > _LONGEST_ADDRESS - _LONGEST_LOCAL - 1 or not domain.isascii():
        return False
    found = parse_address(address)
    return isinstance(found, Address) and found.address == address and guess_typo(address) is None


# The United Kingdom's numbers as people and Excel write them, with and without the 0 that Excel takes away.
_PLAIN_NUMBER = re.compile(r"(?:0|44)?([1237][0-9]{9})")
_LONGEST_NUMBER = 60


def telephone(cell: Cell) -> Checked[str]:
    """In E.164 (``+441632960123``); a number without a country's code is one of the United Kingdom.

    Ofcom's numbers for drama are possible and not valid, so nothing is asked but whether a number is possible.
    """
    if cell is None or cell == "":
        return BLANK
    text = str(cell) if type(cell) is int else cell
    if type(text) is str and (plain := _PLAIN_NUMBER.fullmatch(text.replace(" ", ""))):
        return "+44" + plain[1], NONE
    return _careful_telephone(cell)


def _careful_telephone(cell: Cell) -> Checked[str]:
    text, problems = text_of(cell, Column.TELEPHONE, _LONGEST_NUMBER)
    if not text:
        return None, problems
    # First: the library reads 7.7009E+09 as another number.
    whole, damage = number_of(cell, Column.TELEPHONE)
    if not whole and any(found.fault is Fault.NUMBER_DAMAGED for found in damage):
        return None, damage
    return _parsed_telephone(cell, text)


def _parsed_telephone(cell: Cell, text: str) -> Checked[str]:
    # Loaded for the first number that is not plain: it takes a while, which a start need not wait for.
    import phonenumbers

    try:
        number = phonenumbers.parse(text, "GB")
    except phonenumbers.NumberParseException:
        return None, (problem(Fault.TELEPHONE_UNREADABLE, Column.TELEPHONE, cell),)
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None, (problem(Fault.TELEPHONE_UNREADABLE, Column.TELEPHONE, cell),)
    spoken = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    warnings = (problem(Fault.TELEPHONE_EXTENSION, Column.TELEPHONE, cell),) if number.extension else NONE
    return spoken, warnings
