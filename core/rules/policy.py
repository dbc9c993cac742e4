"""The numbers of the business, each with its source. Nowhere else does one of them stand as a literal."""

from datetime import timedelta
from typing import Final

from dateutil.relativedelta import relativedelta

# LM, Personal course invitations.
BATCH_ADDRESSES: Final = 1000
INVITATION_LIFE: Final = relativedelta(months=6)

# DOMAIN.md, Personal invitations: a batch can be undone whole until sending starts.
RECALL_WINDOW: Final = timedelta(seconds=60)
# One confirmation may cover this many batches: more could not be stored within the three seconds that Slack waits.
CONFIRMATION_ADDRESSES: Final = 10_000
# What was cancelled or revoked can be taken back for so long (issue 3: undo for 10 minutes).
UNDO_LIFE: Final = timedelta(minutes=10)
# Whoever got the invitation within this time gets no second one when several are sent again.
RESEND_PAUSE: Final = timedelta(hours=1)
NOTE_CHARACTERS: Final = 500
NAME_CHARACTERS: Final = 100

# An invitation may be sent later, but not so late that nobody remembers it.
SCHEDULE_LIMIT: Final = timedelta(days=120)

# DOMAIN.md, Personal invitations: reminders to whoever has not answered.
REMINDERS_AFTER_DAYS: Final = (3, 10)
REMINDERS_BEFORE_CLOSE_DAYS: Final = (7,)
REMINDERS: Final = 3
LONGEST_REMINDER_DAYS: Final = 180
# Between two e-mails about the same invitation.
MAIL_GAP: Final = timedelta(days=2)
# How many invitations are looked at in a tick and in a transaction: one organisation's thousands must not
# fill the mail queue before everybody else's.
REMINDERS_A_TICK: Final = 2000
REMINDERS_AT_ONCE: Final = 500
# Minutes of the day: 21:00 to 07:00 for organisations that have not said otherwise.
QUIET_FROM: Final = 21 * 60
QUIET_UNTIL: Final = 7 * 60

# A preview is forgotten after this; the addresses in it are personal data.
DRAFT_LIFE: Final = timedelta(minutes=15)

# LM, Shared invitation links.
SHARED_LINK_RUN_LIFE: Final = relativedelta(weeks=13)
SHARED_LINK_COURSE_LIFE: Final = relativedelta(months=6)
# Expired ones are listed and can be extended for this long.
SHARED_LINK_MEMORY: Final = relativedelta(months=6)
SHARED_LINK_CAP: Final = 100_000
# As many of the longest as a text field in Slack takes.
SHARED_LINK_DOMAINS: Final = 10
# Whoever asks again gets another mail at the earliest after the pause, and no more than so many in all: the address
# may be somebody else's.
CONFIRMATION_PAUSE: Final = timedelta(minutes=10)
CONFIRMATION_MAILS: Final = 3
# One mailbox has as many addresses as it likes (ada+1@, ada+2@): this many mails a day are enough for a family.
CONFIRMATION_MAILS_A_DAY: Final = 10
JOIN_REQUEST_LIFE: Final = timedelta(days=30)
# For so long a second press is the same press, even where the first one took the last place.
SAME_PRESS: Final = timedelta(minutes=10)

# Codes that confirm a Slack user or bind a workspace.
LINK_CODE_LIFE: Final = timedelta(minutes=10)
LINK_CODE_TRIES: Final = 5
LINK_CODES_AN_HOUR: Final = 5
SETUP_CODE_LIFE: Final = timedelta(days=7)
STAFF_INVITATION_LIFE: Final = timedelta(days=14)

# Slack's own code from its consent page lives as long.
INSTALL_STATE_LIFE: Final = timedelta(minutes=10)

# Staff sign-in by a mailed link (ASVS 6.5.5: at most ten minutes, once; 7.3.2: sessions end by themselves).
SIGN_IN_LIFE: Final = timedelta(minutes=10)
SIGN_IN_TRIES: Final = 5
# So many asks an hour are mailed at once. Beyond them somebody floods: then a mail goes out after each pause, which is
# shorter than a link lives, so that there is always one that works.
SIGN_INS_AN_HOUR: Final = 5
SIGN_IN_PAUSE: Final = timedelta(minutes=5)
SESSION_LIFE: Final = timedelta(hours=12)

# What a button that takes something away was shown with may be out of date; see DOMAIN.md, Staff and access.
QUESTION_LIFE: Final = timedelta(minutes=15)

