"""A request that is not answered: its HTTP status, and why, for either dialect."""

from __future__ import annotations

from router.types.result import CloudState, Result


class Refused(Exception):
    """status: of HTTP. code: a short name for programs."""

    def __init__(self, status: int, message: str, *, code: str = "invalid_request") -> None:
        super().__init__(message)
        self.status, self.message, self.code = status, message, code


def refusal_of(result: Result) -> Refused:
    """Why a result has no answer, as a client is told it."""
    if result.cloud is CloudState.NO_BUDGET:
        return Refused(429, result.reason, code="insufficient_quota")
    if result.status == "parked":
        return Refused(503, result.reason, code="no_cloud")
    return Refused(502, result.reason, code="no_answer")
