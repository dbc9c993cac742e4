"""Progress in Slack: a report dropped on the bot, its columns said yes to, a run leafed through, one learner's card."""

from tests.bot.conftest import RUN, World, action_ids, shown, words
from tests.bot.importing import Importing
from tests.core.usecases.progressing import enrol, enrol_named, fall_silent, line, report
from usher.demo.slack.records import Message, User

ADA, BO = "ada@example.org", "bo@example.org"


def report_message(world: World) -> Message:
    """The one message of the report."""
    (found,) = (each for each in world.direct_messages(world.olive) if "P-0001" in words(each))
    return found


async def test_a_report_that_is_dropped_on_the_bot_is_merged_and_shown(world: World) -> None:
    enrol(world.school, ADA, BO, run=RUN)
    content = report(line(ADA, steps_completed="95%", avg_test_score="80%"), line("ext-9", steps_completed="5%"))
    importing = Importing(world)

    await importing.drop("report.csv", content, text=f"progress {RUN}")
    answered = report_message(world)
    run = shown(await world.usher(f"progress {RUN}"))
    stalled = shown(await world.usher(f"progress {RUN} stalled"))
    digest = words(shown(await world.usher("digest now")))
    learner = shown(await world.usher(f"progress {ADA}"))

    assert "1 of 2 rows stored, 1 needs a look (P-0001)." in words(answered)
    assert "No learner of yours is known by this (“ext-9”)" in words(answered)
    assert "90 % or more  ▓▓▓▓▓░░░░░ 1 of 2" in words(run)
    assert "95 % of the steps · test score 80 %" in words(run)
    assert "progress_page:stalled" in action_ids(run)
    assert "Nobody is in this list." in words(stalled)
    assert "▓▓▓▓▓░░░░░` 1 of 2 enrolled with 90 % or more of the steps, 1 not known" in digest
    assert "from the platform's report" in words(learner)


async def test_another_platforms_columns_are_shown_and_confirmed_by_a_button(world: World) -> None:
    enrol(world.school, ADA, run=RUN)
    importing = Importing(world)

    await importing.drop("lms.csv", f"User,Email,Progress\n1,{ADA},61%\n".encode(), text=f"progress {RUN}")
    asked = report_message(world)
    question = words(asked)
    await world.driver.press(world.olive, asked, "progress_confirm")
    pressed = words(asked)
    await importing.work()

    assert "“Progress” → step percentage, such as “61%”" in question
    assert "P-0001 is under way" in pressed
    assert "1 of 1 row stored" in words(asked), "Its one message becomes the result."
    assert "1 of 1 row stored" in words(shown(await world.usher("progress P-0001")))
    assert report_message(world) is asked


async def test_a_list_of_addresses_is_still_one(world: World) -> None:
    file = world.driver.add_file(world.olive, "list.csv", b"Email,Progress\nada@example.org,5%\n")

    await world.driver.say_dm(world.olive, f"invite {RUN}", [file])

    assert "invitations_" not in words(world.direct_messages(world.olive)[-1])
    assert "batches_confirm" in action_ids(world.direct_messages(world.olive)[-1])


async def test_who_may_only_look_is_offered_nothing_about_learners_at_risk_that_would_be_refused(world: World) -> None:
    fall_silent(world.school, ADA, BO)

    async def deeds(user: User) -> list[set[str]]:
        answers = [shown(await world.usher(text, user)) for text in ("digest now", f"at-risk {RUN}")]
        return [{each for each in action_ids(answer) if each.startswith("follow_ups_")} for answer in answers]

    in_digest = {"follow_ups_nudge", "follow_ups_snooze", "follow_ups_spoken"}
    assert await deeds(world.olive) == [in_digest, {"follow_ups_menu"}]
    assert await deeds(world.vera) == [set(), set()]
    digest = shown(await world.usher("digest now", world.vera))
    await world.driver.press(world.vera, digest, "home_ask:digest_0", f"at-risk {RUN}")
    assert "nothing done for 12 days" in words(world.direct_messages(world.vera)[-1])


async def test_of_several_learners_with_a_name_each_is_a_button(world: World) -> None:
    enrol_named(world.school, "Zoe Adler", "Zoe Ahmed")

    asked = shown(await world.usher(f"nudge {RUN} Zoe Can I help you?"))
    question = words(asked)
    await world.driver.press(world.olive, asked, "requests_ask_instead:1")
    spoken = shown(await world.usher(f"spoken {RUN} ahm"))
    nobody = shown(await world.usher("progress Zoee Adler"))
    offered = words(nobody)
    await world.driver.press(world.olive, nobody, "requests_ask_instead:0")
    misspelt = shown(await world.usher(f"nudge {RUN} Zooe Adlr Can I help you?"))
    named = words(misspelt)
    await world.driver.press(world.olive, misspelt, "requests_ask_instead:0")

    assert f"2 learners on {RUN} are called “Zoe”" in question
    assert "A nudge to Zoe Ahmed. Nothing is sent yet." in words(asked)
    assert "Can I help you?" in words(asked)
    assert "*Zoe Ahmed, `maths-2026-03`*" in words(spoken)
    assert "Did you mean Zoe Adler (zoe.adler@example.org)" in offered
    assert "zoe.adler@example.org" in words(nobody)
    assert f"I found no learner “Zooe Adlr” on {RUN}" in named
    assert "A nudge to Zoe Adler. Nothing is sent yet." in words(misspelt)
    assert "Can I help you?" in words(misspelt)
    assert "Adlr" not in words(misspelt), "The surname is no word of the letter."
