"""The limit of password guesses on one account, wherever they come from."""

from collections.abc import MutableMapping
from typing import Any

from ..limits import RateLimitResult, parse_limit
from ..rate_limiting import refusal
from ..tokens import digest


async def count_guess(state: MutableMapping[str, Any], email: str) -> bool:
    """Count a guess against the limit of an account, and return whether it was the last allowed.

    It counts emails without an account as well, so that a refusal does not reveal one.

    Args:
        state: The request's, or that of the process.
        email: The account's.

    Raises:
        RateLimitedError: There were too many.
    """
    limit = parse_limit(state["settings"].rate_limit_account)
    result: RateLimitResult | None = await state["limits"].hit(
        f"{limit.text}|account:{digest(email)}", limit
    )
    if result is None:
        return False
    if not result.allowed:
        state["rate_limit_result"] = result
        raise refusal(result)
    return result.remaining == 0
