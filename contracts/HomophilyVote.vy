# pragma version ~=0.4.3
# pragma optimize gas
# pragma evm-version prague
"""
@title HomophilyVote
@license GNU Affero General Public License v3.0 only
@notice Sets the homophily threshold: the largest distance from which values may still form an agreement. A round is a
        sealed vote of bonded stake over ticks between two rails:

            threshold(t) = LOW + floor((HIGH - LOW) * t / (TICKS - 1))          t = 0 .. TICKS - 1

            w_i    = min(stake bonded strictly before the round opened, stake bonded when the vote is revealed)
            R      = sum of w_i over revealed votes
            absent = max(0, quorum - R)            votes for the tick as it was
            result = the smallest t with 2 * (weight of votes at or below t) >= R + absent

        So the result is the lower weighted median, and turnout below the quorum holds the threshold where it is by as
        much as is missing: nobody gains by keeping others' votes from counting, nor by holding back one's own. For
        whoever likes one tick best, and of two ticks on the same side of it the nearer one, voting for it with the
        whole stake is best, whatever others do.

        A vote that is not revealed does not count. The result applies DELAY after its tally.
@dev No roles. Every step but a voter's own commitment is anybody's. Weights stand in a Fenwick tree, so a reveal and
     the median take O(log TICKS). Node i (from 1) is lane (i + 1) % 2 of word (i + 1) // 2:

         node 2j-1 (96 bits) | node 2j (96) | round (64)

     which is zero in any later round: rounds reuse the words, and no reveal pays for a fresh one for ever.
"""

from interfaces import IHomophilyVote
from interfaces import IStakeVault

implements: IHomophilyVote


interface Ledger:
    def owed() -> uint256: view


BPS: constant(uint256) = 10_000
MAX_THRESHOLD: constant(uint256) = 512 * 10**9  # the largest distance: 16 * 16 entries of [-1, 1] in l_1
MAX_TICKS: constant(uint256) = 256
MAX_PERIOD: constant(uint256) = 90 * 86_400
MAX_WEI: constant(uint256) = 2**96 - 1
MASK_64: constant(uint256) = 2**64 - 1
REVEALED: constant(uint256) = 2**160
TALLIED: constant(uint256) = 2**192

VAULT: public(immutable(address))
# The rails, SCALE (1e9).
LOW: public(immutable(uint256))
HIGH: public(immutable(uint256))
TICKS: public(immutable(uint256))
# Seconds.
COMMIT_PERIOD: public(immutable(uint256))
REVEAL_PERIOD: public(immutable(uint256))
DELAY: public(immutable(uint256))
# Seconds between a result's application and the next opening.
REST: public(immutable(uint256))
# Of everything the vault owes when a round opens.
QUORUM_BPS: public(immutable(uint256))
# The smallest power of two that is at least TICKS.
_SIZE: immutable(uint256)

# number (64 bits) | block it opened in (64) | end of commits (64) | tallied (1)
_round: uint256
# revealed (96 bits) | quorum (96)
_weight: uint256
# tick (8 bits) | the next tick (8) | time from which that applies (64)
_setting: uint256
# voter -> weight at the opening (96 bits) | round (64) | revealed (1)
_ballots: HashMap[address, uint256]
_sealed: HashMap[address, bytes32]
_tree: uint256[129]


