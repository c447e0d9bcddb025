"""Tasks: who may open, report, finish and let lapse one, when, and how much."""

from __future__ import annotations

import pytest

from checks import refused
from deal_cases import BOTH_KEPT, DAY, GIFT, HALF, POT, RECORD, Hall, send_as
from harness import ZERO
from headwater.chain import Reverted
from headwater.deals import DealError
from headwater.deals.escrow import Payout, TaskStatus
from headwater.deals.twin import Verdict
from headwater.units import MAX_WEI

SALT = bytes(31) + b"\1"


def test_a_task_takes_its_pot_and_has_the_number_known_beforehand(hall: Hall) -> None:
    deadline = hall.backend.now() + DAY
    expected = hall.escrow.task_id(hall.sponsor.address, POT, hall.resolver.address, deadline, SALT)
    words = (hall.sponsor.address, POT, hall.resolver.address, deadline, SALT)
    assert hall.escrow.contract.call("task_id", *words) == expected
    assert hall.escrow.task(expected).status is TaskStatus.NONE
    task = hall.sponsor.open_task(POT, hall.resolver.address, deadline, SALT)
    hall.tasks.append(task)
    assert task == expected
    state = hall.escrow.task(task)
    assert (state.sponsor, state.resolver, state.pot) == (hall.sponsor.address, hall.resolver.address, POT)
    assert (state.awarded, state.deadline, state.returned, state.record) == (0, deadline, False, bytes(32))
    assert state.status is TaskStatus.OPEN
    assert hall.balance(hall.sponsor.address) == GIFT - POT
    with refused(hall, "deals: task was opened before"):
        hall.sponsor.open_task(POT, hall.resolver.address, deadline, SALT)


@pytest.mark.parametrize("part", range(5))
def test_a_tasks_number_binds_everything_about_it(hall: Hall, part: int) -> None:
    words = [hall.sponsor.address, POT, hall.resolver.address, 2**33, SALT]
    changed = list(words)
    changed[part] = (hall.third.address, POT + 1, hall.third.address, 2**33 + 1, bytes(32))[part]
    assert hall.escrow.task_id(*words) != hall.escrow.task_id(*changed)  # type: ignore[arg-type]
    with pytest.raises(DealError, match="a salt has 32 bytes, got 31"):
        hall.escrow.task_id(hall.sponsor.address, POT, hall.resolver.address, 2**33, bytes(31))


def test_a_task_has_a_resolver_and_ends(hall: Hall) -> None:
    now = hall.backend.now()
    with refused(hall, "deals: no resolver"):
        hall.sponsor.open_task(POT, ZERO, now + DAY)
    for deadline in (now - 1, now + 366 * DAY + 100, 2**256 - 1):
        with refused(hall, "deals: deadline not in 366 days"):
            hall.sponsor.open_task(POT, hall.resolver.address, deadline)
    with refused(hall, "deals: more than there can be"):
        hall.sponsor.open_task(MAX_WEI + 1, hall.resolver.address, now + DAY)
    with pytest.raises(Reverted):
        hall.sponsor.open_task(GIFT + 1, hall.resolver.address, now + DAY)


def test_the_deadline_is_at_most_366_days_away_to_the_second(hall: Hall) -> None:
    control = hall.backend
    now = control.now() + 1_000
    control.time_travel(now)
    with refused(hall, "deals: deadline not in 366 days"):
        hall.sponsor.open_task(POT, hall.resolver.address, now + 366 * DAY + 1)
    now += 1_000
    control.time_travel(now)
    with refused(hall, "deals: deadline not in 366 days"):
        hall.sponsor.open_task(POT, hall.resolver.address, now)
    now += 1_000
    control.time_travel(now)
    hall.tasks.append(hall.sponsor.open_task(POT, hall.resolver.address, now + 366 * DAY))


def test_only_the_resolver_reports_and_finishes(hall: Hall) -> None:
    task = hall.task()
    for who in (hall.sponsor, hall.payer, hall.stranger):
        with refused(hall, "deals: caller is not the resolver"):
            who.report(task, {who.address: 1}, {})
        with refused(hall, "deals: caller is not the resolver"):
            who.finish(task, RECORD)
    with refused(hall, "deals: task is not open"):
        hall.resolver.report(task + 1, {}, {})
    with refused(hall, "deals: empty record"):
        hall.resolver.finish(task, bytes(32))
    hall.resolver.finish(task, RECORD)
    assert hall.escrow.task(task).record == RECORD


