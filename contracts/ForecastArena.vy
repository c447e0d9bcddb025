# pragma version ~=0.4.3
# pragma optimize gas
# pragma evm-version prague
"""
@title ForecastArena
@license GNU Affero General Public License v3.0 only
@notice Series of questions, sealed forecasts with a wager, and the Kelly score that settles them. Holds no money.

        Symbols (probabilities and logarithms in WAD, money in wei; floor is toward minus infinity):

            q       public odds, fixed before commits open;   p   a forecaster's report;   m   its wager
            L       = -ln(P_MIN)                      rentL = L * rent_bps // 10_000
            G       = ln(1 - (k - 1) P_MIN) - ln(min q) + 2          the largest growth, rounded up
            C       = min(R * L // G, 2**96 - 1)      capacity that the reserve R can pay
            W       = sum of all wagers on the question
            g       = ln p_o - ln q_o                 growth on outcome o; -L if not revealed
            net     = floor( m * (min(C, W) * g - W * rentL) / (W * L) )
            lock    = ceil( m * (L + rentL) / L )

        Positive net is emission from the reserve, negative net leaves the stake for the bankroll. A position's
        slice of the reserve is what is left of it times m over the wagers left: never less than its emission.
@dev m, C and W are below 2**96 and |g| below 2**63, so the numerator of net fits 255 bits.
     No role can touch a question once it is open: its oracle resolves or voids it, anybody settles it.
"""

from snekmate.utils import math

from interfaces import ICascade
from interfaces import IForecastArena
from interfaces import IStakeVault
from interfaces import ITreasury

implements: IForecastArena

WAD: constant(uint256) = 10**18
BPS: constant(uint256) = 10_000
MAX_WEI: constant(uint256) = 2**96 - 1
MASK_64: constant(uint256) = 2**64 - 1
MASK_40: constant(uint256) = 2**40 - 1
MASK_32: constant(uint256) = 2**32 - 1
MAX_OUTCOMES: constant(uint256) = 8
MIN_P_MIN: constant(uint256) = 10**15
MAX_RENT_BPS: constant(uint256) = 1_000
MIN_FORGETTING: constant(uint256) = 98 * 10**16
COUNT_GRAIN: constant(uint256) = 10**12  # one observation, in the frequency counters
MIN_SMOOTHING: constant(uint256) = 10**9
MAX_SMOOTHING: constant(uint256) = 10**15
MAX_WINDOW_RAIL: constant(uint256) = 90 * 86_400
MAX_BATCH: constant(uint256) = 32

# Status of a question.
AWAITING_ODDS: constant(uint256) = 1
OPEN: constant(uint256) = 2
RESOLVED: constant(uint256) = 3
VOID_EARLY: constant(uint256) = 4  # before commit_end: everybody is refunded in full
VOID_LATE: constant(uint256) = 5  # after it: who revealed is refunded less rent, who did not pays as always
VOID_TIMEOUT: constant(uint256) = 6  # nobody resolved: everybody is refunded less rent

TREASURY: public(immutable(address))
VAULT: public(immutable(address))
CASCADE: public(immutable(address))
# Every window of a question lasts MIN_WINDOW to MAX_WINDOW seconds.
MIN_WINDOW: public(immutable(uint256))
MAX_WINDOW: public(immutable(uint256))
# Seconds after resolve_after from which anybody may void an unresolved question.
RESOLVE_TIMEOUT: public(immutable(uint256))

series_count: public(uint256)
question_count: public(uint256)
# Questions of a series resolved so far, and its newest question.
resolved_count: public(HashMap[uint256, uint256])
newest_question: public(HashMap[uint256, uint256])
_params: HashMap[uint256, IForecastArena.SeriesParams]
# series -> L (64 bits) | rentL (64) | P_MIN (64) | domain (64)
_logs: HashMap[uint256, uint256]
# series -> half -> four counters of 64 bits, in units of 1e-12 observations
_counts: HashMap[uint256, uint256[2]]

