"""Rules that play several transactions in a row, so that histories reach deep: each part may still be perturbed."""

from __future__ import annotations

from model_arena import AWAITING_ODDS, OPEN, RESOLVED, Question
from model_vault import Key
from pick import Pick
from stage import CONFIG, TOKENS, Stage
from verbs import verb
from verbs_cascade import announce
from verbs_cascade import leaf as any_leaf
from verbs_forecast import commit_with_a_fault, forecast, highest_wager, open_escrow, place, seal, show
from verbs_series import is_free, post

from headwater.cascade import Leaf
from headwater.chain.participant import Participant
from headwater.units import WAD

Bet = tuple[Participant, tuple[int, ...], int]
"""Who bets, on what, and how much (wei)."""


def playable(s: Stage) -> list[int]:
    """Series whose next question can open now and will have capacity."""
    return [
        number
        for number, series in s.model.arena.series.items()
        if is_free(s, number)
        and series.resolved >= series.params.warm_up
        and min(s.model.treasury.accounts[number].bankroll, s.model.treasury.cap_left(number)[1]) >= 10 * TOKENS
    ]


def can_play(s: Stage) -> bool:
    return not s.model.vault.paused and bool(playable(s))


def open_one(s: Stage, p: Pick, series: int) -> Question | None:
    """Open a question (its odds posted), or None where something refuses."""
    params = s.model.arena.series[series].params
    start = s.now + 3
    windows = (start, start + 120, start + 300, start + 310, start + 400)
    if s.do(s.by_address[params.opener], "arena", "open_question", series, windows, bytes(32)) is None:
        return None
    question = s.model.arena.questions[len(s.model.arena.questions)]
    if question.status == AWAITING_ODDS:
        post(s, question, p.simplex(params.outcomes, params.p_min))
    return question if question.capacity else None


def bet(s: Stage, question: Question, bets: list[Bet]) -> None:
    """Commit all of them when commits open."""
    s.travel(question.times.commit_start)
    for i, (who, report, wager) in enumerate(bets):
        if wager:
            place(s, question, who, report, wager, (i + 1).to_bytes(32, "big"))


def reveal_all(s: Stage, p: Pick, question: Question, *, but: int = 0) -> None:
    """Reveal when reveals open, all but the first few of them."""
    s.travel(question.times.commit_end)
    for forecaster in sorted(question.positions)[but:]:
        show(s, question, forecaster, p.one(s.people))


def resolve(s: Stage, question: Question, outcome: int) -> None:
    """The oracle states the outcome as soon as it may."""
    s.travel(question.times.resolve_after)
    s.do(s.by_address[question.series.params.oracle], "arena", "resolve", question.id, outcome)


def settle_all(s: Stage, p: Pick, question: Question) -> None:
    """Settle in any order, by anybody."""
    left = sorted(question.positions)
    while left:
        forecaster = left.pop(p.number(0, len(left) - 1))
        s.do(p.one(s.people), "arena", "settle", question.id, forecaster)


def confident(question: Question, outcome: int) -> tuple[int, ...]:
    """As sure of one outcome as the series allows."""
    params = question.series.params
    return tuple(
        WAD - (params.outcomes - 1) * params.p_min if o == outcome else params.p_min for o in range(params.outcomes)
    )


# ---------------------------------------------------------------- rules


