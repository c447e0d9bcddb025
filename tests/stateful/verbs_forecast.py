"""Rules about commits and reveals, honest and not."""

from __future__ import annotations

from collections.abc import Sequence

from model_arena import OPEN, VOID_LATE, Question
from pick import Pick
from stage import Stage
from verbs import verb
from verbs_series import questions

from headwater.chain.participant import Participant, commitment
from headwater.twin import Scale


def committing(s: Stage) -> list[Question]:
    """Questions that take commits now."""
    now = s.now
    return [
        question
        for question in questions(s, OPEN)
        if question.capacity and question.times.commit_start <= now < question.times.commit_end
    ]


def seal(s: Stage, question: Question, who: str, report: Sequence[int], salt: bytes) -> bytes:
    """The commitment, whose preimage everybody keeps: anybody may reveal."""
    s.preimages[question.id, who] = tuple(report), salt
    return commitment(s.backend.chain_id, s.model.places.arena, question.id, who, report, salt)


def highest_wager(s: Stage, question: Question, who: str) -> int:
    """The most a forecaster may wager on a question: its stake before the opening, and what its free stake can lock."""
    account, scale = s.model.vault.account(who), question.series.scale
    index = account.index_before(question.opened)
    if index < 0:
        return 0
    position = question.positions.get(who)
    free = account.free + (_locked(position.wager, scale) if position else 0)
    return min(account.checkpoints[index][1], free * scale.log_range // (scale.log_range + scale.log_rent))


def _locked(wager: int, scale: Scale) -> int:
    return -(-wager * (scale.log_range + scale.log_rent) // scale.log_range)


def open_escrow(s: Stage, who: str, version: int, domain: int) -> None:
    """Open a forecaster's escrow by a stranger, if that is still to be done."""
    key = (who, version, domain)
    if version and s.model.vault.escrow(key).keep_bps == 0:
        terms = s.model.cascade.announced[who, version].terms
        s.do(s.stranger, "vault", "open_escrow", *key, terms.as_tuple())


def place(s: Stage, question: Question, who: Participant, report: Sequence[int], wager: int, salt: bytes) -> bool:
    """Commit as the rules want it, the escrow opened first."""
    me = who.address
    version = s.model.cascade.version_at(me, question.count)
    open_escrow(s, me, version, question.series.domain)
    known = s.preimages.get((question.id, me))
    sealed = seal(s, question, me, report, salt)
    index = s.model.vault.account(me).index_before(question.opened)
    done = s.do(who, "arena", "commit", question.id, sealed, wager, version, max(0, index)) is not None
    if not done and known:
        s.preimages[question.id, me] = known
    return done


def forecast(p: Pick, question: Question) -> tuple[int, ...]:
    """A report; seldom one the rules refuse at the reveal."""
    params = question.series.params
    report = p.simplex(params.outcomes, params.p_min)
    return report if p.often(15, 16) else (report[0] + 1, *report[1:])


@verb(committing, weight=3)
def commit(s: Stage, p: Pick) -> None:
    question = p.one(committing(s))
    able = [agent for agent in s.agents if highest_wager(s, question, agent.address)]
    who = p.one(able) if able and p.often(15, 16) else p.one(s.agents)
    high = highest_wager(s, question, who.address)
    position = question.positions.get(who.address)
    low = max(question.series.params.min_wager, position.wager if position else 0)
    wager = min(max(high, 1), low + p.size(max(1, high - low))) if p.often() else p.amount(high)
    place(s, question, who, forecast(p, question), wager, p.number(1, 1_000).to_bytes(32, "big"))


@verb(lambda s: any(question.positions for question in committing(s)), weight=2)
def recommit(s: Stage, p: Pick) -> None:
    question = p.one([question for question in committing(s) if question.positions])
    who = s.by_address[p.one(sorted(question.positions))]
    wager = question.positions[who.address].wager
    high = max(wager, highest_wager(s, question, who.address))
    new = wager if p.often(1, 3) else wager + p.size(max(1, high - wager))
    if not p.often(3, 4):
        new = wager - p.size(wager)
    place(s, question, who, forecast(p, question), new, p.number(1, 1_000).to_bytes(32, "big"))


@verb(committing, weight=2)
def commit_wrongly(s: Stage, p: Pick) -> None:
    commit_with_a_fault(s, p, p.one(committing(s)))


def commit_with_a_fault(s: Stage, p: Pick, question: Question) -> None:
    """One argument, or the moment, is not what the rules want (or is, by chance)."""
    who = p.one(s.forecasters)
    me, cascade = who.address, s.model.cascade
    version = cascade.version_at(me, question.count)
    index = s.model.vault.account(me).index_before(question.opened)
    wager = max(question.series.params.min_wager, highest_wager(s, question, me))
    match p.one((0, 1, 1, 2, 3, 4)):
        case 0:
            version = p.one((cascade.latest(me), 0, p.number(0, cascade.ledger.count + 1)))
        case 1:
            index, wager = index + p.one((1, -1, -1, 2)), max(question.series.params.min_wager, wager // 3)
        case 2:
            wager = p.one((question.series.params.min_wager - 1, wager + 1, 2**96))
        case 3:
            question = p.one(questions(s, OPEN))
        case _:
            # The stake of today, not of the time before the question.
            index = len(s.model.vault.account(me).checkpoints) - 1
            wager = s.model.vault.account(me).free
    open_escrow(s, me, version if (me, version) in cascade.announced else 0, question.series.domain)
    known = s.preimages.get((question.id, me))
    sealed = seal(s, question, me, forecast(p, question), bytes(32))
    if s.do(who, "arena", "commit", question.id, sealed, wager, version, max(0, index)) is None and known:
        s.preimages[question.id, me] = known


@verb(lambda s: questions(s, OPEN))
def commit_at_any_time(s: Stage, p: Pick) -> None:
    """Sound in everything but, perhaps, the moment: at either bound of the window to the second."""
    question, who = p.one(questions(s, OPEN)), p.one(s.forecasters)
    s.travel(p.one((question.times.commit_start, question.times.commit_end)) - p.one((0, 1)))
    wager = max(question.series.params.min_wager, highest_wager(s, question, who.address) // 3)
    place(s, question, who, forecast(p, question), wager, bytes(32))


# ---------------------------------------------------------------- reveals


def sealed_positions(s: Stage) -> list[tuple[Question, str]]:
    """Positions that are not revealed, of questions that may still take reveals, now or later."""
    return [
        (question, forecaster)
        for question in questions(s, OPEN, VOID_LATE)
        if s.now < question.times.reveal_end
        for forecaster in sorted(question.positions)
        if question.positions[forecaster].report is None
    ]


def show(s: Stage, question: Question, forecaster: str, who: Participant) -> bool:
    """Reveal what was committed."""
    report, salt = s.preimages[question.id, forecaster]
    return s.do(who, "arena", "reveal", question.id, forecaster, list(report), salt) is not None


@verb(sealed_positions, weight=2)
def reveal(s: Stage, p: Pick) -> None:
    question, forecaster = p.one(sealed_positions(s))
    if p.often(3, 4):
        s.travel(question.times.commit_end)
    show(s, question, forecaster, p.one(s.people))


@verb(sealed_positions)
def reveal_wrongly(s: Stage, p: Pick) -> None:
    """Another forecast, another salt, somebody else's preimage, or the wrong moment."""
    question, forecaster = p.one(sealed_positions(s))
    report, salt = s.preimages[question.id, forecaster]
    match p.number(0, 3):
        case 0:
            report = p.simplex(len(report), question.series.params.p_min)
        case 1:
            salt = bytes(31) + b"\xff"
        case 2:
            report, salt = p.one(list(s.preimages.values()))
        case _:
            s.travel(p.one((question.times.commit_end - 1, question.times.reveal_end)))
    s.do(p.one(s.people), "arena", "reveal", question.id, forecaster, list(report), salt)


@verb(lambda s: s.model.arena.questions)
def reveal_at_any_time(s: Stage, p: Pick) -> None:
    """Also what nobody committed, was revealed, settled or void, or when the window is over."""
    question = p.one(list(s.model.arena.questions.values()))
    known = [who for number, who in s.preimages if number == question.id]
    if not known:
        return
    forecaster = p.one(known)
    if question.positions:
        s.travel(p.one((question.times.commit_end, question.times.reveal_end)) - p.one((0, 1)))
    show(s, question, forecaster, p.one(s.people))
