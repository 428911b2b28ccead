"""Limits of several rates, and those of users."""

from collections.abc import Callable
from pathlib import Path

import pytest
from slipway_kit.limits import (
    Limit,
    MemoryRateLimiter,
    RateLimitResult,
    parse_limit,
    rate_limit_client,
)
from slipway_kit.rate_limiting import (
    address_and_route,
    client_and_route,
    count,
)
from slipway_kit.settings import ServiceSettings

Read = Callable[[Path | None], ServiceSettings]

pytestmark = pytest.mark.anyio


class Clock:
    """A clock that is set by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The clock of the limits."""
    return Clock()


@pytest.fixture
def limits(clock: Clock) -> MemoryRateLimiter:
    """Counts in this process."""
    return MemoryRateLimiter(clock=clock)


async def _taken(limits: MemoryRateLimiter, limit: str, times: int) -> list[RateLimitResult]:
    return [await limits.hit("ann", parse_limit(limit)) for _ in range(times)]


@pytest.mark.parametrize("text", ["60/minute,1000/hour", " 60 / minute , 1000/hours"])
async def test_rates_are_separated_by_commas(text: str) -> None:
    limit = parse_limit(text)

    assert limit == Limit(60, "minute", (Limit(1000, "hour"),))
    assert str(limit) == "60/minute,1000/hour"


@pytest.mark.parametrize(
    ("text", "seconds", "written"),
    [
        ("2/5 seconds", 5, "2/5 second"),
        ("2/1 second", 1, "2/1 second"),
        ("1/500milliseconds", 0.5, "1/500 millisecond"),
        ("8/second", 1, "8/second"),
    ],
)
async def test_a_period_may_be_several_units(
    limits: MemoryRateLimiter, clock: Clock, text: str, seconds: float, written: str
) -> None:
    limit = parse_limit(text)
    passed = []
    for _ in range(2):
        passed.append(sum(each.allowed for each in await _taken(limits, text, 20)))
        clock.now += seconds

    assert str(limit) == written
    assert passed == [limit.count] * 2


@pytest.mark.parametrize("text", ["60/minute,", ",", "60,1000/hour", "2/0 seconds", "2/5"])
async def test_each_rate_has_to_be_one(text: str) -> None:
    with pytest.raises(ValueError, match="like 100/minute"):
        parse_limit(text)


async def test_each_of_the_rates_holds(limits: MemoryRateLimiter, clock: Clock) -> None:
    passed = []
    for _ in range(4):
        told = await _taken(limits, "4/second,5/hour", 10)
        passed.append(sum(each.allowed for each in told))
        clock.now += 1

    assert passed == [4, 1, 0, 0]


async def test_a_response_reports_the_rate_of_which_the_least_is_left(
    limits: MemoryRateLimiter, clock: Clock
) -> None:
    short = await _taken(limits, "4/second,5/hour", 2)
    clock.now += 1
    long = await _taken(limits, "4/second,5/hour", 2)

    assert [(each.limit, each.remaining) for each in short] == [(4, 3), (4, 2)]
    assert [(each.limit, each.remaining) for each in long] == [(5, 2), (5, 1)]


async def test_a_refusal_tells_of_the_rate_that_lets_wait_longest(
    limits: MemoryRateLimiter, clock: Clock
) -> None:
    short = (await _taken(limits, "4/second,5/hour", 5))[-1]
    clock.now += 1
    long = (await _taken(limits, "4/second,5/hour", 3))[-1]

    assert (short.allowed, short.limit, short.retry_after, short.reset) == (False, 4, 1, 1)
    assert (long.allowed, long.limit, long.retry_after, long.reset) == (False, 5, 719, 3599)


async def test_a_refused_request_counts_for_none_of_the_rates(
    limits: MemoryRateLimiter, clock: Clock
) -> None:
    passed = []
    for _ in range(7):
        told = await _taken(limits, "1/second,5/hour", 100)
        passed.append(sum(each.allowed for each in told))
        clock.now += 1

    assert passed == [1, 1, 1, 1, 1, 0, 0]


async def test_a_users_limit_holds_where_users_count_and_nowhere_else(
    limits: MemoryRateLimiter, read: Read
) -> None:
    held = {
        "limits": limits,
        "settings": read(None),
        "user_id": "ann",
        "user_limit": "9/hour",
    }
    scope = {"client": ("192.0.2.1", 5), "headers": [], "state": held}

    told = [await count(scope, None, each) for each in (client_and_route, address_and_route)]

    assert [result and result.limit for result in told] == [9, 100]


@pytest.mark.parametrize(
    ("address", "prefix", "client"),
    [
        ("192.0.2.1", 64, "192.0.2.1"),
        ("::ffff:192.0.2.1", 64, "192.0.2.1"),
        ("2001:db8::1:2:3:4", 64, "2001:db8::/64"),
        ("2001:db8:0:1::", 48, "2001:db8::/48"),
        ("2001:db8::1", 128, "2001:db8::1/128"),
        ("fe80::1%eth0", 64, "fe80::/64"),
        ("", 64, ""),
        ("testclient", 64, "testclient"),
    ],
)
async def test_an_ipv6_network_counts_as_one_client(address: str, prefix: int, client: str) -> None:
    assert rate_limit_client(address, prefix) == client


async def test_a_safe_method_does_not_spend_the_limit_of_another(
    limits: MemoryRateLimiter, read: Read
) -> None:
    held = {"limits": limits, "settings": read(None)}
    scope = {"client": ("192.0.2.1", 5), "headers": []}

    told = [
        await count({**scope, "method": method, "state": dict(held)}, "9/hour")
        for method in ("POST", "GET", "HEAD", "OPTIONS", "PUT")
    ]

    assert [result and result.remaining for result in told] == [8, 8, 7, 6, 7]
