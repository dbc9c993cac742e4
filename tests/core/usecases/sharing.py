"""What tests of shared links do on their way: make one, join by it, settle what it demands."""

from core.context import StaffActor
from core.model import CourseRun, JoinRequest, SharedLink
from core.rules.links import LinkKind
from core.usecases.links.crowds import JoinTogether, join_together
from core.usecases.links.join_requests import ConfirmJoin, confirm_join
from core.usecases.links.joining import ConfirmationMailed, JoinByLink, JoinedByLink, join_by_link
from core.usecases.links.looking import LinkLookedAt, LookAtLink, look_at_link
from core.usecases.links.settings import ChangeSharedLink, change_shared_link
from core.usecases.links.shared_links import (
    CreateSharedLink,
    SharedLinkChanged,
    ShowSharedLink,
    create_shared_link,
    show_shared_link,
)
from core.usecases.links.showing import SharedLinkShown
from tests.core.usecases.acting import MATHS, change, only
from tests.factories import LEARNER, School


def share(school: School, code: str = MATHS, by: StaffActor | None = None) -> SharedLinkChanged:
    return school.app.run(create_shared_link, CreateSharedLink(code), by or school.owner)


def shown(school: School, link_id: int, by: StaffActor | None = None) -> SharedLinkShown:
    return school.app.read(show_shared_link, ShowSharedLink(link_id), by or school.owner)


def settle(school: School, link_id: int, *, cap: str = "", domains: str = "", confirm: bool = False) -> None:
    school.app.run(change_shared_link, ChangeSharedLink(link_id, cap, domains, confirm), school.owner)


def link_token(school: School, link_id: int) -> str:
    link = only(school.app, SharedLink, SharedLink.id == link_id)
    return school.app.links.token(LinkKind.SHARED, link.id, link.generation)


def look(school: School, link_id: int) -> LinkLookedAt:
    return school.app.read(look_at_link, LookAtLink(link_token(school, link_id)), LEARNER)


def join(school: School, link_id: int, address: str = "ada@example.org") -> JoinedByLink | ConfirmationMailed:
    command = JoinByLink(link_token(school, link_id), "Ada", "Marsh", address)
    return school.app.run(join_by_link, command, LEARNER)


def presses(school: School, link_id: int, *addresses: str) -> tuple[JoinByLink, ...]:
    token = link_token(school, link_id)
    return tuple(JoinByLink(token, "Ada", "Marsh", address) for address in addresses)


def join_many(school: School, link_id: int, *addresses: str) -> tuple[JoinedByLink | None, ...]:
    """At the same moment."""
    command = JoinTogether(link_token(school, link_id), presses(school, link_id, *addresses))
    return school.app.run(join_together, command, LEARNER).answers


def request_token(school: School, address: str = "ada@example.org") -> str:
    request = only(school.app, JoinRequest, JoinRequest.address == address)
    return school.app.links.token(LinkKind.JOIN_CONFIRMATION, request.id)


def confirm(school: School, address: str = "ada@example.org") -> JoinedByLink:
    return school.app.run(confirm_join, ConfirmJoin(request_token(school, address)), LEARNER)


def move_run(school: School, code: str, **moments: object) -> None:
    run = only(school.app, CourseRun, CourseRun.code == code)
    change(school.app, CourseRun, run.id, **moments)
