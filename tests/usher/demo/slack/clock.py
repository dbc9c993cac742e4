"""A clock that moves when it is told to."""


class SteppedClock:
    """Epoch seconds; starts on 2 March 2026."""

    def __init__(self) -> None:
        self.seconds = 1_772_440_000.0

    def __call__(self) -> float:
        return self.seconds

    def now(self) -> float:
        """The name under which Slack's signature verifier wants it."""
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.seconds += seconds