# Sending: chunks, leases, retries (notes on jobs, section 5).
CHUNK_MESSAGES: Final = 100
SENDING_LEASE: Final = timedelta(minutes=5)
SENDING_ATTEMPTS: Final = 8
RETRY_BASE: Final = timedelta(seconds=30)
# A server that greylists wants five minutes: whoever comes sooner is sent away again.
DEFERRAL_BASE: Final = timedelta(minutes=5)
RETRY_CAP: Final = timedelta(hours=1)
# RFC 5321, 4.5.4.1: four to five days. Then an operator must see what stands in the way of all mail.
FAULT_PATIENCE: Final = timedelta(days=5)
SCOREBOARD_INTERVAL: Final = timedelta(seconds=3)
# What is due later has no job of its own until then: housekeeping would take so old a job for a dead one.
LONGEST_JOB_DELAY: Final = timedelta(hours=12)

# Mail that comes in (notes on e-mail, sections 5 to 7).
MAIL_TRIES: Final = 3
# Whoever began with a message and has said nothing for this time is taken for dead. It says so every few seconds while
# it works, for as long as any work may take: ten workbooks of one message may each be read for half a minute.
MAIL_LEASE: Final = timedelta(seconds=20)
MAIL_LEASE_RENEWAL: Final = timedelta(seconds=5)
MAIL_WORK: Final = timedelta(minutes=10)
MAIL_BYTES: Final = 35 * 1024 * 1024
MAIL_LIFE: Final = timedelta(days=30)
MAIL_COMMANDS_AN_HOUR: Final = 60
MAIL_COMMANDS_AN_HOUR_ORGANISATION: Final = 600
MAIL_ANSWERS_AN_HOUR: Final = 20
MAIL_COMMAND_LINES: Final = 10
# Each of them may keep a child process busy for as long as a sheet may take.
MAIL_FILES: Final = 10
# Whoever asks by e-mail may read the answer tomorrow: a preview or a question there waits longer than in Slack.
MAIL_QUESTION_LIFE: Final = timedelta(days=1)
# The end of a long thread says what it is about; its beginning only makes the headers long.
MAIL_THREAD_REFS: Final = 20
# Reports about our own mail (notes on e-mail, section 8). One message counts once, however often it is reported.
SOFT_BOUNCES: Final = 5
SOFT_BOUNCE_MEMORY: Final = timedelta(days=180)
SOFT_BOUNCE_PAUSE: Final = timedelta(days=1)
# Without proof a report is about the one message that went to that address so lately; RFC 5321, 4.5.4.1.
REPORT_MEMORY: Final = timedelta(days=5)
# Reports of one batch come together: their sender hears of them at once and not one by one.
UNREACHED_PAUSE: Final = timedelta(minutes=10)
# How old a message may be that only its signature speaks for. A mail server tries for up to five days.
MAIL_PROOF_LIFE: Final = timedelta(days=7)
# "Was this you?": however many messages are held, the one whose address they bear is asked so often.
HELD_MAIL_PAUSE: Final = timedelta(hours=1)
HELD_MAIL_QUESTIONS_A_DAY: Final = 3
# Anybody can fill our disk with what is held for an answer: so much of what bears one person's address in a day, and so
# much in all. What is proven does not count, and is always kept.
HELD_MAIL_BYTES_A_DAY: Final = 100 * 1024 * 1024
HELD_MAIL_BYTES: Final = 5 * 1024 * 1024 * 1024
HELD_MAIL_SUBJECT: Final = 80
# By e-mail this many are invited at once within an hour; more are confirmed first, in a reply or in Slack.
MAIL_INVITES_AT_ONCE: Final = 50
# An import that would take back more learners than this is shown first, and undone after a yes.
MAIL_UNDOES_AT_ONCE: Final = 50

# Spreadsheets and lists that come in (notes on spreadsheets, section 9: honest public files stay below each of these).
SHEET_MEGABYTES: Final = 10
SHEET_BYTES: Final = SHEET_MEGABYTES * 1024 * 1024
SHEET_ROWS: Final = 150_000
# More columns than the old Excel had are left out; a cell with more characters than Excel takes is a fault.
SHEET_COLUMNS: Final = 256
SHEET_CELL_CHARACTERS: Final = 32_767
SHEET_PARTS: Final = 2000
SHEET_UNPACKED_BYTES: Final = 200 * 1024 * 1024
SHEET_PACKING_RATIO: Final = 200
# The fast reader takes room for every cell from the first filled one to the last.
SHEET_RECTANGLE: Final = 5_000_000
# Of rows on their way between two processes: 100,000 learners take 15 MB.
SHEET_ANSWER_BYTES: Final = 64 * 1024 * 1024
SHEET_READ_TIME: Final = timedelta(seconds=30)
SHEET_READ_CPU_SECONDS: Final = 20
SHEET_READ_MEMORY: Final = 1 << 30
SHEET_WRITE_TIME: Final = timedelta(seconds=90)
SHEET_WRITE_CPU_SECONDS: Final = 60
# Above this the answer is a workbook of the faulty rows only; marking the sender's own takes a second per 1,700 rows.
OWN_WORKBOOK_ROWS: Final = 5000
MAIL_FILES_BYTES: Final = 20 * 1024 * 1024
"""Of all files of one e-mail: with what encoding adds, mail hosts refuse more."""
# So many rows of the template have drop-downs.
TEMPLATE_ROWS: Final = 5000

