"""The mapped classes. Importing this package knows all tables."""

from core.model.base import Base as Base
from core.model.base import OrganisationOwned as OrganisationOwned
from core.model.courses import Agreement as Agreement
from core.model.courses import Course as Course
from core.model.courses import CourseRun as CourseRun
from core.model.invitations import Draft as Draft
from core.model.invitations import Invitation as Invitation
from core.model.invitations import InvitationBatch as InvitationBatch
from core.model.invitations import InvitationChange as InvitationChange
from core.model.invitations import LinkRequest as LinkRequest
from core.model.invitations import SharedLink as SharedLink
from core.model.invitations import Suppression as Suppression
from core.model.learners import Charge as Charge
from core.model.learners import Enrolment as Enrolment
from core.model.learners import Learner as Learner
from core.model.learners import LearnerAddress as LearnerAddress
from core.model.messages import OutboundMessage as OutboundMessage
from core.model.organisations import Organisation as Organisation
from core.model.organisations import Provider as Provider
from core.model.organisations import ProviderGrant as ProviderGrant
from core.model.organisations import StaffMember as StaffMember
from core.model.records import AuditEntry as AuditEntry
from core.model.records import IdempotencyRecord as IdempotencyRecord
from core.model.records import WorkerBeat as WorkerBeat
from core.model.slack import SlackUser as SlackUser
from core.model.slack import SlackWorkspace as SlackWorkspace