@deploy
def __init__(
    vault: address,
    low: uint256,
    high: uint256,
    ticks: uint256,
    initial_tick: uint256,
    commit_period: uint256,
    reveal_period: uint256,
    delay: uint256,
    rest: uint256,
    quorum_bps: uint256,
):
    """
    @param vault The StakeVault.
    @param low The lower rail, SCALE.
    @param high The upper rail, SCALE; at most 512e9.
    @param ticks Between the rails, both included; 2 to 256.
    @param initial_tick Until the first result applies.
    @param commit_period Seconds, 1 s to 90 days, as the next three.
    @param reveal_period Seconds.
    @param delay Seconds from a tally until its result applies.
    @param rest Seconds from then until the next round may open.
    @param quorum_bps Of the vault's money when a round opens, in bps; 1 to 10_000.
    """
    assert vault != empty(address), "vote: zero address"
    assert ticks >= 2 and ticks <= MAX_TICKS, "vote: ticks not in 2..256"
    assert high <= MAX_THRESHOLD, "vote: upper rail above 512e9"
    assert high >= low + ticks - 1, "vote: rails too close for the ticks"
    assert initial_tick < ticks, "vote: no such tick"
    for period: uint256 in [commit_period, reveal_period, delay, rest]:
        assert period >= 1 and period <= MAX_PERIOD, "vote: period not in 1 s..90 days"
    assert quorum_bps >= 1 and quorum_bps <= BPS, "vote: quorum not in 1..10000 bps"
    VAULT = vault
    LOW = low
    HIGH = high
    TICKS = ticks
    COMMIT_PERIOD = commit_period
    REVEAL_PERIOD = reveal_period
    DELAY = delay
    REST = rest
    QUORUM_BPS = quorum_bps
    size: uint256 = 2
    for _: uint256 in range(7):
        if size < ticks:
            size *= 2
    _SIZE = size
    # So that the first round opens no sooner than REST from now.
    self._setting = initial_tick | (initial_tick << 8) | (block.timestamp << 16)


# ---------------------------------------------------------------- a round