def test_rewards_come_in_batches_up_to_the_pot_each_participant_once(hall: Hall) -> None:
    task = hall.task(100)
    hall.resolver.report(task, {hall.payer.address: 60}, {})
    with refused(hall, "deals: rewards above the pot"):
        hall.resolver.report(task, {hall.payee.address: 41}, {})
    with refused(hall, "deals: participant was reported"):
        hall.resolver.report(task, {hall.payer.address: 1}, {})
    with refused(hall, "deals: participant is the zero address"):
        hall.resolver.report(task, {ZERO: 1}, {})
    with refused(hall, "deals: more than there can be"):
        hall.resolver.report(task, {hall.payee.address: 2**256 - 1}, {})
    report = hall.escrow.contract
    again = [hall.payee.address, hall.payee.address]
    with refused(hall, "deals: participant was reported"):
        send_as(hall.resolver.account, report, "report", task, again, [1, 1], [], [])
    hall.resolver.report(task, {hall.payee.address: 39, hall.third.address: 0}, {})
    assert hall.escrow.task(task).awarded == 99
    assert [hall.escrow.entry(task, each.address).reward for each in hall.people] == [0, 0, 60, 39, 0, 0]
    assert hall.escrow.entry(task, hall.third.address).reported
    with refused(hall, "deals: participant was reported"):
        hall.resolver.report(task, {hall.third.address: 1}, {})  # of nothing, too
    hall.resolver.finish(task, RECORD)
    assert hall.free(hall.sponsor) == 1


def test_a_report_of_more_than_32_goes_in_several_calls(hall: Hall) -> None:
    task = hall.task(POT)
    seen: list[str] = []
    hall.resolver._observe = lambda name, _: seen.append(name)
    people = {f"0x{i:040x}": i for i in range(1, 41)}
    assert hall.resolver.report(task, {address: people[address] for address in people}, {}) == ()
    hall.resolver._observe = lambda *_: None
    assert seen == ["DealEscrow.report"] * 2
    assert hall.escrow.task(task).awarded == sum(range(1, 41))
    hall.pass_deadline(task)
    hall.stranger.lapse(task)


def test_lists_of_a_report_are_as_long_as_each_other(hall: Hall) -> None:
    task = hall.task()
    for name, lists in (
        ("deals: one reward for each participant", ([hall.payer.address], [], [], [])),
        ("deals: one verdict for each deal", ([], [], [bytes(32)], [])),
        ("deals: no such verdict", ([], [], [bytes(32)], [2**226])),
        ("deals: no such deal", ([], [], [bytes(32)], [0])),
    ):
        with refused(hall, name):
            send_as(hall.resolver.account, hall.escrow.contract, "report", task, *lists)


def test_a_deal_is_judged_once_and_only_in_its_own_task(hall: Hall) -> None:
    one, other = hall.task(10), hall.task(11)
    deal = hall.open(hall.deal(one))
    with refused(hall, "deals: no such deal"):
        hall.resolver.report(other, {}, {deal: BOTH_KEPT})
    hall.resolver.report(one, {}, {deal: Verdict(payer_kept=False, payee_kept=True, observed=2**192 - 1)})
    found = hall.escrow.state(one, deal).verdict
    assert found == Verdict(payer_kept=False, payee_kept=True, observed=2**192 - 1)
    with refused(hall, "deals: deal was judged"):
        hall.resolver.report(one, {}, {deal: BOTH_KEPT})


def test_a_verdict_of_nothing_but_no_is_a_verdict(hall: Hall) -> None:
    """Nobody kept it, in state 0, at revision 0: as a word that is zero."""
    task, nothing = hall.task(), Verdict(payer_kept=False, payee_kept=False)
    assert nothing.word == 0
    deal = hall.open(hall.deal(task))
    hall.resolver.report(task, {}, {deal: nothing})
    assert hall.escrow.state(task, deal).verdict == nothing
    with refused(hall, "deals: deal was judged"):
        hall.resolver.report(task, {}, {deal: BOTH_KEPT})


