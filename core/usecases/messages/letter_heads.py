"""What every letter begins with, from the columns of its row."""

from typing import Any

from sqlalchemy import Row

from core.letters import LetterHead


def letter_head(row: Row[Any], name: str, organisation: str, reply_to: str) -> LetterHead:
    return LetterHead(
        message_id=row.id,
        message_ref=row.message_ref,
        recipient=row.recipient,
        recipient_name=name,
        organisation=organisation,
        reply_to=reply_to,
        created_at=row.created_at,
    )