# question -> C (96 bits) | W (96) | series (32) | k (8) | status (8) | outcome (8)
_heads: HashMap[uint256, uint256]
# question -> reserve left (96 bits) | wagers left (96) | announcements at opening (40)
_books: HashMap[uint256, uint256]
# question -> commit_start (40) | commit_end (40) | reveal_end (40) | event_start (40) | resolve_after (40) | block (40)
_times: HashMap[uint256, uint256]
# question -> half -> four odds of 64 bits
_odds: HashMap[uint256, uint256[2]]
# question -> forecaster -> wager (96 bits) | version (40) | revealed (1)
_positions: HashMap[uint256, HashMap[address, uint256]]
# question -> forecaster -> commitment until revealed, then half -> four probabilities of 64 bits
_sealed: HashMap[uint256, HashMap[address, uint256[2]]]


@deploy
def __init__(
    treasury: address, vault: address, cascade: address, min_window: uint256, max_window: uint256, resolve_timeout: uint256
):
    """
    @param treasury The Treasury.
    @param vault The StakeVault; its MAX_WINDOW must be the same.
    @param cascade The Cascade.
    @param min_window Shortest window of a question in seconds, at least 1.
    @param max_window Longest window; at most 90 days.
    @param resolve_timeout Seconds after resolve_after; min_window to 90 days.
    """
    assert min_window >= 1 and min_window <= max_window, "arena: min window not in 1..max window"
    assert max_window <= MAX_WINDOW_RAIL, "arena: max window above 90 days"
    assert resolve_timeout >= min_window and resolve_timeout <= MAX_WINDOW_RAIL, "arena: timeout not in min window..90 days"
    assert staticcall IStakeVault(vault).MAX_WINDOW() == max_window, "arena: vault has another max window"
    assert staticcall IStakeVault(vault).ARENA() == self, "arena: vault serves another arena"
    TREASURY = treasury
    VAULT = vault
    CASCADE = cascade
    MIN_WINDOW = min_window
    MAX_WINDOW = max_window
    RESOLVE_TIMEOUT = resolve_timeout


# ---------------------------------------------------------------- series and questions


@external
def create_series(params: IForecastArena.SeriesParams) -> uint256:
    """
    @notice Creates a series. Nothing about it can be changed later, except its epoch cap.
    @param params See IForecastArena.SeriesParams. A governed series can only be created by the treasury's governor;
           any other belongs to the caller, its sponsor.
    @return The series' id, from 1.
    """
    assert params.outcomes >= 2 and params.outcomes <= MAX_OUTCOMES, "arena: outcomes not in 2..8"
    assert params.p_min >= MIN_P_MIN, "arena: p_min below 0.001"
    assert 2 * params.outcomes * params.p_min <= WAD, "arena: p_min above 1/(2k)"
    assert params.rent_bps <= MAX_RENT_BPS, "arena: rent above 1000 bps"
    assert params.share_bps >= 1 and params.share_bps <= BPS, "arena: reserve share not in 1..10000 bps"
    assert params.min_wager >= 1 and params.min_wager <= MAX_WEI, "arena: min wager not in 1..2**96-1"
    assert params.warm_up <= 65_535, "arena: warm-up above 65535"
    assert params.opener != empty(address) and params.oracle != empty(address), "arena: zero address"
    if params.feed == empty(address):
        assert params.forgetting >= MIN_FORGETTING and params.forgetting <= WAD, "arena: forgetting not in 0.98..1"
        assert (
            params.smoothing >= MIN_SMOOTHING and params.smoothing <= MAX_SMOOTHING
        ), "arena: smoothing not in 1e9..1e15"
    else:
        assert params.forgetting == 0 and params.smoothing == 0, "arena: a feed needs no frequencies"
    sponsor: address = msg.sender
    if params.governed:
        assert msg.sender == staticcall ITreasury(TREASURY).governor(), "arena: caller is not the governor"
        sponsor = empty(address)
    series: uint256 = self.series_count + 1
    assert series <= MASK_32, "arena: too many series"
    self.series_count = series
    # P_MIN is below 1, so its logarithm is negative; at most ln(1000) = 6.9 WAD, below 2**63.
    log_range: uint256 = convert(-math._wad_ln(convert(params.p_min, int256)), uint256)
    log_rent: uint256 = log_range * params.rent_bps // BPS
    self._params[series] = params
    # Nets on governed series share an escrow; those on a sponsored series never mix with others, see StakeVault.
    domain: uint256 = 0 if params.governed else series
    self._logs[series] = log_range | (log_rent << 64) | (params.p_min << 128) | (domain << 192)
    extcall ITreasury(TREASURY).register(series, sponsor, params.epoch_cap)
    log IForecastArena.SeriesCreated(
        series=series, sponsor=sponsor, params=params, log_range=log_range, log_rent=log_rent
    )
    return series