@external
def open() -> uint256:
    """
    @notice Opens the next round. Anybody may, once the last result has applied for REST.
    @return Its number.
    """
    last: uint256 = self._round
    setting: uint256 = self._setting
    assert last == 0 or last & TALLIED != 0, "vote: the last round is not tallied"
    assert block.timestamp >= (setting >> 16) + REST, "vote: too early for another round"
    number: uint256 = (last & MASK_64) + 1
    commit_end: uint256 = block.timestamp + COMMIT_PERIOD
    quorum: uint256 = max(1, staticcall Ledger(VAULT).owed() * QUORUM_BPS // BPS)
    tick: uint256 = self._tick(setting)
    self._round = number | (block.number << 64) | (commit_end << 128)
    self._weight = quorum << 96
    self._setting = tick | (tick << 8) | ((setting >> 16) << 16)
    log IHomophilyVote.Opened(
        round=number,
        opener=msg.sender,
        commit_end=commit_end,
        reveal_end=commit_end + REVEAL_PERIOD,
        tick=tick,
        quorum=quorum,
    )
    return number


@external
def commit(commitment: bytes32, index: uint256):
    """
    @notice Seals the caller's vote; until commits end it may be sealed again.
    @param commitment As commitment_of gives it.
    @param index The caller's last checkpoint in the vault before the block in which the round opened.
    """
    current: uint256 = self._round
    assert current != 0, "vote: no round"
    # No commit follows a tally, which is later still.
    assert block.timestamp < (current >> 128) & MASK_64, "vote: commits have ended"
    assert commitment != empty(bytes32), "vote: empty commitment"
    weight: uint256 = self._stake_before(msg.sender, index, (current >> 64) & MASK_64)
    assert weight != 0, "vote: no stake before the round"
    number: uint256 = current & MASK_64
    # Read now, because an account's checkpoints are overwritten in time.
    self._ballots[msg.sender] = weight | (number << 96)
    self._sealed[msg.sender] = commitment
    log IHomophilyVote.Committed(round=number, voter=msg.sender, commitment=commitment, weight=weight)


@external
def reveal(voter: address, tick: uint256, salt: bytes32) -> uint256:
    """
    @notice Opens a vote. Anybody who knows what was sealed may.
    @param voter Whose.
    @param tick As sealed.
    @param salt As sealed.
    @return The weight it counts with: stake that has left since the opening does not.
    """
    current: uint256 = self._round
    number: uint256 = current & MASK_64
    commit_end: uint256 = (current >> 128) & MASK_64
    assert block.timestamp >= commit_end, "vote: commits have not ended"
    assert block.timestamp < commit_end + REVEAL_PERIOD, "vote: reveals have ended"
    assert tick < TICKS, "vote: no such tick"
    ballot: uint256 = self._ballots[voter]
    # The mark of a revealed vote makes it another number, too.
    assert ballot >> 96 == number, "vote: no sealed vote"
    assert self._sealed[voter] == self._commitment(number, voter, tick, salt), "vote: not what was sealed"
    bonded: uint256 = 0
    locked: uint256 = 0
    entries: uint256 = 0
    bonded, locked, entries = staticcall IStakeVault(VAULT).account(voter)
    weight: uint256 = min(ballot & MAX_WEI, bonded)
    assert weight != 0, "vote: the stake has left"
    self._ballots[voter] = weight | (number << 96) | REVEALED
    self._weight += weight
    self._add(number, tick, weight)
    log IHomophilyVote.Revealed(round=number, voter=voter, tick=tick, weight=weight)
    return weight


@external
def tally() -> uint256:
    """
    @notice Finds the result of a round whose reveals have ended. Anybody may.
    @return The tick that applies after DELAY.
    """
    current: uint256 = self._round
    assert current != 0, "vote: no round"
    assert current & TALLIED == 0, "vote: round is tallied"
    assert block.timestamp >= ((current >> 128) & MASK_64) + REVEAL_PERIOD, "vote: reveals have not ended"
    setting: uint256 = self._setting & 255
    tick: uint256 = self._median(current & MASK_64, setting)
    ready: uint256 = block.timestamp + DELAY
    self._round = current | TALLIED
    self._setting = setting | (tick << 8) | (ready << 16)
    log IHomophilyVote.Tallied(
        round=current & MASK_64,
        tick=tick,
        threshold=self._threshold(tick),
        revealed=self._weight & MAX_WEI,
        ready=ready,
    )
    return tick


# ---------------------------------------------------------------- views


@external
@view
def threshold() -> uint256:
    """
    @notice The threshold in force, SCALE. A result applies by itself when its time has come.
    """
    return self._threshold(self._tick(self._setting))


@external
@view
def threshold_of(tick: uint256) -> uint256:
    """
    @notice The threshold that a tick stands for, SCALE.
    @param tick The tick.
    """
    assert tick < TICKS, "vote: no such tick"
    return self._threshold(tick)


@external
@view
def tick() -> uint256:
    """
    @notice The tick in force.
    """
    return self._tick(self._setting)


@external
@view
def pending() -> (uint256, uint256):
    """
    @notice The last result, and the time in seconds from which it applies.
    """
    setting: uint256 = self._setting
    return (setting >> 8) & 255, setting >> 16


@external
@view
def next_opening() -> uint256:
    """
    @notice Time in seconds from which the next round may open, once this one is tallied.
    """
    return (self._setting >> 16) + REST


@external
@view
def round() -> IHomophilyVote.Round:
    """
    @notice The newest round; all zero before the first.
    """
    current: uint256 = self._round
    commit_end: uint256 = (current >> 128) & MASK_64
    return IHomophilyVote.Round(
        number=current & MASK_64,
        opened=(current >> 64) & MASK_64,
        commit_end=commit_end,
        reveal_end=0 if current == 0 else commit_end + REVEAL_PERIOD,
        revealed=self._weight & MAX_WEI,
        quorum=self._weight >> 96,
        tallied=current & TALLIED != 0,
    )


@external
@view
def preview() -> uint256:
    """
    @notice What a tally would give with the votes revealed so far: same function as tally uses. Nothing new after it.
    """
    current: uint256 = self._round
    assert current != 0, "vote: no round"
    return self._median(current & MASK_64, self._setting & 255)


@external
@view
def below(tick: uint256) -> uint256:
    """
    @notice Wei behind the votes below a tick revealed in the newest round, those of the absent left out.
    @param tick The tick; TICKS for all of them.
    """
    assert tick <= TICKS, "vote: no such tick"
    if tick == _SIZE:
        return self._weight & MAX_WEI
    number: uint256 = self._round & MASK_64
    sum: uint256 = 0
    node: uint256 = tick
    for _: uint256 in range(8):
        if node == 0:
            break
        sum += self._node(number, node)
        node &= node - 1
    return sum


@external
@view
def ballot(voter: address) -> (uint256, uint256, bool):
    """
    @notice The last vote that an account sealed.
    @param voter Whose.
    @return (round, weight in wei, whether it was revealed).
    """
    word: uint256 = self._ballots[voter]
    return (word >> 96) & MASK_64, word & MAX_WEI, word & REVEALED != 0


@external
@view
def commitment_of(round: uint256, voter: address, tick: uint256, salt: bytes32) -> bytes32:
    """
    @notice The hash to commit. Ask your own node only: whoever answers learns the vote.
    @param round The round.
    @param voter Who will commit.
    @param tick The tick.
    @param salt 32 random bytes.
    """
    return self._commitment(round, voter, tick, salt)


# ---------------------------------------------------------------- internal


@internal
@view
def _tick(setting: uint256) -> uint256:
    return (setting >> 8) & 255 if block.timestamp >= setting >> 16 else setting & 255


@internal
@view
def _threshold(tick: uint256) -> uint256:
    return LOW + (HIGH - LOW) * tick // (TICKS - 1)


@internal
@view
def _commitment(round: uint256, voter: address, tick: uint256, salt: bytes32) -> bytes32:
    return keccak256(abi_encode(chain.id, self, round, voter, tick, salt))


@internal
@view
def _stake_before(voter: address, index: uint256, opened: uint256) -> uint256:
    bonded: uint256 = 0
    locked: uint256 = 0
    entries: uint256 = 0
    bonded, locked, entries = staticcall IStakeVault(VAULT).account(voter)
    at: uint256 = 0
    stake: uint256 = 0
    # The vault refuses an index that there is not, or is not any more.
    at, stake = staticcall IStakeVault(VAULT).checkpoint(voter, index)
    assert at < opened, "vote: checkpoint is not older than the round"
    if index + 1 < entries:
        later: uint256 = 0
        later, bonded = staticcall IStakeVault(VAULT).checkpoint(voter, index + 1)
        assert later >= opened, "vote: a later checkpoint is older than the round"
    return stake


@internal
@view
def _node(number: uint256, node: uint256) -> uint256:
    word: uint256 = self._tree[(node + 1) >> 1]
    if word >> 192 != number:
        return 0
    return word & MAX_WEI if node & 1 == 1 else (word >> 96) & MAX_WEI


@internal
def _add(number: uint256, tick: uint256, weight: uint256):
    # Sums stay below 2**96: an account counts once, with stake it had when the round opened, and has.
    node: uint256 = tick + 1
    for _: uint256 in range(8):
        if node >= _SIZE:
            break
        place: uint256 = (node + 1) >> 1
        word: uint256 = self._tree[place]
        if word >> 192 != number:
            word = number << 192
        if node & 1 == 1:
            # The next node up shares the word.
            word += weight
            node += 1
        if node < _SIZE:
            word += weight << 96
        node += node & (max_value(uint256) - node + 1)
        self._tree[place] = word


@internal
@view
def _median(number: uint256, setting: uint256) -> uint256:
    weight: uint256 = self._weight
    revealed: uint256 = weight & MAX_WEI
    total: uint256 = max(revealed, weight >> 96)
    # The largest number of lowest ticks that hold less than half; what is absent stands at `setting`.
    first: uint256 = 0
    sum: uint256 = 0
    step: uint256 = _SIZE >> 1
    for _: uint256 in range(8):
        if step == 0:
            break
        part: uint256 = self._node(number, first + step)
        if setting >= first and setting < first + step:
            part += total - revealed
        if 2 * (sum + part) < total:
            first += step
            sum += part
        step >>= 1
    return first
