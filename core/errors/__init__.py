"""Everything that can be expected to go wrong, worded once.

    UsherError
    ├── InvalidRequest      the words or values cannot be understood; nothing was changed
    │   ├── UnknownVerb, ReplyUnclear, OnlyInSlack, RunNotChosen, OrganisationNotChosen, BatchNotChosen,
    │   │   ImportNotChosen, HistoryNotChosen, ReportRunMissing, NoAddresses, NoUsableAddress,
    │   │   NoteTooLong,
    │   │   NoteHasLink, NotReadable, MomentUnclear, MomentNotUsable, QuietHoursUnclear, RemindersUnclear,
    │   │   ImportPolicyUnknown, PurposeMissing, DigestUnclear, RiskRuleUnclear, NudgeWordsUnclear, NobodyChosen,
    │   │   LearnerUnclear, MonthUnclear, AmountUnclear, AgreementUnclear, NameMissing, AddressUnchanged,
    │   │   AddressInvalid, DomainNotAllowed, DomainsInvalid, CapInvalid, CodeWrong,
    │   │   CatalogueInvalid, SettingInvalid, MailboxInvalid, StaffDetailsInvalid, LearnerInvalid,
    │   │   LearnerNotChosen, LearnerFormOnly, ErasureUnconfirmed
    ├── NotAllowed          this person may not do this
    │   ├── NotStaff, SenderUnproven, RoleMissing, ProviderNotGranted, TermsNotAccepted, NotYourPreview, OperatorOnly
    ├── NotFound            absent, or another organisation's: one answer for both
    │   ├── RunNotFound, LinkNotFound, SharedLinkNotFound, BatchNotFound, InvitationNotFound, OrganisationNotFound,
    │   │   StaffNotFound, MessageNotFound, MailNotFound, HeldMailNotFound, MailboxNotFound, ThreadNotFound,
    │   │   RequestNotFound, ChangeNotFound, ImportNotFound, AgreementNotFound,
    │   │   ChargeNotFound, LearnerNotFound, RunOrLearnerNotFound, LearnerChangeNotFound,
    │   │   ReportNotFound, ExportNotFound, NothingToExport, LearnerNotOnRun, FollowUpNotFound
    ├── Conflict            the world moved on
    │   ├── RunNotChoosable, CoursePaidFor, PreviewExpired, InvitationClosed, SharedLinkClosed,
    │   │   HeldMailClosed, AlreadySettled, ReplyNeeded, QuestionAnswered, QuestionExpired, NothingToSend,
    │   │   NothingScheduled, NothingOpen, UndoOver, AlreadyAnswered, NeedsConfirmation, WorkspaceTaken,
    │   │   AlreadyThere, LastOwner, TermsChanged, SignInClosed, InstallationExpired,
    │   │   InstallationRepeated, ImportClosed, BudgetSpent, EthnicityStored, LearnerKnown,
    │   │   LearnerUnchanged, LearnerChanged, ReportClosed, ErasureWaits, ExportEnded, NudgeRefused
    ├── LimitExceeded       too much or too often
    │   ├── BudgetExceeded, TooManyAddresses, TooManyRequests, TooManyFiles, TooManyCodes, TooManyLearners,
    │   │   ExportTooLarge
    └── Unavailable         ours to mend; trying again helps
        ├── Busy
        └── OutcomeUnknown

A class carries ``code`` (stable), ``wording``, ``hint`` (what to do next) and ``field`` (the input it belongs to).
``str(error)`` is the wording with its values put in. The values may come from a stranger: each door escapes them
for its own medium. Doors map the family; core knows no status codes. A family has a module of its own.
"""