def test_a_verdict_on_another_revision_is_passed_over_and_said_to_be(hall: Hall) -> None:
    task = hall.task()
    stays, moves = hall.open(hall.deal(task, 1)), hall.open(hall.deal(task, 2, nonce=1))
    hall.open(hall.deal(task, 3, nonce=1, revision=1))
    assert hall.resolver.report(task, {}, {moves: BOTH_KEPT, stays: BOTH_KEPT}) == (moves,)
    assert hall.escrow.state(task, moves).verdict is None
    assert hall.escrow.state(task, stays).verdict == BOTH_KEPT
    assert hall.resolver.report(task, {}, {moves: Verdict(payer_kept=True, payee_kept=True, revision=2)}) == (moves,)
    assert hall.resolver.report(task, {}, {moves: Verdict(payer_kept=True, payee_kept=True, revision=1)}) == ()


def test_a_finished_task_is_final_and_returns_what_it_did_not_award(hall: Hall) -> None:
    task = hall.task(100)
    hall.judge(task, {hall.payer.address: 30})
    state = hall.escrow.task(task)
    assert (state.status, state.awarded, state.returned) == (TaskStatus.FINISHED, 30, True)
    assert hall.free(hall.sponsor) == 70
    with refused(hall, "deals: task is not open"):
        hall.resolver.report(task, {hall.payee.address: 1}, {})
    with refused(hall, "deals: task is not open"):
        hall.resolver.finish(task, RECORD)
    hall.pass_deadline(task)
    with refused(hall, "deals: task has not lapsed"):
        hall.stranger.lapse(task)
    assert hall.escrow.task(task).status is TaskStatus.FINISHED


def test_a_task_lapses_at_its_deadline_to_the_second(hall: Hall) -> None:
    task = hall.task(100)
    deadline = hall.escrow.task(task).deadline
    hall.resolver.report(task, {hall.payer.address: 30}, {})
    hall.backend.time_travel(deadline - 1)
    with refused(hall, "deals: task has not lapsed"):
        hall.stranger.lapse(task)
    late = hall.backend.snapshot()
    hall.pass_deadline(task)
    for call in (
        lambda: hall.resolver.report(task, {hall.payee.address: 1}, {}),
        lambda: hall.resolver.finish(task, RECORD),
    ):
        with refused(hall, "deals: task is not open"):
            call()
    hall.stranger.lapse(task)
    assert (hall.free(hall.sponsor), hall.escrow.task(task).status) == (100, TaskStatus.LAPSED)
    with refused(hall, "deals: pot was returned"):
        hall.stranger.lapse(task)
    with refused(hall, "deals: task is not finished"):
        hall.stranger.collect(task, hall.payer.address)
    hall.backend.revert(late)


def test_nobody_lets_a_task_lapse_that_there_is_not(hall: Hall) -> None:
    with refused(hall, "deals: task has not lapsed"):
        hall.stranger.lapse(1)
    with refused(hall, "deals: task is not finished"):
        hall.stranger.collect(1, hall.payer.address)


def test_where_money_goes_is_fixed_when_an_account_enters_and_not_when_it_knows_its_reward(hall: Hall) -> None:
    first = hall.announce(hall.payee)
    task = hall.task()
    deal = hall.open(hall.deal(task, HALF))
    entry = hall.escrow.entry(task, hall.payee.address)
    assert (entry.entered, entry.free, entry.version, entry.reported) == (True, False, first, False)
    assert hall.escrow.entry(task, hall.payer.address).version == 0
    # Both of these come too late for the payee, and in time for the third.
    hall.announce(hall.payee)
    hall.payee.set_payout(Payout.FREE)
    hall.third.set_payout(Payout.NAMED, first)
    everybody = {hall.payer.address: 100, hall.payee.address: 10, hall.third.address: 1}
    hall.judge(task, everybody, {deal: BOTH_KEPT})
    hall.payer.set_payout(Payout.FREE)
    hall.stranger.wind_up(task, [hall.third.address])
    assert hall.inflow(hall.payee, first) == 60
    assert (hall.inflow(hall.third, first), hall.inflow(hall.payer)) == (1, 50)
    assert hall.free(hall.payee) == hall.free(hall.payer) == 0
