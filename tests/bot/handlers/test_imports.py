"""Imports of learners in Slack: a file dropped on the bot, its one message, the marked copy, and every button."""

import asyncio
import io

import pytest
from openpyxl import load_workbook

from core.importing import run_import
from core.rules.policy import SHEET_BYTES
from core.sheets.template import learner_template
from tests.bot.conftest import World, action_ids, words
from tests.bot.importing import Importing, cells_of, workbook
from tests.core.usecases.acting import jobs_of
from tests.core.usecases.importing import ULNS, checked, filled_template, imported_at_once, learners, line, sheet
from tests.factories import CATALOGUE
from usher.demo.slack.faults import ServerError

ADA, BO = line("Ada", ULN=ULNS[0]), line("Bo", ULN=ULNS[1])
BAD = line("Cy", Postcode="nowhere", Gender="none of it")
HOSTILE = line("<!channel> \u202eeve", "=cmd|' /C calc'!A0", Postcode="nowhere")


@pytest.fixture
def importing(world: World) -> Importing:
    return Importing(world)


async def test_a_workbook_is_checked_told_of_and_comes_back_marked(importing: Importing) -> None:
    await importing.drop("Learners 2026.xlsx", workbook(ADA, BO, BAD))

    said = words(importing.message("I-0001"))
    assert "Nothing is imported yet: 1 of 3" in said
    assert "*3 rows* (nothing is written yet): *2* new · *0* changed" in said
    assert "*Postcode*: no postcode is made like this (row 4)" in said
    assert "Requested" in said
    assert "processed" in said
    (file,) = importing.files()
    assert file.name == "Learners 2026 (checked).xlsx"
    marked = cells_of(file.content)
    assert [row[-3] for row in marked[:4]] == ["Usher status", "Not yet: new", "Not yet: new", "To correct"]
    assert learners(importing.world.school) == {}


async def test_an_empty_ethnicity_column_is_not_said_to_be_left_out(importing: Importing) -> None:
    await importing.drop("learners.xlsx", filled_template(line("Ada")))
    await importing.drop("more.xlsx", filled_template(line("Ada"), line("Bo", Ethnicity="Irish")))

    empty, filled = (words(importing.message(number)) for number in ("I-0001", "I-0002"))
    assert "Ethnicity" not in empty
    assert "“Ethnicity”: it was not read, for your organisation does not store it." in filled


async def test_good_rows_are_imported_by_a_button_and_undone_by_another(importing: Importing) -> None:
    await importing.drop("learners.csv", sheet(ADA, BO, BAD))
    message = importing.message("I-0001")

    await importing.press(message, "imports_release")
    released, after_release = importing.newest(), words(message)
    await importing.press(message, "imports_rows")
    rows = importing.newest()
    await importing.press(message, "imports_undo")
    preview = importing.messages()[-1]
    asked = words(preview)
    await importing.press(preview, "imports_undo_confirm")
    undone = importing.newest()

    assert "I-0001: 2 of 3 rows imported." in released
    assert "2 of 3 rows imported; 1 left out." in after_release
    assert "*3 rows*: *2* new" in after_release
    assert "*Row 4* · Cy Young: Postcode: no postcode is made like this; Gender" in rows
    assert "*2 learners* that it created would be removed" in asked
    assert "I-0001 is being undone. A message of mine tells you when it is done." in words(preview)
    assert "I-0001 is undone: 2 learners removed" in undone
    assert "I-0001 is undone." in words(message)
    assert "undone <!date" in words(message)
    assert learners(importing.world.school) == {}


async def test_progress_is_one_message_that_becomes_the_result(importing: Importing) -> None:
    world = importing.world
    await world.driver.upload_dm(world.olive, "learners.csv", sheet(*(line(f"L{n}") for n in range(2001))))
    await importing.deliver()
    (message,) = importing.messages()
    first, seen = words(message), list[str]()
    loop = asyncio.get_running_loop()

    def look(_done: int, _total: int) -> None:
        asyncio.run_coroutine_threadsafe(importing.deliver(), loop).result()
        seen.append(words(message))

    import_id = jobs_of(world.app).jobs[-1].ids[0]
    await asyncio.to_thread(run_import, world.app, import_id, world.school.owner, look)
    await importing.work()

    assert "Reading the file" in first
    assert "Checking rows 2,000 of 2,001*\n▓▓▓▓▓▓▓▓▓░ 99 %" in seen[0]
    assert "All 2,001 rows are imported." in words(message)
    assert [each.files == [] for each in importing.messages()] == [True, False]


