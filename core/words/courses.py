"""Courses, and what being on one is worth."""

from enum import StrEnum


class CourseKind(StrEnum):
    OPEN = "open"
    INVITE_ONLY = "invite_only"


class AccessModel(StrEnum):
    UPGRADED = "upgraded"
    PAID_FOR = "paid_for"
    SPONSORED = "sponsored"
    NO_PURCHASE = "no_purchase"


class Benefit(StrEnum):
    ONGOING_ACCESS = "ongoing_access"
    TESTS = "tests"
    DIGITAL_CERTIFICATE = "digital_certificate"
    COURSE_ACCESS = "course_access"