@external
def open_question(series: uint256, times: IForecastArena.Times, topic: bytes32) -> uint256:
    """
    @notice Opens a question and sets its reserve aside. The series' opener only. On a series with frequencies its
            odds are fixed now, and the one before must be resolved or void; with a feed, the odds are posted later.
    @param series The series.
    @param times Seconds. now <= commit_start < commit_end < reveal_end <= event_start <= resolve_after; each window
           lasts MIN_WINDOW to MAX_WINDOW, the gaps after reveal_end at most MAX_WINDOW, and commit_end is at most
           MAX_WINDOW from now.
    @param topic Hash of the question's text; only stands in the event.
    @return The question's id, from 1.
    """
    params: IForecastArena.SeriesParams = self._params[series]
    assert params.outcomes != 0, "arena: no such series"
    assert msg.sender == params.opener, "arena: caller is not the opener"
    assert times.commit_start >= block.timestamp, "arena: commit_start is past"
    assert times.commit_end >= times.commit_start + MIN_WINDOW, "arena: commit window too short"
    assert times.commit_end <= block.timestamp + MAX_WINDOW, "arena: commit window too long"
    assert times.reveal_end >= times.commit_end + MIN_WINDOW, "arena: reveal window too short"
    assert times.reveal_end <= times.commit_end + MAX_WINDOW, "arena: reveal window too long"
    assert times.event_start >= times.reveal_end, "arena: event starts before reveals end"
    assert times.event_start <= times.reveal_end + MAX_WINDOW, "arena: event starts too late"
    assert times.resolve_after >= times.event_start, "arena: resolution before the event"
    assert times.resolve_after <= times.event_start + MAX_WINDOW, "arena: resolution too late"
    question: uint256 = self.question_count + 1
    self.question_count = question
    reserve: uint256 = 0
    if self.resolved_count[series] >= params.warm_up:
        reserve = extcall ITreasury(TREASURY).set_aside(series, params.share_bps)
    count: uint256 = staticcall ICascade(CASCADE).count()
    self._books[question] = reserve | (count << 192)
    self._times[question] = (
        times.commit_start
        | (times.commit_end << 40)
        | (times.reveal_end << 80)
        | (times.event_start << 120)
        | (times.resolve_after << 160)
        | (block.number << 200)
    )
    log IForecastArena.QuestionOpened(
        question=question, series=series, times=times, reserve=reserve, count=count, topic=topic
    )
    if params.feed == empty(address):
        before: uint256 = self.newest_question[series]
        if before != 0:
            assert (self._heads[before] >> 232) & 255 > OPEN, "arena: the question before is not resolved"
        self._set_odds(question, series, params, self._frequency_odds(series, params), reserve)
    else:
        self._heads[question] = (series << 192) | (params.outcomes << 224) | (AWAITING_ODDS << 232)
    self.newest_question[series] = question
    return question


@external
def post_odds(question: uint256, odds: DynArray[uint256, MAX_OUTCOMES]):
    """
    @notice Posts the public odds of a question, once, before its commits open. The series' feed only.
    @param question The question.
    @param odds WAD; one each, at least P_MIN, summing to 1 exactly.
    """
    head: uint256 = self._heads[question]
    series: uint256 = (head >> 192) & MASK_32
    params: IForecastArena.SeriesParams = self._params[series]
    assert (head >> 232) & 255 == AWAITING_ODDS, "arena: question does not await odds"
    assert msg.sender == params.feed, "arena: caller is not the feed"
    assert block.timestamp < self._times[question] & MASK_40, "arena: commits have opened"
    self._check_simplex(odds, params.outcomes, params.p_min)
    self._set_odds(question, series, params, odds, self._books[question] & MAX_WEI)