# The import's columns and rows (UM 7; notes on spreadsheets, sections 4 to 6).
HEADING_ROWS: Final = 20
KNOWN_HEADINGS: Final = 4
ADDRESS_LINE_CHARACTERS: Final = 100
PROBLEM_VALUE_CHARACTERS: Final = 80
# Of a date of birth: younger or older is taken for a mistake, and outside UM 1's “13 to 19” is worth a look.
YOUNGEST_LEARNER: Final = 10
OLDEST_LEARNER: Final = 100
USUAL_AGES: Final = (13, 19)
# A learner whose year group is further than this from what their age says is worth a look.
YEAR_GROUP_LEEWAY: Final = 1
# Of a hundred, by difflib: less alike, or nearly as like another one, is no suggestion.
SUGGESTION_LIKENESS: Final = 85
SUGGESTION_LEAD: Final = 8
SUGGESTION_CHARACTERS: Final = 4

# Rows that are stored, matched or written at once: each in one statement.
IMPORT_CHUNK: Final = 2000
# An import that would change the last name or the e-mail address of more known learners than this share, and of so
# many at least, is asked about first: columns may have slipped.
IMPORT_CHANGED_SHARE: Final = 0.3
IMPORT_CHANGED_LEAST: Final = 5
# A catalogue is matched in one piece: far more runs than any organisation has.
CATALOGUE_RUNS: Final = 5000
# The file, its rows and what they replaced.
IMPORT_LIFE: Final = timedelta(days=30)
# A step of an import takes seconds: after this long somebody else takes it up, so many times.
IMPORT_LEASE: Final = timedelta(minutes=2)
IMPORT_ATTEMPTS: Final = 3
IMPORTS_SWEPT: Final = 100
# What is erased in one transaction when that time is over, and how often in an hour.
IMPORTS_FORGOTTEN: Final = 20
IMPORT_ROWS_FORGOTTEN: Final = 10_000
IMPORT_STEPS_AN_HOUR: Final = 200
# As much as says what a special category is stored for.
ETHNICITY_PURPOSE_CHARACTERS: Final = 300
IMPORT_FILE_NAME_CHARACTERS: Final = 120
# Named in an answer; the workbook has all.
IMPORT_PROBLEMS_NAMED: Final = 10
IMPORT_ROWS_NAMED: Final = 5
IMPORT_KEPT_NAMED: Final = 50
# Corrected one by one in a form; more are corrected in the workbook.
IMPORT_ROWS_CORRECTED: Final = 5
# Named of a sheet that is no import of learners.
IMPORT_HEADINGS_NAMED: Final = 20
# What is wrong is the same for the same rows until the rules change: then a file may be sent once more.
IMPORT_RULES_VERSION: Final = 1
# Shown with their sums.
COST_MONTHS: Final = 12
MOST_PENCE: Final = 10**9
# Progress. Shares are hundredths of a per cent; a certificate takes 90 % of the steps, dashboards part at 50 and 90.
COMPLETED_SHARE: Final = 9_000
HALF_SHARE: Final = 5_000
STALLED_AFTER: Final = timedelta(days=14)
# Who is at risk (``core.rules.progress.risk``): what holds where nobody has said otherwise for a run.
RISK_SILENT_DAYS: Final = 10
RISK_BEHIND_POINTS: Final = 30
RISK_NOT_BEGUN_DAYS: Final = 7
RISK_MOST_DAYS: Final = 365
# Compared with the others is who has been there for a week, among five at least.
RISK_GRACE: Final = timedelta(days=7)
RISK_COHORT: Final = 5
# Reports come weekly: so long after the last one days of silence go on counting.
RISK_FRESH: Final = timedelta(days=7)
NUDGE_PAUSE: Final = timedelta(days=7)
NUDGE_CHARACTERS: Final = 1000
SPOKEN_LIFE: Final = timedelta(days=14)
SNOOZE_LIFE: Final = timedelta(days=7)
LONGEST_SNOOZE: Final = timedelta(days=180)
# Then a nudge's words are erased, and who was spoken to.
FOLLOW_UP_LIFE: Final = timedelta(days=180)
# Rounding and optional steps explain a little above 100 %; more than this is another kind of figure.
SHARE_CUT: Final = 15_000
PROGRESS_CHUNK: Final = 2000
PROGRESS_LIFE: Final = timedelta(days=30)
PROGRESS_SAMPLE_ROWS: Final = 200
PROGRESS_PROBLEMS_NAMED: Final = 10
PROGRESS_VALUES_NAMED: Final = 5