@pytest.mark.slow  # By mail the same is tried every day.
async def test_the_same_file_again_and_the_same_rows_again_do_nothing(importing: Importing) -> None:
    await importing.drop("learners.csv", sheet(ADA, BO))
    await importing.drop("copy.csv", sheet(ADA, BO))
    again = importing.newest()
    await importing.drop("learners.xlsx", workbook(ADA, BO))

    assert "This file is already imported as I-0001. Nothing was done." in again
    assert "The same rows are already imported, as I-0001." in words(importing.message("I-0002"))
    assert [file.name for file in importing.files()] == ["learners (checked).xlsx", "learners (checked).csv"]


async def test_good_rows_that_are_all_stored_already_are_not_offered(importing: Importing) -> None:
    await importing.drop("good.csv", sheet(line("Ada", ULN=ULNS[0])))

    await importing.drop("again.csv", sheet(line("Ada", ULN=ULNS[0]), line("Bo", Postcode="nowhere")))

    (held,) = [each for each in importing.world.direct_messages(importing.world.olive) if "1 of 2 rows" in words(each)]
    assert {"imports_correct", "imports_release"} & set(action_ids(held)) == {"imports_correct"}


async def test_a_sheet_that_is_no_learner_import_names_its_headings_and_offers_the_template(
    importing: Importing,
) -> None:
    await importing.drop("rooms.xlsx", workbook({"Room": "A1", "Seats <!here>": 12}))
    first = importing.message("I-0001")
    await importing.drop("few.xlsx", workbook({"First name": "Ada", "Last name": "Y", "Town": "A", "Gender": "Female"}))
    second = words(importing.message("I-0002"))
    await importing.press(first, "imports_template")

    assert "I saw these headings: “Room”, “Seats &lt;!here&gt;”" in words(first)
    assert "These columns are missing: UKPRN, Postcode" in second
    assert "“First name”, “Last name”, “Town”, “Gender”" in second
    (template,) = importing.files()
    assert template.content[:2] == b"PK"
    assert cells_of(template.content)[0] == cells_of(learner_template())[0]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.xlsx", b"PK\x03\x04 no workbook", "cannot be read, so nothing was imported"),
        ("list.pdf", b"%PDF-1.4\x00", "I could not read “list.pdf”: it is not a text file"),
        ("large.xlsx", b"PK\x03\x04" + b"x" * SHEET_BYTES, "I could not read “large.xlsx”: it is larger than 10 MB"),
        ("heads.csv", b"Room,Seats\nA1,12\n", "I saw these headings: “Room”, “Seats”"),
        ("none.csv", b"UKPRN,First name,Last name,Postcode\n", "has no learners below its headings"),
    ],
)
async def test_what_cannot_be_imported_is_said_exactly(
    importing: Importing, name: str, content: bytes, said: str
) -> None:
    await importing.drop(name, content)

    assert said in importing.newest()
    assert importing.files() == []


async def test_files_that_slack_does_not_give_out_are_said_so(importing: Importing) -> None:
    world = importing.world
    for mode, reason in (("tombstone", "it was deleted"), ("external", "it lies outside Slack")):
        file = world.driver.add_file(world.olive, "learners.xlsx", workbook(ADA))
        file.mode = mode  # type: ignore[assignment] # Of the modes that Slack has.

        await world.driver.say_dm(world.olive, "", [file])

        assert f"I could not read “learners.xlsx”: {reason}" in importing.newest()


async def test_a_list_of_addresses_and_an_invitation_in_the_comment_are_no_import(importing: Importing) -> None:
    learner = {**ADA, "Email address": "ada@example.org"}
    await importing.drop("list.csv", b"Name,E-mail\nAda,ada@example.org\n")
    asked = importing.newest()
    await importing.drop("learners.csv", sheet(learner), text="invite maths-2026-03")

    assert "I found 1 address. Which run?" in asked
    assert "*1 learner* of 1 will be invited" in importing.newest()
    assert importing.world.counts()["import"] == 0


@pytest.mark.slow  # The form's corrections are tried every day; by mail, those in a reply.
async def test_a_reply_in_the_thread_corrects_an_import_and_runs_what_changed(importing: Importing) -> None:
    world = importing.world
    await importing.drop("learners.csv", sheet(ADA, BO, BAD))
    message = importing.message("I-0001")
    await importing.press(message, "imports_release")
    good = line("Cy")

    await _reply(importing, message.ts, "learners corrected.csv", sheet(ADA, BO, good))
    corrected = words(importing.message("I-0002"))
    copy = next(each for each in importing.messages() if each.files)
    await _reply(importing, copy.ts, "once more.csv", sheet(ADA, {**BO, "Town": "Anytown"}, good))

    assert "*3 rows*: *1* new · *0* changed · *2* unchanged" in corrected
    assert "corrects I-0001" in corrected
    assert "corrected by I-0003" in words(message)
    assert "*3 rows*: *2* new" in words(message)
    assert set(learners(world.school)) == {"Ada", "Bo", "Cy"}


