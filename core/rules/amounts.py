"""Amounts of money as people write them, in pence."""

import re
from decimal import Decimal
from typing import Final

from core.rules.policy import MOST_PENCE

_AMOUNT: Final = re.compile(r"£?\s*([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,8})(?:\.([0-9]{1,2}))?")


def read_amount(words: str) -> int | None:
    """ "5000", "£4,999.50". None: it is no amount, or a very large one."""
    found = _AMOUNT.fullmatch(words.strip())
    if found is None:
        return None
    pence = int(Decimal(f"{found[1].replace(',', '')}.{found[2] or '0'}") * 100)
    return pence if pence <= MOST_PENCE else None
