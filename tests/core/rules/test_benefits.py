"""What an invitation may promise, by the course's access model."""

from core.rules.benefits import benefits_of
from core.words import AccessModel, Benefit

FULL = (Benefit.ONGOING_ACCESS, Benefit.TESTS, Benefit.DIGITAL_CERTIFICATE)


def test_each_model_promises_what_it_gives_and_no_more() -> None:
    assert {model: benefits_of(model) for model in AccessModel} == {
        AccessModel.UPGRADED: FULL,
        AccessModel.SPONSORED: FULL,
        AccessModel.NO_PURCHASE: (Benefit.COURSE_ACCESS,),
        AccessModel.PAID_FOR: (),
    }


def test_nobody_is_promised_a_posted_certificate() -> None:
    assert [benefit.value for benefit in Benefit if "certificate" in benefit.value] == ["digital_certificate"]