async def _reply(importing: Importing, thread: str, name: str, content: bytes) -> None:
    world = importing.world
    file = world.driver.add_file(world.olive, name, content)
    channel = world.slack.workspace.direct_messages(world.team, world.olive.id)
    said = world.slack.workspace.post(channel, world.olive, "")
    said.files, said.thread_ts = [file], thread
    event = {**said.as_json(world.team.id), "channel": channel.id, "channel_type": "im", "subtype": "file_share"}
    ack = await world.driver.event(world.team, event)
    assert ack.ok, (ack.problem, ack.body)
    await importing.work()


async def test_a_few_rows_are_corrected_in_a_form_and_the_others_imported_with_them(importing: Importing) -> None:
    world = importing.world
    await importing.drop("learners.csv", sheet(ADA, BAD, {**BO, "ULN": "1000000042"}))
    message = importing.message("I-0001")

    await importing.press(message, "imports_correct")
    form = world.driver.modal(world.olive)
    asked = words(form)
    wrong = {"cell:3:Postcode": "still nowhere", "cell:3:Gender": "Female", "cell:4:ULN": ULNS[1]}
    refused = await world.driver.submit(world.olive, form, wrong)
    done = await world.driver.submit(world.olive, form, {"cell:3:Postcode": "ZZ99 9ZZ"})
    await importing.work()

    assert "2 rows to correct" not in asked
    assert "3 cells to correct" in asked
    assert "The other 1 row will be imported with them." in asked
    assert "*Row 3* · Cy Young" in asked
    assert set(refused.errors) == {"cell:3:Postcode"}
    assert "No postcode is made like this" in refused.errors["cell:3:Postcode"]
    assert done.view is not None
    assert "imported as I-0002" in words(done.view)
    corrected = words(importing.message("I-0002"))
    assert "All 3 rows are imported." in corrected
    assert "*3 rows*: *3* new · *0* changed" in corrected
    assert "a corrected file was imported in its place" in words(message)
    assert set(learners(world.school)) == {"Ada", "Bo", "Cy"}


@pytest.mark.slow  # The test above has the form before anything is applied.
async def test_after_a_partly_applied_import_the_form_imports_the_corrected_rows_alone(importing: Importing) -> None:
    world = importing.world
    await importing.drop("learners.csv", sheet(ADA, BO, line("Cy", Postcode="nowhere")))
    message = importing.message("I-0001")
    await importing.press(message, "imports_release")

    await importing.press(message, "imports_correct")
    await world.driver.submit(world.olive, world.driver.modal(world.olive), {"cell:4:Postcode": "ZZ99 9ZZ"})
    await importing.work()

    assert "*1 row*: *1* new" in words(importing.message("I-0002"))
    assert "corrected by I-0002" in words(message)
    assert "imports_correct" not in str(message.blocks)
    assert set(learners(world.school)) == {"Ada", "Bo", "Cy"}


@pytest.mark.slow  # What is drawn and what is written keep to that every day.
async def test_what_stands_in_cells_mentions_nobody_and_starts_no_formula(importing: Importing) -> None:
    await importing.drop("<!channel> \u202e=learners.csv", sheet(ADA, HOSTILE))
    message = importing.message("I-0001")
    await importing.press(message, "imports_rows")
    shown = "".join(str(each.blocks) + each.text for each in importing.messages())
    await importing.press(message, "imports_correct")
    form = str(importing.world.driver.modal(importing.world.olive).blocks)

    assert "<!channel>" not in shown.replace("&lt;!channel&gt;", "")
    assert "\u202e" not in shown + form
    file, as_text = importing.files()
    types = {cell.data_type for row in load_workbook(io.BytesIO(file.content)).worksheets[0] for cell in row}
    assert types == {"s", "n"}
    assert b"'=cmd" in as_text.content


@pytest.mark.slow  # Copies come back every day, unasked and by mail.
async def test_a_copy_is_sent_on_demand_and_a_workspace_without_uploads_is_told(importing: Importing) -> None:
    await importing.drop("learners.csv", sheet(ADA, BAD))
    message = importing.message("I-0001")
    importing.world.team.are_uploads_disabled = True

    await importing.press(message, "imports_copy")
    told = importing.newest()
    importing.world.team.are_uploads_disabled = False
    importing.world.slack.faults.fail_next("files.completeUploadExternal", ServerError())
    await importing.press(message, "imports_copy")
    importing.world.clock.advance(minutes=5)
    await importing.deliver()

    assert "your workspace does not let me upload files" in told
    assert [file.name for file in importing.files()].count("learners (checked).xlsx") == 2


