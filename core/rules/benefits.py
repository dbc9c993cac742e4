"""What a learner gets, by the course's kind and access model (LM, Learners get the upgraded experience)."""

from core.words import AccessModel, Benefit

_FULL = (Benefit.ONGOING_ACCESS, Benefit.TESTS, Benefit.DIGITAL_CERTIFICATE)


def benefits_of(model: AccessModel) -> tuple[Benefit, ...]:
    """No posted paper certificate, ever. A no-purchase course promises access while it runs and no more."""
    if model in (AccessModel.UPGRADED, AccessModel.SPONSORED):
        return _FULL
    if model is AccessModel.NO_PURCHASE:
        return (Benefit.COURSE_ACCESS,)
    return ()
