"""How fast Telegram is called, however the network bunches calls up (`M2`)."""

import random
from datetime import datetime, timedelta

import pytest

from backend import clock
from bench.send_rate import most_in_a_second
from bot.delivery.rate_limit import ALL, ARRIVING, RateLimiter

MILLISECOND = timedelta(milliseconds=1)


def seconds(at: list[datetime]) -> list[float]:
    return sorted(moment.timestamp() for moment in at)


@pytest.mark.parametrize("seed", range(5))
def test_however_calls_bunch_up_no_more_arrive_in_a_second_than_telegram_takes(
    noon: datetime, seed: int
) -> None:
    """M2: each arrives at the worst moment between its beginning and end, together with others; some last
    for seconds."""
    dice = random.Random(seed)
    limiter, began, arrived = RateLimiter(), [], []
    under_way: list[tuple[datetime, datetime]] = []
    jam = clock.now()
    for _ in range(20_000):
        clock.advance(MILLISECOND)
        now = clock.now()
        if dice.random() < 0.001:
            # Nothing gets through until then.
            jam = now + timedelta(milliseconds=dice.randrange(1_500))
        for call in [call for call in under_way if max(call[1], jam) <= now]:
            under_way.remove(call)
            arrived.append(dice.choice((max(call[0], now - 5 * MILLISECOND), now)))
            limiter.end()
        if limiter.next_turn_in == 0:
            limiter.begin()
            began.append(now)
            under_way.append((now, now + timedelta(milliseconds=dice.choice((5, 10, 40, 900)))))
    assert most_in_a_second(seconds(began)) <= ALL[0]
    assert most_in_a_second(seconds(arrived)) <= ARRIVING[0]
    assert len(arrived) > 20 * 12, "it is not safe by standing still"


def test_calls_that_are_quick_lose_nothing(noon: datetime) -> None:
    """M2: twenty-five a second begin, evenly, and what a busy moment cost is made up for."""
    limiter, began = RateLimiter(), []
    for n in range(60_000):
        clock.advance(MILLISECOND)
        busy = n % 3_000 < 60
        if not busy and limiter.next_turn_in == 0:
            limiter.begin()
            limiter.end()
            began.append(clock.now())
    assert len(began) >= 60 * 24.5
    assert most_in_a_second(seconds(began)) <= ALL[0]


def test_a_call_that_hangs_is_reckoned_with_until_it_is_over(noon: datetime) -> None:
    """M2: it may still arrive at any moment. When as many as may arrive in a second are under way, the
    next waits."""
    limiter = RateLimiter()
    for _ in range(ARRIVING[0]):
        while limiter.next_turn_in > 0:
            clock.advance(MILLISECOND)
        limiter.begin()
    clock.advance(timedelta(minutes=1))
    assert limiter.next_turn_in == 1
    limiter.end()
    assert limiter.next_turn_in == 1
    clock.advance(timedelta(seconds=1))
    assert limiter.next_turn_in == 0


def test_a_private_chats_second_counts_from_the_end_of_a_slow_call(noon: datetime) -> None:
    """M2: also of a call that took longer than the second, while other chats were looked at."""
    limiter = RateLimiter()
    limiter.reserve(7)
    clock.advance(timedelta(seconds=3))
    assert limiter.busy_chats() == []
    limiter.record_answer(7)
    assert limiter.busy_chats() == [7]
    clock.advance(timedelta(seconds=1))
    assert limiter.busy_chats() == []