from core.errors.conflicts import AlreadyAnswered as AlreadyAnswered
from core.errors.conflicts import AlreadySettled as AlreadySettled
from core.errors.conflicts import AlreadyThere as AlreadyThere
from core.errors.conflicts import BudgetSpent as BudgetSpent
from core.errors.conflicts import CoursePaidFor as CoursePaidFor
from core.errors.conflicts import ErasureWaits as ErasureWaits
from core.errors.conflicts import EthnicityStored as EthnicityStored
from core.errors.conflicts import ExportEnded as ExportEnded
from core.errors.conflicts import HeldMailClosed as HeldMailClosed
from core.errors.conflicts import ImportClosed as ImportClosed
from core.errors.conflicts import InstallationExpired as InstallationExpired
from core.errors.conflicts import InstallationRepeated as InstallationRepeated
from core.errors.conflicts import InvitationClosed as InvitationClosed
from core.errors.conflicts import LastOwner as LastOwner
from core.errors.conflicts import LearnerChanged as LearnerChanged
from core.errors.conflicts import LearnerKnown as LearnerKnown
from core.errors.conflicts import LearnerUnchanged as LearnerUnchanged
from core.errors.conflicts import NeedsConfirmation as NeedsConfirmation
from core.errors.conflicts import NothingOpen as NothingOpen
from core.errors.conflicts import NothingScheduled as NothingScheduled
from core.errors.conflicts import NothingToSend as NothingToSend
from core.errors.conflicts import NudgeRefused as NudgeRefused
from core.errors.conflicts import PreviewExpired as PreviewExpired
from core.errors.conflicts import QuestionAnswered as QuestionAnswered
from core.errors.conflicts import QuestionExpired as QuestionExpired
from core.errors.conflicts import ReplyNeeded as ReplyNeeded
from core.errors.conflicts import ReportClosed as ReportClosed
from core.errors.conflicts import RunNotChoosable as RunNotChoosable
from core.errors.conflicts import SharedLinkClosed as SharedLinkClosed
from core.errors.conflicts import SignInClosed as SignInClosed
from core.errors.conflicts import TermsChanged as TermsChanged
from core.errors.conflicts import UndoOver as UndoOver
from core.errors.conflicts import WorkspaceTaken as WorkspaceTaken
from core.errors.families import Conflict as Conflict
from core.errors.families import InvalidRequest as InvalidRequest
from core.errors.families import LimitExceeded as LimitExceeded
from core.errors.families import NotAllowed as NotAllowed
from core.errors.families import NotFound as NotFound
from core.errors.families import Unavailable as Unavailable
from core.errors.families import UsherError as UsherError
from core.errors.limits import BudgetExceeded as BudgetExceeded
from core.errors.limits import ExportTooLarge as ExportTooLarge
from core.errors.limits import TooManyAddresses as TooManyAddresses
from core.errors.limits import TooManyCodes as TooManyCodes
from core.errors.limits import TooManyFiles as TooManyFiles
from core.errors.limits import TooManyLearners as TooManyLearners
from core.errors.limits import TooManyRequests as TooManyRequests
from core.errors.missing import AgreementNotFound as AgreementNotFound
from core.errors.missing import BatchNotFound as BatchNotFound
from core.errors.missing import ChangeNotFound as ChangeNotFound
from core.errors.missing import ChargeNotFound as ChargeNotFound
from core.errors.missing import ExportNotFound as ExportNotFound
from core.errors.missing import FollowUpNotFound as FollowUpNotFound
from core.errors.missing import HeldMailNotFound as HeldMailNotFound
from core.errors.missing import ImportNotFound as ImportNotFound
from core.errors.missing import InvitationNotFound as InvitationNotFound
from core.errors.missing import LearnerChangeNotFound as LearnerChangeNotFound
from core.errors.missing import LearnerNotFound as LearnerNotFound
from core.errors.missing import LearnerNotOnRun as LearnerNotOnRun
from core.errors.missing import LinkNotFound as LinkNotFound
from core.errors.missing import MailboxNotFound as MailboxNotFound
from core.errors.missing import MailNotFound as MailNotFound
from core.errors.missing import MessageNotFound as MessageNotFound
from core.errors.missing import NothingToExport as NothingToExport
from core.errors.missing import OrganisationNotFound as OrganisationNotFound
from core.errors.missing import ReportNotFound as ReportNotFound
from core.errors.missing import RequestNotFound as RequestNotFound
from core.errors.missing import RunNotFound as RunNotFound
from core.errors.missing import RunOrLearnerNotFound as RunOrLearnerNotFound
from core.errors.missing import SharedLinkNotFound as SharedLinkNotFound
from core.errors.missing import StaffNotFound as StaffNotFound
from core.errors.missing import ThreadNotFound as ThreadNotFound
from core.errors.permissions import NotStaff as NotStaff
from core.errors.permissions import NotYourPreview as NotYourPreview
from core.errors.permissions import OperatorOnly as OperatorOnly
from core.errors.permissions import ProviderNotGranted as ProviderNotGranted
from core.errors.permissions import RoleMissing as RoleMissing
from core.errors.permissions import SenderUnproven as SenderUnproven
from core.errors.permissions import TermsNotAccepted as TermsNotAccepted
from core.errors.requests import AddressInvalid as AddressInvalid
from core.errors.requests import AddressUnchanged as AddressUnchanged
from core.errors.requests import AgreementUnclear as AgreementUnclear
from core.errors.requests import AmountUnclear as AmountUnclear
from core.errors.requests import BatchNotChosen as BatchNotChosen
from core.errors.requests import CapInvalid as CapInvalid
from core.errors.requests import CatalogueInvalid as CatalogueInvalid
from core.errors.requests import CodeWrong as CodeWrong
from core.errors.requests import DigestUnclear as DigestUnclear
from core.errors.requests import DomainNotAllowed as DomainNotAllowed
from core.errors.requests import DomainsInvalid as DomainsInvalid
from core.errors.requests import ErasureUnconfirmed as ErasureUnconfirmed
from core.errors.requests import HistoryNotChosen as HistoryNotChosen
from core.errors.requests import ImportNotChosen as ImportNotChosen
from core.errors.requests import ImportPolicyUnknown as ImportPolicyUnknown
from core.errors.requests import LearnerFormOnly as LearnerFormOnly
from core.errors.requests import LearnerInvalid as LearnerInvalid
from core.errors.requests import LearnerNotChosen as LearnerNotChosen
from core.errors.requests import LearnerUnclear as LearnerUnclear
from core.errors.requests import MailboxInvalid as MailboxInvalid
from core.errors.requests import MomentNotUsable as MomentNotUsable
from core.errors.requests import MomentUnclear as MomentUnclear
from core.errors.requests import MonthUnclear as MonthUnclear
from core.errors.requests import NameMissing as NameMissing
from core.errors.requests import NoAddresses as NoAddresses
from core.errors.requests import NobodyChosen as NobodyChosen
from core.errors.requests import NoteHasLink as NoteHasLink
from core.errors.requests import NoteTooLong as NoteTooLong
from core.errors.requests import NotReadable as NotReadable
from core.errors.requests import NoUsableAddress as NoUsableAddress
from core.errors.requests import NudgeWordsUnclear as NudgeWordsUnclear
from core.errors.requests import OnlyInSlack as OnlyInSlack
from core.errors.requests import OrganisationNotChosen as OrganisationNotChosen
from core.errors.requests import PurposeMissing as PurposeMissing
from core.errors.requests import QuietHoursUnclear as QuietHoursUnclear
from core.errors.requests import RemindersUnclear as RemindersUnclear
from core.errors.requests import ReplyUnclear as ReplyUnclear
from core.errors.requests import ReportRunMissing as ReportRunMissing
from core.errors.requests import RiskRuleUnclear as RiskRuleUnclear
from core.errors.requests import RunNotChosen as RunNotChosen
from core.errors.requests import SettingInvalid as SettingInvalid
from core.errors.requests import StaffDetailsInvalid as StaffDetailsInvalid
from core.errors.requests import UnknownVerb as UnknownVerb
from core.errors.unavailable import Busy as Busy
from core.errors.unavailable import OutcomeUnknown as OutcomeUnknown