async def test_earlier_imports_are_listed_looked_at_and_leafed_through(importing: Importing) -> None:
    world = importing.world
    await importing.drop("first.csv", sheet(line("First")))
    for count in range(1, 11):
        imported_at_once(world.school, *(checked(each, f"L{count}x{each}") for each in range(count)))
    await importing.drop("last.csv", sheet(*(line(f"Last{each}") for each in range(11))))
    listed = (await world.usher("imports")).message
    assert listed is not None
    first = words(listed)

    await importing.press(listed, "imports_page:next")
    second = words(listed)
    await importing.press(listed, "imports_show:1")
    one = (await world.usher("import I-0012 new 2")).message
    assert one is not None
    held = (await world.usher("imports held")).message
    wrong = (await world.usher("import I-0099")).message
    undone = (await world.usher("undo I-0012")).message
    batch = (await world.usher("undo 12")).message

    assert "*12 imports.*" in first
    assert "*I-0012* · “last.csv”" in first
    assert "Olive Owner through Slack" in first
    assert "*I-0001* · “first.csv”" in second
    assert "11 rows new." in words(one)
    assert "Page 2 of 2" in words(one)
    assert held is not None
    assert "There are no imports that are held." in words(held)
    assert wrong is not None
    assert "I found no import" in words(wrong)
    assert undone is not None
    assert "Undo I-0012?" in words(undone)
    assert batch is not None
    assert "I found no batch" in words(batch)


async def test_a_sheet_on_somebodys_message_is_imported_unless_the_channel_is_shared(importing: Importing) -> None:
    world = importing.world
    file = world.driver.add_file(world.vera, "learners.xlsx", workbook(ADA))
    said = world.slack.workspace.post(world.channel, world.vera, "Could you import these?")
    said.files = [file]

    await world.driver.message_shortcut(world.olive, said, "import_sheet")
    await importing.work()
    imported = words(importing.message("I-0001"))
    world.channel.is_ext_shared = True
    world.clock.advance(minutes=20)
    await world.driver.message_shortcut(world.olive, said, "import_sheet")

    assert "The one row is imported" in imported or "the one row is imported" in imported
    assert "shared with another organisation, so I take no learners from it" in importing.newest()


async def test_a_viewer_imports_nothing_and_looks_only(importing: Importing) -> None:
    world = importing.world
    await importing.drop("learners.csv", sheet(ADA, BAD))
    await importing.drop("others.csv", sheet(BO), user=world.vera)
    refused = importing.newest(world.vera)
    seen = (await world.usher("import I-0001", world.vera)).message
    rows = (await world.usher("import I-0001 problems", world.vera)).message

    assert "Your role (viewer) does not include this." in refused
    assert seen is not None
    assert "imports_release" not in str(seen.blocks)
    assert "imports_undo" not in str(seen.blocks)
    assert rows is not None
    assert "Cy Young" in words(rows), "A viewer of all providers."


@pytest.mark.slow  # By mail the same is tried every day.
async def test_courses_and_runs_are_looked_at_written_by_a_button_and_undone(importing: Importing) -> None:
    header, *rows = CATALOGUE.splitlines()
    art = "art,Art,open,upgraded,,0,art-1,2026-05-01,2026-07-01,,10,UTC"
    changed = rows[1].replace("2026-05-08", "2026-05-09")
    await importing.drop("runs.csv", "\n".join([header, art, changed]).encode())
    message = importing.message("I-0001")
    held = words(message)

    await importing.press(message, "imports_rows")
    looked_at = importing.newest()
    await importing.press(message, "imports_release")
    written = words(message)
    await importing.press(message, "imports_undo")
    preview = importing.messages()[-1]
    asked = words(preview)
    await importing.press(preview, "imports_undo_confirm")

    assert "Nothing is written yet: this file would add 1 run and change 1." in held
    assert "Write it" in held
    assert "imports_correct" not in str(message.blocks)
    assert "*Row" in looked_at
    assert "All 2 rows are imported." in written
    assert "imports_invite" not in str(message.blocks)
    assert "*1 run* that it created would be removed" in asked
    assert "0 runs" not in asked
    assert "I-0001 is undone: 1 run removed, 1 as they were before." in importing.newest()


async def test_the_learners_of_an_import_are_invited_by_its_button(importing: Importing) -> None:
    people = [{**line(name), "Email address": f"{name}@example.org"} for name in ("ada", "bo")]
    await importing.drop("learners.csv", sheet(*people, line("Without")))
    message = importing.message("I-0001")

    assert "Invite these 2 to …" in words(message)
    await importing.press(message, "imports_invite")
    assert "*2 learners* of I-0001 have an e-mail address" in words(importing.world.driver.modal(importing.world.olive))


async def test_the_workbook_of_courses_is_sent_for_its_words(importing: Importing) -> None:
    await importing.world.usher("template courses")
    await importing.work()

    (template,) = importing.files()
    assert template.name == "courses template.xlsx"
    assert cells_of(template.content)[0][0].startswith("Course code")