# Digests (DOMAIN.md): Monday at 08:00 for owners, who get one until they say otherwise.
DIGEST_WEEKDAY: Final = 0
DIGEST_MINUTE: Final = 8 * 60
DIGEST_ENDING: Final = timedelta(days=14)
# Asked for now, and none was sent yet.
DIGEST_FIRST: Final = timedelta(days=7)
# Named of each kind; the counts have all.
DIGEST_NAMES: Final = 5
DIGEST_RUNS: Final = 6
DIGESTS_A_TICK: Final = 2000
# In one transaction, with one query a kind of news.
DIGESTS_AT_ONCE: Final = 500
# A write that took longer is not stored (``core.app``). The longest, an import's, takes half a minute.
LONGEST_WRITE: Final = timedelta(minutes=4)
# PostgreSQL ends a write whose process has stood still for so long, be it just before its commit.
LONGEST_STILLNESS: Final = timedelta(minutes=1)
# What was written so lately is told next time: a write that began before it may not have committed yet.
DIGEST_MARGIN: Final = LONGEST_WRITE + LONGEST_STILLNESS
# Then it is deleted: its numbers, and the names in it.
DIGEST_LIFE: Final = timedelta(days=30)

# UM 2: the month in which an academic year begins.
ACADEMIC_YEAR_BEGINS: Final = 9

# UM 5.1. A generated one is far shorter: somebody types it from a slip of paper.
USERNAME_CHARACTERS: Final = (6, 127)
GENERATED_USERNAME_CHARACTERS: Final = 40
# Nearly 48 bits, of which whoever guesses has five tries.
ACCESS_CODE_GROUPS: Final = (5, 5)

# One learner: what a preview waits for, how long a change can be taken back, and what is shown on a card.
LEARNER_PREVIEW_LIFE: Final = timedelta(minutes=15)
CARD_ROWS: Final = 5
HISTORY_ROWS: Final = 10
SEARCH_CHARACTERS: Final = 480
SEARCH_WORDS: Final = 8
# Learners whose access codes are written at once, into a workbook or on slips.
ACCESS_CODES: Final = 5000

# Exports. Only the wish for one is kept, as long as its link counts.
EXPORT_LIFE: Final = timedelta(hours=72)
# A workbook takes a second per 8,000 rows; a CSV file has no limit.
EXPORT_WORKBOOK_ROWS: Final = 100_000
# So many go as a file where somebody wants no download; about 3 MB.
EXPORT_FILE_ROWS: Final = 10_000

# Lists.
PAGE_ROWS: Final = 10
# Deeds of a history that are counted for its pages; its file has all.
HISTORY_COUNTED: Final = 1000

# The home tab in Slack.
HOME_BATCHES: Final = 3
ENDING_SOON: Final = timedelta(days=7)
# Counting further would cost more than all the rest of the home.
LEARNERS_COUNTED: Final = 10_000
HOME_INTERVAL: Final = timedelta(seconds=20)
# Whoever has not looked for so long sees it drawn anew at the next opening.
HOME_LIFE: Final = timedelta(days=7)

# Background work.
HEARTBEAT_SILENCE: Final = timedelta(seconds=60)
DEAD_WORKER_LIFE: Final = timedelta(days=30)
FINISHED_JOB_LIFE: Final = timedelta(days=2)
IDEMPOTENCY_LIFE: Final = timedelta(days=30)
# Of what counts once: until nobody can try it again, with room for clocks that differ.
USED_UP_LIFE: Final = timedelta(days=2)

TERMS_VERSION: Final = "2026-11"

# Data protection (DOMAIN.md): counted from an invitation's end; and what a change by hand replaced.
INVITATION_DATA_LIFE: Final = relativedelta(months=6)
LEARNER_BEFORE_LIFE: Final = timedelta(days=30)