# ---------------------------------------------------------------- forecasts


@external
def commit(question: uint256, commitment: bytes32, wager: uint256, version: uint256, checkpoint: uint256):
    """
    @notice Commits a sealed forecast with a wager, in [commit_start, commit_end). A second commit replaces the hash
            and may only raise the wager.
    @param question The question.
    @param commitment keccak256(abi_encode(chain id, this contract, question, forecaster, forecast, salt)).
    @param wager Wei; at least the series' minimum, at most the caller's stake bonded strictly before the question
           opened.
    @param version The caller's newest version of cascade weights when the question opened; 0 if it had none.
    @param checkpoint Index of the caller's last stake checkpoint before the question's block.
    """
    head: uint256 = self._heads[question]
    times: uint256 = self._times[question]
    assert (head >> 232) & 255 == OPEN, "arena: question is not open"
    assert block.timestamp >= times & MASK_40, "arena: commits have not opened"
    assert block.timestamp < (times >> 40) & MASK_40, "arena: commits have ended"
    assert head & MAX_WEI != 0, "arena: question has no capacity"
    assert commitment != empty(bytes32), "arena: empty commitment"
    series: uint256 = (head >> 192) & MASK_32
    assert wager >= self._params[series].min_wager, "arena: wager below the minimum"
    position: uint256 = self._positions[question][msg.sender]
    before: uint256 = position & MAX_WEI
    assert wager >= before, "arena: a wager only grows"
    if before == 0:
        assert staticcall ICascade(CASCADE).binds(
            msg.sender, version, self._books[question] >> 192
        ), "arena: not the newest version when the question opened"
    else:
        assert version == position >> 96, "arena: position has another version"
    logs: uint256 = self._logs[series]
    # The vault bounds the wager by stake, so W stays below the supply, that is below 2**96.
    extcall IStakeVault(VAULT).lock(
        msg.sender,
        version,
        logs >> 192,
        wager,
        self._lock(wager, logs) - self._lock(before, logs),
        checkpoint,
        times >> 200,
    )
    self._positions[question][msg.sender] = wager | (version << 96)
    self._sealed[question][msg.sender][0] = convert(commitment, uint256)
    self._heads[question] = head + ((wager - before) << 96)
    log IForecastArena.Committed(
        question=question, forecaster=msg.sender, version=version, wager=wager, commitment=commitment
    )


@external
def reveal(question: uint256, forecaster: address, forecast: DynArray[uint256, MAX_OUTCOMES], salt: bytes32):
    """
    @notice Opens a commitment, in [commit_end, reveal_end). Anybody who holds the preimage may. It cannot be paused.
    @param question The question.
    @param forecaster Who committed.
    @param forecast WAD; one probability each, at least P_MIN, summing to 1 exactly.
    @param salt The salt.
    """
    head: uint256 = self._heads[question]
    times: uint256 = self._times[question]
    status: uint256 = (head >> 232) & 255
    assert status == OPEN or status == VOID_LATE, "arena: question is not open"
    assert block.timestamp >= (times >> 40) & MASK_40, "arena: commits have not ended"
    assert block.timestamp < (times >> 80) & MASK_40, "arena: reveals have ended"
    position: uint256 = self._positions[question][forecaster]
    assert position != 0, "arena: no position"
    assert position >> 136 == 0, "arena: already revealed"
    assert self._sealed[question][forecaster][0] == convert(
        keccak256(abi_encode(chain.id, self, question, forecaster, forecast, salt)), uint256
    ), "arena: not the committed forecast"
    self._check_simplex(forecast, (head >> 224) & 255, (self._logs[(head >> 192) & MASK_32] >> 128) & MASK_64)
    self._positions[question][forecaster] = position | (1 << 136)
    self._sealed[question][forecaster][0] = self._pack(forecast, 0)
    if len(forecast) > 4:
        self._sealed[question][forecaster][1] = self._pack(forecast, 4)
    log IForecastArena.Revealed(question=question, forecaster=forecaster, forecast=forecast)


