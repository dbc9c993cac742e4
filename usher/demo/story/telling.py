"""The three stories one after the other, and the figures that they end in."""

from msgspec import Struct
from msgspec.structs import asdict

from usher.demo.running import Demo
from usher.demo.slack.inspection import JsonObject
from usher.demo.story.digesting import Digested, tell_of_the_digest
from usher.demo.story.importing import Imported, tell_of_importing
from usher.demo.story.inviting import Invited, tell_of_inviting


class Figures(Struct, frozen=True):
    invited: Invited
    imported: Imported
    digested: Digested

    def as_json(self) -> JsonObject:
        """The first story's stand on their own, the others' under a name each."""
        return asdict(self.invited) | {"import": asdict(self.imported), "digest": asdict(self.digested)}

    def differences(self, addresses: int) -> list[str]:
        """Between what these stories must end in and what they did."""
        invited = {"invited": addresses, "sent": addresses, "accepted": 1, "declined": 1, "bounced": 0}
        imported = {"rows": 12, "problems": 3, "marked": 3, "new": 9, "left_out": 3}
        digested = {"rows": 5, "stored": 4, "at_risk": 2, "enrolled": 1, "is_same": True}
        stories = ((self.invited, invited), (self.imported, imported), (self.digested, digested))
        return [
            f"{name} is {asdict(story)[name]}, wanted {value}"
            for story, wanted in stories
            for name, value in wanted.items()
            if asdict(story)[name] != value
        ]


async def tell_stories(demo: Demo, *, addresses: int) -> Figures:
    """Wants learners who joined long ago (``usher.demo.life``). Raises StoryBroke."""
    invited = await tell_of_inviting(demo, addresses=addresses)
    imported = await tell_of_importing(demo)
    return Figures(invited, imported, await tell_of_the_digest(demo))