@verb(can_play, weight=4)
def play_question(s: Stage, p: Pick) -> None:
    """A question from its opening to its settlement, with any end, and weights that change in between."""
    for who in s.forecasters:
        if s.model.vault.account(who.address).free < 100 * TOKENS and p.often(1, 2):
            s.do(who, "vault", "deposit", p.one((300, 3_000)) * TOKENS)
    question = open_one(s, p, p.one(playable(s)))
    if question is None:
        return
    if p.often(1, 3):
        who = p.one(s.forecasters)
        announce(s, who, [any_leaf(s, p, who.address)], p.one((1_000, 5_000)))
    players = [agent for agent in s.forecasters if highest_wager(s, question, agent.address)]
    bets = []
    for who in players:
        high = highest_wager(s, question, who.address)
        low = question.series.params.min_wager
        if low <= high:
            bets.append((who, forecast(p, question), max(low, p.size(high // p.one((1, 3, 10)) + 1))))
    bet(s, question, bets)
    if bets and p.often(1, 4):
        who, report, wager = p.one(bets)
        place(s, question, who, report, wager + p.one((1, 0, -1)), bytes(32))
    if p.often(1, 4):
        commit_with_a_fault(s, p, question)
    if question.positions and p.often(1, 8):
        victim = p.one(sorted(question.positions))
        s.do(s.governor, "vault", "slash", victim, s.model.vault.account(victim).bonded, bytes(32))
    end = p.number(0, 7)
    if end == 7 and question.status == OPEN:
        s.do(s.by_address[question.series.params.oracle], "arena", "void", question.id)
    elif bets and p.often(1, 4):
        # The first second in which it is too late.
        s.travel(question.times.commit_end)
        place(s, question, *p.one(bets), bytes(32))
    hidden = p.one((0, 1)) if end == 6 else p.one((0, 0, 1))
    s.travel(question.times.commit_end)
    if question.positions and p.often(1, 4):
        forecaster = p.one(sorted(question.positions))
        report, salt = s.preimages[question.id, forecaster]
        wrong = list(reversed(report)) if report[0] != report[-1] else [*report[:-1], report[-1] - 1]
        s.do(p.one(s.people), "arena", "reveal", question.id, forecaster, wrong, salt)
    reveal_all(s, p, question, but=hidden)
    if end == 6 and question.status == OPEN:
        s.do(s.by_address[question.series.params.oracle], "arena", "void", question.id)
        s.travel(question.times.reveal_end)
    elif hidden and p.often(1, 3):
        s.travel(question.times.reveal_end)
        for forecaster in sorted(question.positions)[:1]:
            show(s, question, forecaster, p.one(s.people))
    if end == 5:
        s.travel(question.times.resolve_after + CONFIG.resolve_timeout)
        s.do(s.stranger, "arena", "expire", question.id)
    elif question.status == OPEN:
        resolve(s, question, p.number(0, question.series.params.outcomes - 1))
    if question.status >= RESOLVED and p.often(3, 4):
        settle_all(s, p, question)


@verb(can_play, weight=3)
def change_weights_between_a_loss_and_a_gain(s: Stage, p: Pick) -> None:
    """A forecaster runs into debt under one version and wins under the next; then the old version is closed."""
    who, series = p.one(s.forecasters), p.one(playable(s))
    children = [Leaf(p.one(s.agents).address, 0, 1)]
    domain = s.model.arena.series[series].domain
    version = s.model.cascade.latest(who.address) or announce(s, who, children, 2_500)
    late = p.often(1, 2)
    for lose in (True, False):
        if late and not lose:
            s.travel(s.now + CONFIG.max_window + 60)
        if series not in playable(s):
            return
        question = open_one(s, p, series)
        high = highest_wager(s, question, who.address) if question else 0
        if question is None or high < question.series.params.min_wager:
            return
        bet(s, question, [(who, confident(question, 0), max(question.series.params.min_wager, high // 4))])
        if late and not lose:
            # The debt must wait until the wager under the newer version is settled.
            s.do(s.stranger, "vault", "close", who.address, version, domain)
        reveal_all(s, p, question)
        resolve(s, question, 1 if lose else 0)
        settle_all(s, p, question)
        if lose:
            newer = announce(s, who, children, p.one((2_500, 100)), p.one((0, 1_000 * TOKENS)))
            open_escrow(s, who.address, newer, domain)
    s.travel(s.now + CONFIG.max_window + 60)
    s.do(s.stranger, "vault", "close", who.address, version, domain)


def in_one_domain(s: Stage) -> list[tuple[int, int]]:
    """Pairs of series on whose questions a forecaster can stand at once under one escrow."""
    series = s.model.arena.series
    free = [] if s.model.vault.paused else playable(s)
    return [
        (a, b) for a in free for b in free if series[a].domain == series[b].domain and (a != b or series[a].has_feed)
    ]


@verb(in_one_domain, weight=2)
def stand_on_two_questions(s: Stage, p: Pick) -> None:
    """One settles while the other is still open: what it wins is held as far as the other may lose it."""
    who = p.one(s.forecasters)
    children = [Leaf(p.one(s.agents).address, 0, 1)]
    if not s.model.cascade.latest(who.address):
        announce(s, who, children, p.one((100, 2_500)))
    both = [question for series in p.one(in_one_domain(s)) if (question := open_one(s, p, series))]
    for question in both:
        high = highest_wager(s, question, who.address)
        low = question.series.params.min_wager
        if high >= low:
            bet(s, question, [(who, confident(question, 0), max(low, high // p.one((4, 10))))])
    for question in both:
        reveal_all(s, p, question)
    for question in both if p.often(1, 2) else reversed(both):
        resolve(s, question, p.one((0, 0, 1)))
        settle_all(s, p, question)


def closable(s: Stage) -> list[Key]:
    """Escrows without open positions that hold something or carry a debt."""
    return [key for key, one in s.model.vault.escrows.items() if one.lock == 0 and (one.held or one.debt)]


@verb(closable, weight=2)
def close_at_the_bound(s: Stage, p: Pick) -> None:
    """Close an escrow a second before the rules allow it, and then; sometimes one that was idle when replaced."""
    key = p.one(closable(s))
    forecaster, version, _ = key
    if (forecaster, version) not in s.model.cascade.successors:
        if p.often(1, 2):
            s.travel(s.model.vault.active.get(key, 0) + CONFIG.idle_period)
        announce(s, s.by_address[forecaster], [Leaf(p.one(s.agents).address, 0, 1)], 1_000)
    if (forecaster, version) in s.model.cascade.successors:
        bound = s.model.cascade.successors[forecaster, version][1] + CONFIG.max_window
        for moment in (bound - 1, bound):
            s.travel(moment)
            s.do(p.one(s.people), "vault", "close", *key)


@verb(can_play, weight=2)
def stake_in_the_block_of_the_opening(s: Stage, p: Pick) -> None:
    """Stake changes right before or after a question opens, in its block: it must not count for that question."""
    who, series = p.one(s.forecasters), p.one(playable(s))
    params = s.model.arena.series[series].params
    if p.often(1, 2):
        s.do(who, "vault", "deposit", p.size(100 * TOKENS))
    start = s.now + 5
    windows = (start, start + 120, start + 300, start + 310, start + 400)
    amount = p.size(1_000 * TOKENS)
    with s.same_block():
        if p.often(1, 2):
            s.do(who, "vault", "deposit", amount)
        opened = s.do(s.by_address[params.opener], "arena", "open_question", series, windows, bytes(32))
        if p.often(1, 2):
            free = s.model.vault.account(who.address).free
            if p.often(1, 2) and free:
                s.do(who, "vault", "request_unbond", p.size(free))
            else:
                s.do(who, "vault", "deposit", amount)
    if opened is None:
        return
    question = s.model.arena.questions[len(s.model.arena.questions)]
    if question.status == AWAITING_ODDS:
        post(s, question, p.simplex(params.outcomes, params.p_min))
    s.travel(question.times.commit_start)
    me = who.address
    version = s.model.cascade.version_at(me, question.count)
    open_escrow(s, me, version, question.series.domain)
    account = s.model.vault.account(me)
    right = account.index_before(question.opened)
    for index in (right + 1, right - 1, right):
        if 0 <= index < len(account.checkpoints):
            wager = max(params.min_wager, min(account.checkpoints[index][1], account.free // 2))
            sealed = seal(s, question, me, confident(question, 0), bytes(32))
            s.do(who, "arena", "commit", question.id, sealed, wager, version, index)


@verb(lambda s: any(escrow.due for escrow in s.model.vault.escrows.values()), weight=2)
def flush(s: Stage, p: Pick) -> None:
    """Release what is due and pull it down the cascade, newest version first, some of it twice."""
    for key, escrow in list(s.model.vault.escrows.items()):
        if escrow.due:
            s.do(p.one(s.people), "vault", "release", *key)
    flow_down(s, p.one(s.people))
    for node in s.holders:
        if s.model.cascade.ledger.withdrawable(node) and p.often(1, 2):
            s.do(p.one(s.people), "cascade", "withdraw", node)


def flow_down(s: Stage, who: Participant) -> None:
    """Pull everything that can be pulled; what comes to an older version is pulled in its turn."""
    cascade, done = s.model.cascade, set()
    while rest := [pair for pair in cascade.pairs() if pair[1] and pair not in done]:
        pair = rest[0]
        done.add(pair)
        known = cascade.announced.get(pair)
        terms = known.terms.as_tuple() if known else (bytes(32), 1, 0, 10_000, 0)
        if known and known.false_tree:
            # Published, but not what the root says: nothing opens it.
            s.do(who, "cascade", "pull", *pair, terms, known.false_tree.entry(0))
        if sum(cascade.ledger.flows(*pair)) == 0:
            continue
        if known and known.packed:
            s.do(who, "cascade", "pull_list", *pair, terms, known.packed, 0, 32)
        elif known and known.tree:
            for index in range(len(known.tree)):
                s.do(who, "cascade", "pull", *pair, terms, known.tree.entry(index))
        s.do(who, "cascade", "pull_share", *pair, terms)