# ---------------------------------------------------------------- outcomes


@external
def resolve(question: uint256, outcome: uint256):
    """
    @notice States the outcome, from resolve_after on. The series' oracle only. Frees the part of the reserve that
            wagers did not fill.
    @param question The question.
    @param outcome Index of what happened.
    """
    head: uint256 = self._heads[question]
    series: uint256 = (head >> 192) & MASK_32
    assert (head >> 232) & 255 == OPEN, "arena: question is not open"
    assert msg.sender == self._params[series].oracle, "arena: caller is not the oracle"
    assert block.timestamp >= (self._times[question] >> 160) & MASK_40, "arena: too early to resolve"
    assert outcome < (head >> 224) & 255, "arena: no such outcome"
    self._heads[question] = head + ((RESOLVED - OPEN) << 232) + (outcome << 240)
    if self._params[series].feed == empty(address):
        self._count_outcome(series, outcome)
    self.resolved_count[series] += 1
    capacity: uint256 = head & MAX_WEI
    wagered: uint256 = (head >> 96) & MAX_WEI
    kept: uint256 = 0
    if wagered != 0:
        # Rounded up, so that every position's slice still covers the most it can win.
        kept = ((self._books[question] & MAX_WEI) * min(capacity, wagered) + capacity - 1) // capacity
    freed: uint256 = self._close_book(question, series, wagered, kept)
    log IForecastArena.Resolved(question=question, outcome=outcome, freed=freed)


@external
def void(question: uint256):
    """
    @notice Voids a question. The series' oracle only. Before commit_end everybody is refunded in full; later it
            takes effect at reveal_end: who revealed is refunded less rent, who did not pays as always.
    @param question The question.
    """
    head: uint256 = self._heads[question]
    status: uint256 = (head >> 232) & 255
    assert status == OPEN or status == AWAITING_ODDS, "arena: question is not open"
    assert msg.sender == self._params[(head >> 192) & MASK_32].oracle, "arena: caller is not the oracle"
    late: bool = block.timestamp >= (self._times[question] >> 40) & MASK_40
    self._void(question, head, VOID_LATE if late else VOID_EARLY)


@external
def expire(question: uint256):
    """
    @notice Voids a question that nobody resolved within RESOLVE_TIMEOUT of resolve_after (everybody is refunded less
            rent), or whose odds were not posted in time (nobody could commit). Anybody may.
    @param question The question.
    """
    head: uint256 = self._heads[question]
    times: uint256 = self._times[question]
    status: uint256 = (head >> 232) & 255
    if status == AWAITING_ODDS:
        assert block.timestamp >= times & MASK_40, "arena: odds may still be posted"
        self._void(question, head, VOID_EARLY)
    else:
        assert status == OPEN, "arena: question is not open"
        assert block.timestamp >= ((times >> 160) & MASK_40) + RESOLVE_TIMEOUT, "arena: oracle may still resolve"
        self._void(question, head, VOID_TIMEOUT)


# ---------------------------------------------------------------- settlement


@external
def settle(question: uint256, forecaster: address) -> int256:
    """
    @notice Settles one position of a resolved or void question. Anybody may, in any order; it cannot be paused.
    @param question The question.
    @param forecaster Whose position.
    @return The net in wei.
    """
    assert self._positions[question][forecaster] != 0, "arena: no position"
    return self._settle(question, forecaster)


@external
def settle_many(question: uint256, forecasters: DynArray[address, MAX_BATCH]) -> uint256:
    """
    @notice Settles several positions; an address without an open position is skipped.
    @param question The question.
    @param forecasters Whose positions; at most 32.
    @return How many were settled.
    """
    settled: uint256 = 0
    for forecaster: address in forecasters:
        if self._positions[question][forecaster] != 0:
            self._settle(question, forecaster)
            settled += 1
    return settled


# ---------------------------------------------------------------- views


