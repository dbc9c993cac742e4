"""From kept digests to letters and notes. Whoever left, or said no meanwhile, gets nothing any more."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Row, select

from core.context import Context
from core.letters import DigestLetter, Letter
from core.model import Digest, DigestSetting, Organisation, StaffMember
from core.rules.links import LinkKind
from core.usecases.digests.news import DigestShown
from core.usecases.messages.answer_letters import organisation_address
from core.usecases.messages.letter_heads import letter_head


def digest_letters(ctx: Context, rows: Sequence[Row[Any]]) -> list[Letter]:
    query = (
        select(Digest.id, Digest.setting_id, Digest.content, StaffMember, Organisation.name, Organisation.slug)
        .join(DigestSetting, DigestSetting.id == Digest.setting_id)
        .join(StaffMember, StaffMember.id == Digest.staff_id)
        .join(Organisation, Organisation.id == Digest.organisation_id)
        .where(Digest.id.in_([row.about_id for row in rows]), StaffMember.disabled_at.is_(None))
        .where(DigestSetting.by_mail, DigestSetting.next_at.is_not(None))
    )
    found = {each.id: each for each in ctx.session.execute(query)}
    return [
        DigestLetter(
            head=letter_head(
                row, each.StaffMember.name, each.name, organisation_address(ctx.settings.mail_inbox, each.slug)
            ),
            token=ctx.links.token(LinkKind.DIGEST, each.setting_id),
            digest=_read(each.content),
        )
        for row in rows
        if (each := found.get(row.about_id)) is not None
    ]


def digests_in_slack(ctx: Context, ids: Iterable[int]) -> dict[int, DigestShown]:
    """Those of them that are still wanted there."""
    query = (
        select(Digest.id, Digest.content)
        .join(DigestSetting, DigestSetting.id == Digest.setting_id)
        .where(Digest.id.in_(list(ids)), DigestSetting.in_slack, DigestSetting.next_at.is_not(None))
    )
    return {row.id: _read(row.content) for row in ctx.session.execute(query)}


def _read(content: str) -> DigestShown:
    return msgspec.json.decode(content, type=DigestShown)
