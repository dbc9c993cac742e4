"""The words of the request language: what a verb is called, what comes after it, and what it does.

``core.requests`` says how each is read and carried out. These are apart from it, so that who only tells of the verbs
(Slack's manifest) need not load the use cases and with them the database library.
"""

from msgspec import Struct


class VerbWords(Struct, frozen=True):
    name: str
    usage: str
    """What comes after the verb."""
    summary: str
    examples: tuple[str, ...]


WORDS: dict[str, VerbWords] = {
    words.name: words
    for words in (
        VerbWords(
            "invite", "RUN ADDRESSES|import NUMBER [at MOMENT]",
            "Invite learners to a run by e-mail, now or later: these, or all of an import.",
            (
                'invite maths-2026-03 a@example.org, "Bo" <b@example.org>',
                "invite maths-2026-03 a@example.org at Mon 09:00",
                "invite maths-2026-03 import I-0007",
                "invite",
            ),
        ),
        VerbWords(
            "invites", "RUN [pending|bounced|expired|accepted|declined|cancelled] [search] | bounced",
            "List a run's invitations and what became of them; or all that did not arrive.",
            ("invites maths-2026-03", "invites maths-2026-03 accepted", "invites bounced"),
        ),
        VerbWords(
            "resend", "RUN ADDRESS|all", "Send the same invitation once more: same link, same expiry.",
            ("resend maths-2026-03 a@example.org", "resend maths-2026-03 all"),
        ),
        VerbWords(
            "cancel", "RUN ADDRESS|all", "Cancel an invitation that nobody has answered; undo for 10 minutes.",
            ("cancel maths-2026-03 a@example.org", "cancel maths-2026-03 all"),
        ),
        VerbWords(
            "reinvite", "RUN ADDRESS", "Invite again after an invitation expired, was cancelled or declined.",
            ("reinvite maths-2026-03 a@example.org",),
        ),
        VerbWords(
            "correct", "RUN WRONG RIGHT", "Send an invitation that went to a mistyped address to the right one.",
            ("correct maths-2026-03 bo@gmial.com bo@gmail.com",),
        ),
        VerbWords("batch", "NUMBER", "Show what became of a batch.", ("batch B-0041",)),
        VerbWords(
            "undo", "NUMBER", "Take back a batch or an import: whatever nobody answered, or changed, since.",
            ("undo B-0041", "undo I-0007"),
        ),
        VerbWords(
            "scheduled", "", "List what waits to go out; cancel it, or send it now.", ("scheduled",),
        ),
        VerbWords(
            "reminders", "RUN [DAYS|default|off]", "See or set when a run's invitations are reminded of.",
            ("reminders maths-2026-03", "reminders maths-2026-03 3,10,close-7", "reminders maths-2026-03 off"),
        ),
        VerbWords(
            "quiet", "[HOURS|off]", "See or set the hours in which nobody is reminded.",
            ("quiet", "quiet 20:00-07:00", "quiet off"),
        ),
        VerbWords(
            "courses", "[search]", "List the runs you can invite to, and how many learners they have.",
            ("courses", "courses maths"),
        ),
        VerbWords(
            "run", "RUN [enrolled|pending|declined|links] [search]",
            "Show who is on a run, who has not answered yet, and its shared link.",
            ("run maths-2026-03", "run maths-2026-03 enrolled ada"),
        ),
        VerbWords(
            "links", "[CODE | find WORDS]", "Share one link to a run or course, or list yours.",
            ("links safety-2026-03", "links", "links find maths"),
        ),
        VerbWords(
            "progress", "[RUN [LIST] [search] | LEARNER | P-NUMBER [yes] | match NAME ADDRESS|RUN]",
            "Show how a run or a learner is doing, and the reports that told of it.",
            (
                "progress maths-2026-03", "progress maths-2026-03 stalled", "progress Ada Young", "progress P-0007",
                "progress",
            ),
        ),
        VerbWords(
            "at-risk", "RUN [set-aside | silent DAYS, behind POINTS, not-begun DAYS | default | off]",
            "Show who in a run needs somebody, and why; see or set by which rule.",
            ("at-risk maths-2026-03", "at-risk maths-2026-03 silent 14, behind 25", "at-risk maths-2026-03 set-aside"),
        ),
        VerbWords(
            "nudge", "RUN LEARNER [your own words]",
            "Write to one learner in your name: you see the letter before it goes out.",
            ("nudge maths-2026-03 Ada Young", "nudge maths-2026-03 a@example.org Can I help you with unit two?"),
        ),
        VerbWords(
            "snooze", "RUN LEARNER [2 weeks | until DAY]", "Hide a learner at risk for a while, or a week.",
            ("snooze maths-2026-03 Ada Young", "snooze maths-2026-03 a@example.org 2 weeks"),
        ),
        VerbWords(
            "spoken", "RUN LEARNER", "Note that you have spoken to a learner at risk.",
            ("spoken maths-2026-03 Ada Young",),
        ),
        VerbWords(
            "export", "RUN|all [csv|xlsx] [file]", "Get a run's learners and their progress as a file, for you alone.",
            ("export maths-2026-03", "export maths-2026-03 xlsx", "export all"),
        ),
        VerbWords(
            "costs", "[MONTH | export [MONTH] [csv|xlsx]]",
            "What enrolments cost, month by month and run by run; agreements and budgets.",
            ("costs", "costs 2026-10", "costs last month", "costs export last month"),
        ),
        VerbWords(
            "budget", "[OWNER [COURSE] AMOUNT|off]", "See or set what an agreement may cost. For owners.",
            ("budget", "budget southgate 5000", "budget southgate off"),
        ),
        VerbWords(
            "digest", "[WEEKDAY TIME] [mail|slack|both] [weekly|monthly] [changes|always] [ZONE] | now | off",
            "What changed since the last time, every week or month; or see it now.",
            ("digest Mon 08:00", "digest now", "digest monthly", "digest changes", "digest off"),
        ),
        VerbWords(
            "history", "WHO|B-NUMBER|I-NUMBER|RUN|link CODE|staff ADDRESS [page] | export WHOSE [csv|xlsx]",
            "Who did what, when, through which door: about a person, batch, import or run.",
            (
                "history a@example.org", "history Ada Young", "history B-0041", "history I-0007",
                "history maths-2026-03", "history link safety-2026-03", "history export B-0041",
            ),
        ),
        VerbWords(
            "imports", "[held|imported|rejected|undone] [page]",
            "List the spreadsheets of learners that were sent, and what became of each.", ("imports", "imports held"),
        ),
        VerbWords(
            "import", "NUMBER [problems|new|changed|unchanged|repeated] [page]",
            "Show one import: its counts, its problems, its rows.", ("import I-0007", "import I-0007 problems"),
        ),
        VerbWords(
            "good-rows", "NUMBER", "Import the good rows of an import that waits because of others.",
            ("good-rows I-0007",),
        ),
        VerbWords(
            "template", "[courses]", "Get the workbook in which learners, or courses and runs, are written.",
            ("template", "template courses"),
        ),
        VerbWords(
            "learners", "[search | WHO | never [search] | create [First Last] | remove|export|erase WHO]",
            "Find, create, edit, remove, export or erase learners; who never signed in.",
            ("learners young 2025/26", "learners ada.young", "learners never", "learners create Ada Young"),
        ),
        VerbWords(
            "import-policy", "[hold-if-errors|good-rows|all-or-nothing]",
            "See or set what becomes of a file in which rows have problems.",
            ("import-policy", "import-policy good-rows"),
        ),
        VerbWords(
            "ethnicity", "[on PURPOSE|off|erase]",
            "See or set whether learners' ethnicity is stored, and what for; erase what is.",
            ("ethnicity", "ethnicity on Equality monitoring for the yearly report", "ethnicity off"),
        ),
        VerbWords(
            "rules", "", "Show all that holds at your organisation, and your digest; each can be changed.",
            ("rules",),
        ),
        VerbWords(
            "staff", "[search | ADDRESS | invite ADDRESS ROLE First Last [UKPRN …]]",
            "List the staff, invite one, change a role, or disable somebody. For owners.",
            ("staff", "staff invite max@example.org manager Max Example", "staff max@example.org"),
        ),
        VerbWords("link", "[CODE]", "Connect your Slack account; I mail you a code.", ("link", "link 1234 5678")),
        VerbWords("unlink", "", "Disconnect your own Slack account.", ("unlink",)),
        VerbWords("setup", "CODE", "Connect this workspace to your organisation.", ("setup north-ks4twz7mq2xpa5dh",)),
    )
}  # fmt: skip


