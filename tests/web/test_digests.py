"""The link in a digest's e-mail."""

from starlette.testclient import TestClient

from core.rules.links import LinkKind
from core.usecases.digests.settings import SetDigest, set_digest
from tests.web.world import World


def test_looking_changes_nothing_and_one_press_or_click_ends_the_e_mails(world: World, visitor: TestClient) -> None:
    world.app.run(set_digest, SetDigest(), world.school.owner)
    by_mail = "SELECT count(*) FROM digest_setting WHERE by_mail"
    setting_id = world.count("SELECT id FROM digest_setting")
    path = f"/d/{world.app.links.token(LinkKind.DIGEST, setting_id)}/stop"

    asked = visitor.get(path)
    before = world.count(by_mail)
    one_click = visitor.post(path, data={"List-Unsubscribe": "One-Click"})
    again, looked = visitor.post(path), visitor.get(path)

    assert "Stop these e-mails" in asked.text
    assert (before, world.count(by_mail)) == (1, 0)
    assert one_click.headers["content-type"].startswith("text/plain")
    assert "You get no more digests by e-mail" in again.text
    assert "In Slack it goes on" in again.text
    assert "nothing to stop" in looked.text
    assert visitor.get(f"{path[:-6]}x/stop").status_code == 404