@external
@view
def preview(question: uint256, forecaster: address, outcome: uint256) -> int256:
    """
    @notice What an open position would net, were the question resolved now with this outcome: same function as
            settle uses. While commits run, W may still grow.
    @param question The question.
    @param forecaster Whose position.
    @param outcome The outcome.
    @return Net in wei.
    """
    position: uint256 = self._positions[question][forecaster]
    assert position != 0, "arena: no position"
    head: uint256 = self._heads[question]
    assert outcome < (head >> 224) & 255, "arena: no such outcome"
    logs: uint256 = self._logs[(head >> 192) & MASK_32]
    return self._net(position & MAX_WEI, self._growth(question, forecaster, position, outcome, logs), head, logs)


@external
@view
def params(series: uint256) -> IForecastArena.SeriesParams:
    """
    @notice Parameters of a series.
    @param series The series.
    """
    return self._params[series]


@external
@view
def logs(series: uint256) -> (uint256, uint256):
    """
    @notice A series' (L, rentL), in WAD.
    @param series The series.
    """
    word: uint256 = self._logs[series]
    return word & MASK_64, (word >> 64) & MASK_64


@external
@view
def counts(series: uint256) -> DynArray[uint256, MAX_OUTCOMES]:
    """
    @notice The forgotten outcome counts, times 1e12.
    @param series The series.
    """
    return self._unpack(self._counts[series], self._params[series].outcomes)


@external
@view
def next_odds(series: uint256) -> DynArray[uint256, MAX_OUTCOMES]:
    """
    @notice The odds a question would open with now, on a series with frequencies. WAD.
    @param series The series.
    """
    params: IForecastArena.SeriesParams = self._params[series]
    assert params.forgetting != 0, "arena: series has no frequencies"
    return self._frequency_odds(series, params)


@external
@view
def question(question: uint256) -> IForecastArena.Question:
    """
    @notice State of a question. Status: 1 awaits odds, 2 open, 3 resolved, 4 void early, 5 void late, 6 void by timeout.
    @param question The question.
    """
    head: uint256 = self._heads[question]
    book: uint256 = self._books[question]
    times: uint256 = self._times[question]
    return IForecastArena.Question(
        series=(head >> 192) & MASK_32,
        outcomes=(head >> 224) & 255,
        status=(head >> 232) & 255,
        outcome=head >> 240,
        capacity=head & MAX_WEI,
        wagered=(head >> 96) & MAX_WEI,
        reserve=book & MAX_WEI,
        unsettled=(book >> 96) & MAX_WEI,
        opened=times >> 200,
        count=book >> 192,
        times=IForecastArena.Times(
            commit_start=times & MASK_40,
            commit_end=(times >> 40) & MASK_40,
            reveal_end=(times >> 80) & MASK_40,
            event_start=(times >> 120) & MASK_40,
            resolve_after=(times >> 160) & MASK_40,
        ),
    )


@external
@view
def odds(question: uint256) -> DynArray[uint256, MAX_OUTCOMES]:
    """
    @notice A question's public odds, in WAD.
    @param question The question.
    """
    return self._unpack(self._odds[question], (self._heads[question] >> 224) & 255)


@external
@view
def position(question: uint256, forecaster: address) -> IForecastArena.Position:
    """
    @notice An open position; all zero when there is none, or none any more.
    @param question The question.
    @param forecaster Whose.
    """
    word: uint256 = self._positions[question][forecaster]
    return IForecastArena.Position(wager=word & MAX_WEI, version=(word >> 96) & MASK_40, revealed=word >> 136 != 0)


@external
@view
def commitment_of(
    question: uint256, forecaster: address, forecast: DynArray[uint256, MAX_OUTCOMES], salt: bytes32
) -> bytes32:
    """
    @notice The hash to commit. Ask your own node only: whoever answers learns the forecast.
    @param question The question.
    @param forecaster Who will commit.
    @param forecast WAD.
    @param salt 32 random bytes.
    """
    return keccak256(abi_encode(chain.id, self, question, forecaster, forecast, salt))


# ---------------------------------------------------------------- internal


