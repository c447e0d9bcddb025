"""The end of every history: with the system paused and no role helping, everybody gets out all that is theirs."""

from __future__ import annotations

from dataclasses import replace

from model_arena import OPEN, RESOLVED, VOID_LATE
from scenes import flow_down, show
from stage import CONFIG, Stage
from statements import check_statements

from headwater.cascade import SHARE


def leave(s: Stage) -> None:
    """Pause, then let everybody reveal, settle, close, release, pull, unbond and withdraw; then count what is left.

    No oracle, feed, governor or slasher does anything; a guardian who pauses stays silent. Raises Divergence if
    anybody is stopped, or if a wei is not accounted for.
    """
    if not s.model.vault.paused:
        s.do(s.governor, "vault", "set_paused", True)
    end_questions(s)
    close_escrows(s)
    ask_for_more(s)
    flow_down(s, s.stranger)
    for node in s.holders:
        if s.model.cascade.ledger.withdrawable(node):
            s.do(s.stranger, "cascade", "withdraw", node)
    take_out_stakes(s)
    for series, account in s.model.treasury.accounts.items():
        if account.sponsor and account.bankroll:
            s.do(s.by_address[account.sponsor], "treasury", "withdraw", series, account.bankroll, account.sponsor)
    s.check(everything=True)
    account_for_the_rest(s)
    check_statements(s)


def end_questions(s: Stage) -> None:
    """Reveal what still can be, by strangers; let questions expire; settle them."""
    questions = list(s.model.arena.questions.values())
    for question in sorted(questions, key=lambda question: question.times.commit_end):
        if question.status in (OPEN, VOID_LATE) and s.now < question.times.reveal_end:
            s.travel(question.times.commit_end)
            for forecaster in sorted(question.positions):
                if question.positions[forecaster].report is None:
                    show(s, question, forecaster, s.stranger)
    for question in questions:
        s.travel(question.times.reveal_end)
        if question.status < RESOLVED:
            s.travel(question.times.resolve_after + CONFIG.resolve_timeout)
            s.do(s.stranger, "arena", "expire", question.id)
        if question.positions:
            s.do(s.stranger, "arena", "settle_many", question.id, sorted(question.positions))


def close_escrows(s: Stage) -> None:
    """Wait until every escrow is idle; close those that hold something and hand over what is due."""
    s.travel(s.now + CONFIG.idle_period)
    for key, escrow in list(s.model.vault.escrows.items()):
        forecaster, version, domain = key
        if domain and (escrow.held or escrow.due):
            # Under a name that shares its bits, its money would be booked for nobody.
            s.do(s.stranger, "vault", "release", forecaster, version | (domain << 40), 0)
        if escrow.held:
            s.do(s.stranger, "vault", "close", *key)
        elif escrow.due:
            s.do(s.stranger, "vault", "release", *key)


def ask_for_more(s: Stage) -> None:
    """A node that claims to keep everything of what its parents gave, under terms that it never announced."""
    for (node, version), known in s.model.cascade.announced.items():
        if known.terms.keep_bps < 10_000:
            greedy = replace(known.terms, keep_bps=10_000)
            s.do(s.by_address[node], "cascade", "pull_share", node, version, greedy.as_tuple())
            return


def take_out_stakes(s: Stage) -> None:
    """Everybody unbonds everything and, after the cooldown, withdraws it."""
    stakers = [person for person in s.people if s.model.vault.account(person.address).bonded]
    for person in stakers:
        s.do(person, "vault", "request_unbond", s.model.vault.account(person.address).bonded)
    if stakers:
        # A second before the last request is ripe: refused, and the only thing here that is.
        s.travel(s.model.vault.account(stakers[-1].address).ready - 1)
        s.do(stakers[-1], "vault", "withdraw")
    s.travel(s.now + CONFIG.cooldown)
    for person in s.people:
        if s.model.vault.account(person.address).unbonding:
            s.do(person, "vault", "withdraw")


def account_for_the_rest(s: Stage) -> None:
    """What is left in each contract, wei by wei, as the chain tells it."""
    token, treasury, vault, cascade = s.system.token, s.system.treasury, s.system.vault, s.system.cascade

    def left(address: str) -> int:
        return int(token.call("balanceOf", address)) - s.model.token.stray(address)

    if left(vault.address) or vault.call("owed"):
        s.fail(f"the vault keeps {left(vault.address)} after everybody left, and owes {vault.call('owed')}")
    bankrolls = 0
    for series, account in s.model.treasury.accounts.items():
        free, reserved = treasury.call("account", series)
        bankrolls += free
        if reserved or (account.sponsor and free):
            s.fail(f"series {series} keeps {free} free and {reserved} reserved after everything is settled")
    if left(treasury.address) != bankrolls + treasury.call("unallocated"):
        s.fail(f"the treasury keeps {left(treasury.address)}, of which bankrolls explain {bankrolls}")
    remains = 0
    for node, version in s.model.cascade.pairs():
        remains += remainder(s, node, version)
    if left(cascade.address) != remains:
        s.fail(f"the cascade keeps {left(cascade.address)}, dust and roots that nobody opens explain {remains}")


def remainder(s: Stage, node: str, version: int) -> int:
    """What a version keeps for ever: dust below a wei a leaf, or the whole pot of a root that no leaf opens."""
    first, second = s.system.cascade.call("flows", node, version)
    if version == 0:
        if first != second:
            s.fail(f"{node} could have withdrawn {first - second} more")
        return 0

    def taken(index: int) -> int:
        return int(s.system.cascade.call("taken", node, version, index))

    known = s.model.cascade.announced.get((node, version))
    share = first if known is None else first * known.terms.keep_bps // 10_000
    if taken(SHARE) != share:
        s.fail(f"{(node, version)} took {taken(SHARE)} of its share of {share}")
    if known is None:
        return 0
    pot, leaves = first - share + second, known.leaves
    rest = pot - sum(taken(index) for index in leaves)
    if leaves and not 0 <= rest < len(leaves):
        s.fail(f"{(node, version)} keeps {rest} of {pot} from {len(leaves)} leaves")
    return rest
