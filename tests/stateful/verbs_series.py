"""Rules about series, and a question's opening and end."""

from __future__ import annotations

from collections.abc import Sequence

from model_arena import AWAITING_ODDS, NOBODY, OPEN, Question
from pick import Pick
from stage import CONFIG, TOKENS, Stage
from verbs import verb

from headwater.chain.participant import Participant

MAX_SERIES = 4


def questions(s: Stage, *statuses: int) -> list[Question]:
    """Questions in one of these states."""
    return [question for question in s.model.arena.questions.values() if question.status in statuses]


def create(s: Stage, p: Pick, who: Participant, *, governed: bool, feed: bool, warm_up: int = 0) -> None:
    """Create a series of random shape; now and then one the rules refuse."""
    outcomes = p.one((2, 2, 3, 5, 8))
    roles = [who.address if p.often() else p.one(s.people).address for _ in range(3)]
    params: dict[str, object] = {
        "outcomes": outcomes,
        "p_min": p.one((10**16, 10**15, 10**18 // (2 * outcomes))),
        "rent_bps": p.one((25, 0, 1_000)),
        "share_bps": p.one((1_000, 10_000, 300)),
        "min_wager": p.one((TOKENS, 10**9, 1)),
        "epoch_cap": p.one((10**26, 10**22, 10**24)),
        "forgetting": 0 if feed else p.one((99 * 10**16, 10**18, 98 * 10**16)),
        "smoothing": 0 if feed else p.one((10**12, 10**9, 10**15)),
        "warm_up": warm_up,
        "opener": roles[0],
        "feed": roles[1] if feed else NOBODY,
        "oracle": roles[2],
        "governed": governed,
    }
    if not p.often(15, 16):
        wrong = {"outcomes": 9, "p_min": 10**15 - 1, "rent_bps": 1_001, "share_bps": 0, "min_wager": 0, "epoch_cap": 0}
        wrong |= {"smoothing": 1, "oracle": NOBODY, "opener": NOBODY}
        name = p.one(tuple(wrong))
        params[name] = wrong[name]
    s.do(who, "arena", "create_series", tuple(params.values()))


@verb(lambda s: len(s.model.arena.series) < MAX_SERIES)
def create_governed(s: Stage, p: Pick) -> None:
    who = s.governor if p.often() else p.one(s.people)
    create(s, p, who, governed=True, feed=p.often(1, 3), warm_up=0 if p.often() else 1)


@verb(lambda s: len(s.model.arena.series) < MAX_SERIES)
def create_sponsored(s: Stage, p: Pick) -> None:
    create(s, p, p.one(s.people), governed=False, feed=p.often(1, 2), warm_up=0 if p.often() else 1)


def times(s: Stage, p: Pick, *, sound: bool = True) -> tuple[int, int, int, int, int]:
    """Windows from now on; not sound: one of them breaks a rule by a second."""
    spans = [p.one((0, 30, 300)), p.one((120, 60, 1_800)), p.one((120, 60, 3_600)), p.one((0, 300)), p.one((0, 300))]
    # A transaction later, the first moment is not past.
    spans[0] += 2
    if not sound:
        low = p.one(((0, -1), (1, 59), (2, 59), (3, -1), (4, -1)))
        high = p.one(((1, CONFIG.max_window + 1), (2, CONFIG.max_window + 1), (3, CONFIG.max_window + 1)))
        index, span = p.one((low, high))
        spans[index] = span
    moment, result = s.now, []
    for span in spans:
        moment += span
        result.append(moment)
    return result[0], result[1], result[2], result[3], result[4]


def is_free(s: Stage, series: int) -> bool:
    """Whether a question of this series may open now."""
    of = s.model.arena.series[series]
    return of.has_feed or not of.newest or s.model.arena.questions[of.newest].status > OPEN


@verb(lambda s: s.model.arena.series, weight=2)
def open_question(s: Stage, p: Pick) -> None:
    free = [number for number in s.model.arena.series if is_free(s, number)]
    series = p.one(free) if free and p.often(15, 16) else p.number(1, len(s.model.arena.series) + 1)
    opener = s.model.arena.series[series].params.opener if series in s.model.arena.series else s.governor.address
    who = s.by_address[opener] if p.often(15, 16) else p.one(s.people)
    s.do(who, "arena", "open_question", series, times(s, p, sound=p.often(15, 16)), bytes(32))


def post(s: Stage, question: Question, odds: Sequence[int]) -> None:
    """Post odds by the one who may."""
    s.do(s.by_address[question.series.params.feed], "arena", "post_odds", question.id, list(odds))


@verb(lambda s: questions(s, AWAITING_ODDS), weight=2)
def post_odds(s: Stage, p: Pick) -> None:
    question = p.one(questions(s, AWAITING_ODDS))
    params = question.series.params
    odds = list(p.simplex(params.outcomes, params.p_min))
    if p.often():
        post(s, question, odds)
        return
    match p.number(0, 3):
        case 0:
            odds[odds.index(max(odds))] += p.one((-1, 1))
        case 1:
            odds.append(0)
        case 2:
            surplus = odds[0] - params.p_min + 1
            odds[0], odds[1] = params.p_min - 1, odds[1] + surplus
        case _:
            s.do(p.one(s.people), "arena", "post_odds", p.number(1, len(s.model.arena.questions)), odds)
            return
    post(s, question, odds)


# ---------------------------------------------------------------- ends


@verb(lambda s: questions(s, OPEN))
def resolve(s: Stage, p: Pick) -> None:
    ripe = [question for question in questions(s, OPEN) if s.now >= question.times.resolve_after]
    question = p.one(ripe) if ripe and p.often() else p.one(questions(s, OPEN))
    params = question.series.params
    who = s.by_address[params.oracle] if p.often(15, 16) else p.one(s.people)
    outcome = p.number(0, params.outcomes - 1) if p.often(31, 32) else params.outcomes
    s.do(who, "arena", "resolve", question.id, outcome)


@verb(lambda s: questions(s, AWAITING_ODDS, OPEN))
def void(s: Stage, p: Pick) -> None:
    # Seldom, or few questions would come to an end of their own.
    if p.number(1, 3) == 3:
        question = (
            p.one(questions(s, AWAITING_ODDS, OPEN)) if p.often() else p.one(list(s.model.arena.questions.values()))
        )
        who = s.by_address[question.series.params.oracle] if p.often() else p.one(s.people)
        s.do(who, "arena", "void", question.id)


@verb(lambda s: questions(s, AWAITING_ODDS, OPEN))
def expire(s: Stage, p: Pick) -> None:
    question = p.one(questions(s, AWAITING_ODDS, OPEN))
    if question.status == OPEN and p.number(1, 4) == 4:
        s.travel(question.times.resolve_after + CONFIG.resolve_timeout - p.number(0, 1))
    s.do(p.one(s.people), "arena", "expire", question.id)


def settleable(s: Stage) -> list[Question]:
    """Questions with positions that may be settled, or soon."""
    return [question for question in s.model.arena.questions.values() if question.status > OPEN and question.positions]


@verb(settleable, weight=2)
def settle(s: Stage, p: Pick) -> None:
    question = p.one(settleable(s))
    forecaster = p.one(sorted(question.positions)) if p.often(15, 16) else p.one(s.agents).address
    s.do(p.one(s.people), "arena", "settle", question.id, forecaster)


@verb(settleable)
def settle_many(s: Stage, p: Pick) -> None:
    question = p.one(settleable(s)) if p.often(15, 16) else p.one(list(s.model.arena.questions.values()))
    forecasters = p.some([person.address for person in s.people])
    if p.often(1, 4) and forecasters:
        forecasters.append(forecasters[0])
    s.do(p.one(s.people), "arena", "settle_many", question.id, forecasters)