@internal
@view
def _frequency_odds(series: uint256, params: IForecastArena.SeriesParams) -> DynArray[uint256, MAX_OUTCOMES]:
    counts: uint256[2] = self._counts[series]
    total: uint256 = params.outcomes * params.smoothing
    for i: uint256 in range(params.outcomes, bound=MAX_OUTCOMES):
        total += self._lane(counts, i)
    odds: DynArray[uint256, MAX_OUTCOMES] = []
    left: uint256 = WAD
    largest: uint256 = 0
    for i: uint256 in range(params.outcomes, bound=MAX_OUTCOMES):
        share: uint256 = (WAD - params.outcomes * params.p_min) * (self._lane(counts, i) + params.smoothing) // total
        odds.append(params.p_min + share)
        left -= odds[i]
        if odds[i] > odds[largest]:
            largest = i
    odds[largest] += left
    return odds


@internal
def _set_odds(
    question: uint256,
    series: uint256,
    params: IForecastArena.SeriesParams,
    odds: DynArray[uint256, MAX_OUTCOMES],
    reserve: uint256,
):
    smallest: uint256 = WAD
    for q: uint256 in odds:
        smallest = min(smallest, q)
    log_range: uint256 = self._logs[series] & MASK_64
    highest: uint256 = WAD - (params.outcomes - 1) * params.p_min
    # Two wei more than the difference, because the logarithms' errors add up to more than one. Positive: highest is
    # above 1/2.
    growth: uint256 = convert(
        math._wad_ln(convert(highest, int256)) - math._wad_ln(convert(smallest, int256)) + 2, uint256
    )
    capacity: uint256 = min(reserve * log_range // growth, MAX_WEI)
    self._heads[question] = capacity | (series << 192) | (params.outcomes << 224) | (OPEN << 232)
    self._odds[question][0] = self._pack(odds, 0)
    if params.outcomes > 4:
        self._odds[question][1] = self._pack(odds, 4)
    log IForecastArena.OddsSet(question=question, odds=odds, capacity=capacity)


@internal
def _count_outcome(series: uint256, outcome: uint256):
    outcomes: uint256 = self._params[series].outcomes
    forgetting: uint256 = self._params[series].forgetting
    before: uint256[2] = self._counts[series]
    after: uint256[2] = [0, 0]
    for i: uint256 in range(outcomes, bound=MAX_OUTCOMES):
        count: uint256 = self._lane(before, i) * forgetting // WAD
        if i == outcome:
            # Only without forgetting can a counter ever reach its width; it stays there.
            count = min(count + COUNT_GRAIN, MASK_64)
        after[i >> 2] |= count << ((i & 3) << 6)
    self._counts[series] = after


@internal
def _void(question: uint256, head: uint256, status: uint256):
    self._heads[question] = head - (((head >> 232) & 255) << 232) + (status << 232)
    # Nobody can win on a void question, so nothing of the reserve is kept.
    self._close_book(question, (head >> 192) & MASK_32, (head >> 96) & MAX_WEI, 0)
    log IForecastArena.Voided(question=question, status=status)


@internal
def _close_book(question: uint256, series: uint256, wagered: uint256, kept: uint256) -> uint256:
    # No commit can follow: from here on the book counts down.
    book: uint256 = self._books[question]
    freed: uint256 = (book & MAX_WEI) - kept
    self._books[question] = kept | (wagered << 96) | ((book >> 192) << 192)
    if freed != 0:
        extcall ITreasury(TREASURY).free(series, freed)
    return freed


@internal
def _settle(question: uint256, forecaster: address) -> int256:
    position: uint256 = self._positions[question][forecaster]
    head: uint256 = self._heads[question]
    book: uint256 = self._books[question]
    series: uint256 = (head >> 192) & MASK_32
    status: uint256 = (head >> 232) & 255
    logs: uint256 = self._logs[series]
    wager: uint256 = position & MAX_WEI
    version: uint256 = (position >> 96) & MASK_40
    net: int256 = 0
    if status == RESOLVED:
        net = self._net(wager, self._growth(question, forecaster, position, head >> 240, logs), head, logs)
    else:
        assert status >= VOID_EARLY, "arena: question is not resolved"
        if status == VOID_LATE:
            assert block.timestamp >= (self._times[question] >> 80) & MASK_40, "arena: reveals have not ended"
        if status == VOID_LATE and position >> 136 == 0:
            net = self._net(wager, -convert(logs & MASK_64, int256), head, logs)
        elif status != VOID_EARLY:
            net = self._net(wager, 0, head, logs)
    # Slices are taken from what is left, so the last position takes the dust.
    portion: uint256 = (book & MAX_WEI) * wager // ((book >> 96) & MAX_WEI)
    self._books[question] = book - portion - (wager << 96)
    self._positions[question][forecaster] = 0
    self._sealed[question][forecaster][0] = 0
    if (head >> 224) & 255 > 4:
        self._sealed[question][forecaster][1] = 0
    change: int256 = 0
    released: uint256 = 0
    change, released = extcall IStakeVault(VAULT).settle(
        forecaster, version, logs >> 192, self._lock(wager, logs), net
    )
    if portion != 0 or net != 0:
        extcall ITreasury(TREASURY).settle(series, portion, net)
    log IForecastArena.Settled(
        question=question,
        forecaster=forecaster,
        version=version,
        wager=wager,
        net=net,
        stake_change=change,
        released=released,
    )
    return net


@internal
@view
def _growth(question: uint256, forecaster: address, position: uint256, outcome: uint256, logs: uint256) -> int256:
    if position >> 136 == 0:
        return -convert(logs & MASK_64, int256)
    lane: uint256 = (outcome & 3) << 6
    report: uint256 = (self._sealed[question][forecaster][outcome >> 2] >> lane) & MASK_64
    posted: uint256 = (self._odds[question][outcome >> 2] >> lane) & MASK_64
    # Both are at least P_MIN: the logarithm never sees zero.
    return math._wad_ln(convert(report, int256)) - math._wad_ln(convert(posted, int256))


@internal
@pure
def _net(wager: uint256, growth: int256, head: uint256, logs: uint256) -> int256:
    wagered: uint256 = (head >> 96) & MAX_WEI
    effective: int256 = convert(min(head & MAX_WEI, wagered), int256)
    rent: int256 = convert(wagered * ((logs >> 64) & MASK_64), int256)
    numerator: int256 = convert(wager, int256) * (effective * growth - rent)
    denominator: int256 = convert(wagered * (logs & MASK_64), int256)
    net: int256 = numerator // denominator  # truncates toward zero
    if net * denominator > numerator:
        net -= 1
    return net


@internal
@pure
def _lock(wager: uint256, logs: uint256) -> uint256:
    log_range: uint256 = logs & MASK_64
    return (wager * (log_range + ((logs >> 64) & MASK_64)) + log_range - 1) // log_range


@internal
@pure
def _check_simplex(probabilities: DynArray[uint256, MAX_OUTCOMES], outcomes: uint256, p_min: uint256):
    assert len(probabilities) == outcomes, "arena: one probability per outcome"
    total: uint256 = 0
    for p: uint256 in probabilities:
        assert p >= p_min and p <= WAD, "arena: probability not in p_min..1"
        total += p
    assert total == WAD, "arena: probabilities do not sum to 1"


@internal
@pure
def _pack(values: DynArray[uint256, MAX_OUTCOMES], first: uint256) -> uint256:
    word: uint256 = 0
    for i: uint256 in range(4):
        if first + i < len(values):
            word |= values[first + i] << (i << 6)
    return word


@internal
@pure
def _unpack(words: uint256[2], outcomes: uint256) -> DynArray[uint256, MAX_OUTCOMES]:
    values: DynArray[uint256, MAX_OUTCOMES] = []
    for i: uint256 in range(outcomes, bound=MAX_OUTCOMES):
        values.append(self._lane(words, i))
    return values


@internal
@pure
def _lane(words: uint256[2], i: uint256) -> uint256:
    return (words[i >> 2] >> ((i & 3) << 6)) & MASK_64
