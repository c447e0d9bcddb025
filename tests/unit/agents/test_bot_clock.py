"""A bot's idea of chain time: right between blocks, and deaf to its machine's clock once blocks arrive."""

from __future__ import annotations

from headwater_agents.bots.clock import ChainClock


class Hands:
    """Two clocks that a test moves."""

    def __init__(self, wall: float = 1_000.0, monotonic: float = 50.0) -> None:
        self.wall, self.monotonic = wall, monotonic

    def pass_(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds


def clock(hands: Hands) -> ChainClock:
    return ChainClock(wall=lambda: hands.wall, monotonic=lambda: hands.monotonic)


def test_an_old_block_is_not_taken_for_now() -> None:
    hands = Hands()
    mine = clock(hands)
    mine.see(7, 400)
    assert mine.now() == 1_000
    assert mine.skew is None


def test_time_goes_on_between_blocks() -> None:
    hands = Hands()
    mine = clock(hands)
    mine.see(7, 990)
    hands.pass_(5)
    mine.see(8, 1_004)
    hands.pass_(3)
    mine.see(8, 1_004)
    assert mine.now() == 1_007


def test_a_wrong_clock_is_found_out_by_the_first_new_block_and_may_jump_after() -> None:
    hands = Hands(wall=9_000.0)
    mine = clock(hands)
    mine.see(7, 990)
    assert mine.now() == 9_000
    mine.see(8, 1_000)
    assert (mine.now(), mine.skew) == (1_000, 8_000.0)
    hands.wall = 3.0
    hands.monotonic += 4
    assert mine.now() == 1_004
    assert mine.skew == 3.0 - 1_004.0


def test_blocks_seen_late_do_not_set_the_clock_back() -> None:
    hands = Hands()
    mine = clock(hands)
    mine.see(1, 1_000)
    mine.see(2, 1_001)
    hands.pass_(10)
    mine.see(3, 1_003)  # mined eight seconds ago, seen now
    assert mine.now() == 1_011


def test_a_chain_that_runs_ahead_of_every_clock_is_followed() -> None:
    hands = Hands()
    mine = clock(hands)
    mine.see(1, 2_000_000_000)
    assert mine.now() == 2_000_000_000
    mine.see(2, 2_000_000_500)
    hands.pass_(1)
    assert mine.now() == 2_000_000_501
