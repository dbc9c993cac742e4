"""Was this request signed by Slack within the last five minutes?"""

from slack_bolt.middleware.request_verification.async_request_verification import AsyncRequestVerification
from slack_sdk.signature import Clock as SlackClock
from slack_sdk.signature import SignatureVerifier

from core.context import Clock


class _OurClock(SlackClock):
    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock().timestamp()


class Verification(AsyncRequestVerification):
    """Bolt's own check, on the clock that is passed in, and without writing a refused body into the log."""

    def __init__(self, secret: str, clock: Clock) -> None:
        super().__init__(secret)
        self._on_our_clock = SignatureVerifier(secret, clock=_OurClock(clock))

    @property
    def verifier(self) -> SignatureVerifier:
        return self._on_our_clock

    def _debug_log_error(self, signature: str, timestamp: str, body: str) -> None:
        self.logger.warning("a request with a wrong signature was refused")
