"""Rules about stake, bankrolls, donations, roles and time."""

from __future__ import annotations

from pick import Pick
from stage import CONFIG, TOKENS, Stage
from verbs import verb

from headwater.twin import MAX_CATCH_UP

# ---------------------------------------------------------------- stake


@verb()
def stake(s: Stage, p: Pick) -> None:
    who = p.one(s.agents)
    s.do(who, "vault", "deposit", p.amount(s.model.token.balance(who.address)))


@verb()
def request_unbond(s: Stage, p: Pick) -> None:
    who = p.one(s.agents)
    s.do(who, "vault", "request_unbond", p.amount(s.model.vault.account(who.address).free))


@verb(lambda s: any(account.unbonding for account in s.model.vault.accounts.values()))
def withdraw_stake(s: Stage, p: Pick) -> None:
    unbonding = [a for a in s.agents if s.model.vault.account(a.address).unbonding]
    who = p.one(unbonding) if unbonding and p.often() else p.one(s.people)
    if p.often(1, 2):
        s.travel(s.model.vault.account(who.address).ready)
    s.do(who, "vault", "withdraw")


@verb()
def slash(s: Stage, p: Pick) -> None:
    victim = p.one(s.agents).address
    account = s.model.vault.account(victim)
    slasher = s.governor if p.often() else p.one(s.people)
    there = account.bonded + account.unbonding
    s.do(slasher, "vault", "slash", victim, p.amount(there) if p.often(2, 3) else there, bytes(32))


@verb(lambda s: not s.model.vault.paused)
def pause(s: Stage, p: Pick) -> None:
    # Seldom: little can begin while it lasts.
    if p.number(1, 4) == 4:
        s.do(s.governor if p.often() else p.one(s.people), "vault", "set_paused", True)


@verb(lambda s: s.model.vault.paused)
def unpause(s: Stage, p: Pick) -> None:
    s.do(s.governor if p.often() else p.one(s.people), "vault", "set_paused", False)


# ---------------------------------------------------------------- gifts


@verb()
def donate(s: Stage, p: Pick) -> None:
    who, to = p.one(s.people), p.one(s.contracts)
    s.do(who, "token", "transfer", to, p.size(100 * TOKENS))


@verb(lambda s: s.model.token.stray(s.model.places.treasury) or s.model.token.stray(s.model.places.vault))
def sync(s: Stage, p: Pick) -> None:
    s.do(p.one(s.people), p.one(("vault", "treasury")), "sync")


# ---------------------------------------------------------------- treasury


@verb()
def roll(s: Stage, p: Pick) -> None:
    s.do(p.one(s.people), "treasury", "roll")


@verb(lambda s: s.model.arena.series)
def set_weights(s: Stage, p: Pick) -> None:
    accounts = s.model.treasury.accounts
    governed = [series for series, account in accounts.items() if account.sponsor is None or not p.often(15, 16)]
    series = [number for number in governed if p.often(3, 4)]
    if not p.often(15, 16):
        series.reverse()
    weights = [p.one((1, 2, 3, 100, 9_999, 10_000)) if p.often(31, 32) else p.one((0, 10_001)) for _ in series]
    s.do(s.governor if p.often() else p.one(s.people), "treasury", "set_weights", series, weights)


@verb(lambda s: s.model.treasury.shares)
def change_weights_late(s: Stage, p: Pick) -> None:
    """After more epochs than one roll catches up with: all of them must be shared under the old weights."""
    if p.often(1, 2):
        return
    s.travel(s.now + (MAX_CATCH_UP + p.number(0, 3)) * CONFIG.epoch)
    series = [number for number, _ in s.model.treasury.shares]
    for _ in range(2):
        s.do(s.governor, "treasury", "set_weights", series, [p.number(1, 10_000) for _ in series])
        s.do(p.one(s.people), "treasury", "roll")


@verb(lambda s: s.model.arena.series)
def set_epoch_cap(s: Stage, p: Pick) -> None:
    series = p.number(1, len(s.model.arena.series))
    owner = s.by_address[s.model.treasury.accounts[series].sponsor or s.governor.address]
    cap = p.one((10**26, 10**22, 10**21, 1)) if p.often() else p.one((0, 2**96 - 1, 2**96))
    s.do(owner if p.often() else p.one(s.people), "treasury", "set_epoch_cap", series, cap)


@verb(lambda s: s.model.arena.series)
def fund(s: Stage, p: Pick) -> None:
    who = p.one(s.people)
    high = s.model.token.balance(who.address) // 10
    s.do(who, "treasury", "fund", p.number(1, len(s.model.arena.series) + 1), p.amount(high) if p.often() else high)


@verb(lambda s: any(account.sponsor for account in s.model.treasury.accounts.values()))
def sponsor_withdraw(s: Stage, p: Pick) -> None:
    sponsored = [number for number, account in s.model.treasury.accounts.items() if account.sponsor]
    series = p.one(sponsored) if p.often() else p.number(1, len(s.model.arena.series))
    account = s.model.treasury.accounts[series]
    who = s.by_address[account.sponsor] if account.sponsor and p.often() else p.one(s.people)
    to = who.address if p.often() else p.one(s.holders)
    s.do(who, "treasury", "withdraw", series, p.amount(account.bankroll // p.one((1, 10))), to)


# ---------------------------------------------------------------- time


@verb(weight=3)
def wait(s: Stage, p: Pick) -> None:
    """To a moment at which something becomes possible, or stops being so; or just some time."""
    moments = {s.now + p.number(1, 120)}
    for question in s.model.arena.questions.values():
        if question.status <= 2 or question.positions:
            times = question.times
            moments |= {times.commit_start, times.commit_end, times.reveal_end, times.resolve_after}
            moments |= {times.resolve_after + CONFIG.resolve_timeout}
    ahead = sorted(moment for moment in moments if moment >= s.now)
    # Often the next one; exactly at the bound, or a second to either side of it.
    moment = ahead[0] if p.often(3, 4) else p.one(ahead)
    s.travel(moment + (0 if p.often(3, 4) else p.one((-1, 1))))


@verb()
def wait_long(s: Stage, p: Pick) -> None:
    span = p.one((CONFIG.cooldown, CONFIG.max_window + 60, CONFIG.epoch, CONFIG.idle_period, 30 * CONFIG.epoch))
    if span > CONFIG.idle_period and not p.often(1, 4):
        span = CONFIG.epoch
    s.travel(s.now + span)
