"""A series read from events: every state a question can be in, and what a reorganisation changes."""

from __future__ import annotations

from harness import SALT, World
from headwater.units import WAD
from headwater_agents.bots.student import Student
from headwater_agents.bots.watch import OVERLAP, SeriesWatch
from headwater_agents.policies import Phase

REPORT = (6 * WAD // 10, 4 * WAD // 10)


def watch(world: World, series: int) -> SeriesWatch:
    made = SeriesWatch(world.system, series)
    made.refresh(world.backend.block_number())
    return made


def test_a_question_is_followed_from_its_opening_to_its_settlement(world: World) -> None:
    series = world.series()
    mine = watch(world, series)
    assert mine.questions == {}
    question = world.open(series)
    mine.refresh(world.backend.block_number())
    asked = mine.questions[question]
    state = world.system.question(question)
    assert (asked.times, asked.capacity, asked.opened) == (state.times, state.capacity, state.opened)
    assert asked.odds == world.system.odds(question)
    times = asked.times
    assert [asked.phase(at) for at in (times.commit_start - 1, times.commit_start, times.commit_end - 1)] == [
        None,
        Phase.COMMIT,
        Phase.COMMIT,
    ]
    assert [asked.phase(at) for at in (times.commit_end, times.reveal_end - 1, times.reveal_end)] == [
        Phase.REVEAL,
        Phase.REVEAL,
        Phase.CLOSED,
    ]
    world.play(question, {0: (REPORT, 10 * WAD), 1: (REPORT, 20 * WAD)}, 1, hide=[1], settle=False)
    mine.refresh(world.backend.block_number())
    first, second = (world.forecasters[each].address for each in (0, 1))
    assert (asked.outcome, mine.resolved, asked.revealed) == (1, [question], {first})
    assert [asked.committed[who].wager for who in (first, second)] == [10 * WAD, 20 * WAD]
    assert asked.unsettled(0) == [first, second]
    assert asked.phase(times.commit_start) is None
    world.settle(question, 0)
    mine.refresh(world.backend.block_number())
    assert asked.unsettled(0) == [second]


def test_other_series_are_left_out(world: World) -> None:
    mine, other = world.series(), world.series()
    world.open(other)
    assert watch(world, mine).questions == {}


def test_a_question_voided_late_may_be_revealed_until_its_reveals_end(world: World) -> None:
    series = world.series()
    question = world.open(series)
    world.forecasters[0].commit(question, REPORT, 10 * WAD, SALT)
    times = world.system.question(question).times
    world.travel(times.commit_end)
    world.governor.void(question)
    asked = watch(world, series).questions[question]
    assert asked.phase(times.reveal_end - 1) is Phase.REVEAL
    assert asked.unsettled(times.reveal_end - 1) == []
    assert asked.phase(times.reveal_end) is None
    assert asked.unsettled(times.reveal_end) == [world.forecasters[0].address]


def test_a_question_voided_early_is_over_at_once(world: World) -> None:
    series = world.series()
    question = world.open(series)
    world.governor.void(question)
    asked = watch(world, series).questions[question]
    assert (asked.over(0), asked.outcome) == (True, None)


def test_what_a_reorganisation_takes_back_is_forgotten_and_what_it_brings_is_seen(world: World) -> None:
    series = world.series()
    question = world.open(series)
    fork = world.control.snapshot()
    world.forecasters[0].commit(question, REPORT, 10 * WAD, SALT)
    mine = watch(world, series)
    assert list(mine.questions[question].committed) == [world.forecasters[0].address]
    world.control.revert(fork)
    world.forecasters[1].commit(question, REPORT, 20 * WAD, SALT)
    assert mine.refresh(world.backend.block_number())
    assert list(mine.questions[question].committed) == [world.forecasters[1].address]
    assert not mine.refresh(world.backend.block_number())


def test_a_chain_that_became_shorter_is_read_anew(world: World) -> None:
    series = world.series()
    fork = world.control.snapshot()
    world.open(series)
    mine = watch(world, series)
    world.control.revert(fork)
    assert mine.refresh(world.backend.block_number())
    assert mine.questions == {}


def test_only_the_last_blocks_are_read_again(world: World) -> None:
    series = world.series()
    question = world.open(series)
    mine = watch(world, series)
    world.control.mine(OVERLAP + 5)
    for _ in range(3):
        assert not mine.refresh(world.backend.block_number())
    assert list(mine.questions) == [question]


class Tally:
    """Learns the outcomes, in order."""

    def start(self) -> tuple[int, ...]:
        return ()

    def learn(self, memory: tuple[int, ...], lesson: int, /) -> tuple[int, ...]:
        return (*memory, lesson)


def test_a_student_learns_every_question_once_and_anew_after_a_reorganisation(world: World) -> None:
    series = world.series()
    mine = SeriesWatch(world.system, series)
    student: Student[int, tuple[int, ...]] = Student(Tally(), [7], lambda asked: asked.outcome)
    marks = []
    for outcome in (1, 0):
        question = world.open(series)
        marks.append(world.control.snapshot())
        world.play(question, {}, outcome)
        mine.refresh(world.backend.block_number())
        assert student.catch_up(mine)
        assert not student.catch_up(mine)
    assert student.memory == (7, 1, 0)
    world.control.revert(marks[1])
    world.play(question, {}, 1)
    mine.refresh(world.backend.block_number())
    student.catch_up(mine)
    # The same question resolved otherwise: its number alone does not tell.
    assert student.memory == (7, 1, 1)
