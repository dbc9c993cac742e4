"""The words of a message that came in, as they are stored: encrypted, the first piece in its row, others beside it.

Erasing is emptying the row's ``raw``; ``drop_pieces`` in the same transaction takes the rest.
"""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import ColumnElement, bindparam, delete, select

from core import access
from core.context import Context
from core.large_mail import PIECE, Intake, RawMail
from core.model import InboundMessage, InboundPiece
from core.queries import Query

RAW_PLACE: Final = "inbound_message.raw"
PIECE_PLACE: Final = "inbound_piece.content"
_CONTENT: Final = Query(
    select(InboundPiece.content).where(
        InboundPiece.inbound_id == bindparam("inbound_id"), InboundPiece.number == bindparam("number")
    )
)


def keep_pieces(ctx: Context, inbound_id: int, pieces: Iterator[bytes]) -> None:
    """Those after the first, each in a statement of its own: a driver holds all that it is given at once."""
    for number, piece in enumerate(pieces, 1):
        access.change_unowned(
            ctx,
            access.insert_into(InboundPiece),
            {
                "id": ctx.tokens.new_id(),
                "inbound_id": inbound_id,
                "number": number,
                "content": ctx.vault.encrypt_bytes(piece, PIECE_PLACE),
            },
        )


def raw_of(ctx: Context, inbound_id: int, first: bytes, size: int) -> RawMail:
    """``first``: the row's ``raw``, ``size`` its size."""
    clear = ctx.vault.decrypt_bytes(first, RAW_PLACE)
    if size <= PIECE:
        return clear
    intake, number = Intake(), 0
    intake.add(clear)
    while intake.size < size:
        number += 1
        content = _CONTENT.run(ctx, inbound_id=inbound_id, number=number).scalar_one()
        intake.add(ctx.vault.decrypt_bytes(content, PIECE_PLACE))
    return intake.taken()


def drop_pieces(ctx: Context, *which: ColumnElement[bool]) -> None:
    """Of messages, of these at most, whose words are erased."""
    erased = select(InboundMessage.id).where(InboundMessage.raw.is_(None), *which)
    ctx.session.execute(delete(InboundPiece).where(InboundPiece.inbound_id.in_(erased)))