class FirstThing(Struct, frozen=True):
    """What a newcomer needs to know. ``write`` empty: nothing is written, a file is sent."""

    write: str
    what: str


FIRST: tuple[FirstThing, ...] = (
    FirstThing("courses", "lists the runs you can invite to. Write a run's own code in place of maths-2026-03."),
    FirstThing("invite maths-2026-03 a@example.org", "invites one learner or a thousand by e-mail."),
    FirstThing("invites maths-2026-03", "says who has answered; correct, resend or cancel there."),
    FirstThing("", "Send me a spreadsheet of learners, and every row is answered. “template” gets an empty one."),
    FirstThing("progress maths-2026-03", "shows how far learners are, and who needs somebody."),
    FirstThing("digest Mon 08:00", "tells you every Monday what has changed."),
)
EVERYTHING = "all"


class Topic(Struct, frozen=True):
    """``name`` is what follows “help”; it is no verb's."""

    name: str
    title: str
    verbs: tuple[str, ...]


TOPICS: dict[str, Topic] = {
    topic.name: topic
    for topic in (
        Topic("inviting", "Inviting", ("courses", "run", "invite", "links", "scheduled", "batch", "undo")),
        Topic(
            "answers", "After inviting",
            ("invites", "resend", "cancel", "reinvite", "correct", "reminders", "quiet"),
        ),
        Topic(
            "people", "Learners and files",
            ("learners", "imports", "import", "good-rows", "template", "import-policy", "ethnicity"),
        ),
        Topic("following", "Progress", ("progress", "at-risk", "nudge", "snooze", "spoken", "digest")),
        Topic("money", "Costs and records", ("costs", "budget", "export", "history")),
        Topic("house", "Staff and Slack", ("staff", "rules", "link", "unlink", "setup")),
    )
}  # fmt: skip
