# pragma version ~=0.4.3
# pragma optimize gas
# pragma evm-version prague
"""
@title Treasury
@license GNU Affero General Public License v3.0 only
@notice Holds every bankroll and every reserve, and mints on a fixed schedule.

            minted in epoch e  <=  EMISSION * DECAY**e   (DECAY in WAD, floored each epoch), under the token's cap
            bankroll[series]   :   free money of a series
            reserved[series]   :   set aside for its open questions
            balance            >=  sum(bankroll) + sum(reserved) + unallocated

        Governed series (no sponsor, at most 32 with a weight) share what is minted; a sponsored series lives on its
        sponsor's money, which the sponsor alone may withdraw while it is free.
@dev Roles: ARENA (fixed) moves reserves; governor (transferable, renounceable) sets weights and caps of governed
     series. Nothing here can be paused.
"""

from interfaces import IHeadwaterToken
from interfaces import ITreasury

implements: ITreasury

BPS: constant(uint256) = 10_000
WAD: constant(uint256) = 10**18
MAX_WEI: constant(uint256) = 2**96 - 1
MAX_GOVERNED: constant(uint256) = 32
MAX_WEIGHT: constant(uint256) = 10_000
# Epochs one call of roll catches up at most; whoever is later calls again.
MAX_CATCH_UP: constant(uint256) = 64
MIN_EPOCH: constant(uint256) = 60
MAX_EPOCH: constant(uint256) = 366 * 86_400
LANE: constant(uint256) = 2**128 - 1

TOKEN: public(immutable(address))
VAULT: public(immutable(address))
ARENA: public(immutable(address))
START: public(immutable(uint256))
EPOCH: public(immutable(uint256))
EMISSION: public(immutable(uint256))
DECAY: public(immutable(uint256))

governor: public(address)
# Most that the next epoch to be minted may mint, and that epoch's number.
rate: public(uint256)
next_epoch: public(uint256)
# Minted or donated money that no series has yet.
unallocated: public(uint256)
sponsor: public(HashMap[uint256, address])
# series << 16 | weight
_governed: DynArray[uint256, MAX_GOVERNED]
# series -> bankroll (low 96 bits) | reserved (next 96) | registered (bit 192)
_accounts: HashMap[uint256, uint256]
# series -> epoch cap (low 96 bits) | set aside in this epoch (next 96) | the epoch (64)
_caps: HashMap[uint256, uint256]
# Wei ever emitted to (low lane) and recycled from (high lane) stakes.
_totals: uint256
# What the ledger would owe if nothing had ever been emitted or recycled. Negative once sponsors have withdrawn more of
# what stakes lost than was ever paid in or minted.
_base: int256


@deploy
def __init__(
    token: address,
    vault: address,
    arena: address,
    governor_: address,
    epoch: uint256,
    emission: uint256,
    decay: uint256,
):
    """
    @param token The HeadwaterToken whose minter this contract is.
    @param vault The StakeVault.
    @param arena The ForecastArena.
    @param governor_ Sets weights and caps of governed series; may be the zero address.
    @param epoch Length of an epoch in seconds; 60 to 366 days.
    @param emission Most that epoch 0 mints, in wei.
    @param decay Factor from one epoch's emission to the next, in WAD; at most 1.
    """
    assert token != empty(address) and vault != empty(address) and arena != empty(address), "treasury: zero address"
    assert epoch >= MIN_EPOCH and epoch <= MAX_EPOCH, "treasury: epoch not in 60 s..366 days"
    assert emission <= MAX_WEI, "treasury: emission above 2**96-1"
    assert decay <= WAD, "treasury: decay above 1"
    TOKEN = token
    VAULT = vault
    ARENA = arena
    START = block.timestamp
    EPOCH = epoch
    EMISSION = emission
    DECAY = decay
    self.governor = governor_
    self.rate = emission
    log ITreasury.GovernorChanged(governor=governor_)


# ---------------------------------------------------------------- schedule


@external
def roll() -> uint256:
    """
    @notice Mints what the epochs since the last call allow and shares it among the governed series. Anybody may
            call it; a second call in an epoch mints nothing. One call catches up at most 64 epochs.
    @return Wei minted.
    """
    return self._roll()


@external
@view
def epoch_now() -> uint256:
    """
    @notice The current epoch's number.
    """
    return (block.timestamp - START) // EPOCH


# ---------------------------------------------------------------- governance


@external
def set_weights(series: DynArray[uint256, MAX_GOVERNED], weights: DynArray[uint256, MAX_GOVERNED]):
    """
    @notice Replaces the governed series and their weights. What is due so far is shared under the old ones first;
            where that takes more than one call, roll until nothing is due.
    @param series Ids of governed series, strictly ascending; at most 32.
    @param weights One each; 1 to 10,000.
    """
    assert msg.sender == self.governor, "treasury: caller is not the governor"
    assert len(series) == len(weights), "treasury: series and weights differ in length"
    self._roll()
    assert self.next_epoch > (block.timestamp - START) // EPOCH, "treasury: more than 64 epochs are due, roll first"
    governed: DynArray[uint256, MAX_GOVERNED] = []
    for i: uint256 in range(len(series), bound=MAX_GOVERNED):
        assert weights[i] >= 1 and weights[i] <= MAX_WEIGHT, "treasury: weight not in 1..10000"
        assert i == 0 or series[i] > series[i - 1], "treasury: series not strictly ascending"
        assert self._accounts[series[i]] != 0, "treasury: no such series"
        assert self.sponsor[series[i]] == empty(address), "treasury: series has a sponsor"
        governed.append((series[i] << 16) | weights[i])
    self._governed = governed
    log ITreasury.WeightsSet(series=series, weights=weights)


@external
def set_epoch_cap(series: uint256, epoch_cap: uint256):
    """
    @notice Changes what a series may set aside per epoch. The governor's for governed series, the sponsor's for
            sponsored ones.
    @param series The series.
    @param epoch_cap Wei; 1 to 2**96 - 1.
    """
    owner: address = self.sponsor[series]
    if owner == empty(address):
        owner = self.governor
    assert msg.sender == owner and owner != empty(address), "treasury: caller may not set this cap"
    assert self._accounts[series] != 0, "treasury: no such series"
    self._check_cap(epoch_cap)
    self._caps[series] = ((self._caps[series] >> 96) << 96) | epoch_cap
    log ITreasury.EpochCapSet(series=series, epoch_cap=epoch_cap)


@external
def set_governor(governor_: address):
    """
    @notice Hands the governor's role on, or renounces it for ever with the zero address.
    @param governor_ The next governor.
    """
    assert msg.sender == self.governor, "treasury: caller is not the governor"
    self.governor = governor_
    log ITreasury.GovernorChanged(governor=governor_)


# ---------------------------------------------------------------- sponsors and donations


@external
def fund(series: uint256, amount: uint256):
    """
    @notice Adds to a series' bankroll, from the caller's allowance. Anybody may.
    @param series The series.
    @param amount Wei.
    """
    assert amount != 0, "treasury: nothing to fund"
    assert self._accounts[series] != 0, "treasury: no such series"
    # Bounded by the supply, so the 96-bit lane cannot overflow into its neighbour.
    self._accounts[series] += amount
    self._base += convert(amount, int256)
    assert extcall IHeadwaterToken(TOKEN).transferFrom(msg.sender, self, amount)
    log ITreasury.Funded(series=series, payer=msg.sender, amount=amount)


@external
def withdraw(series: uint256, amount: uint256, to: address):
    """
    @notice Takes free money out of a sponsored bankroll. Its sponsor only.
    @param series The series.
    @param amount Wei; at most what is free.
    @param to Receiver.
    """
    assert msg.sender == self.sponsor[series], "treasury: caller is not the sponsor"
    word: uint256 = self._accounts[series]
    assert amount != 0, "treasury: nothing to withdraw"
    assert amount <= word & MAX_WEI, "treasury: more than the free bankroll"
    self._accounts[series] = word - amount
    self._base -= convert(amount, int256)
    assert extcall IHeadwaterToken(TOKEN).transfer(to, amount)
    log ITreasury.SponsorWithdrew(series=series, to=to, amount=amount)


@external
def sync() -> uint256:
    """
    @notice Books tokens that came without a call (donations, slashed stake): the next roll shares them.
    @return Wei booked.
    """
    surplus: uint256 = staticcall IHeadwaterToken(TOKEN).balanceOf(self) - self._owed()
    self.unallocated += surplus
    self._base += convert(surplus, int256)
    log ITreasury.Synced(surplus=surplus)
    return surplus


# ---------------------------------------------------------------- the arena's calls


@external
def register(series: uint256, sponsor: address, epoch_cap: uint256):
    """
    @notice Opens the account of a new series.
    @param series Its id.
    @param sponsor Who may withdraw; the zero address makes it governed.
    @param epoch_cap Wei it may set aside per epoch.
    """
    assert msg.sender == ARENA, "treasury: caller is not the arena"
    self._check_cap(epoch_cap)
    self._accounts[series] = 1 << 192
    self.sponsor[series] = sponsor
    self._caps[series] = epoch_cap
    log ITreasury.SeriesRegistered(series=series, sponsor=sponsor, epoch_cap=epoch_cap)


@external
def set_aside(series: uint256, share_bps: uint256) -> uint256:
    """
    @notice Sets a question's reserve aside: a share of the free bankroll, within the epoch's cap.
    @param series The series.
    @param share_bps The share, in bps.
    @return Wei set aside; 0 when nothing is free or the cap is used up.
    """
    assert msg.sender == ARENA, "treasury: caller is not the arena"
    word: uint256 = self._accounts[series]
    caps: uint256 = self._caps[series]
    cap: uint256 = caps & MAX_WEI
    epoch: uint256 = (block.timestamp - START) // EPOCH
    used: uint256 = 0
    if caps >> 192 == epoch:
        used = (caps >> 96) & MAX_WEI
    # A cap may have been lowered below what is used already.
    left: uint256 = cap - min(used, cap)
    reserve: uint256 = min((word & MAX_WEI) * share_bps // BPS, left)
    self._accounts[series] = word - reserve + (reserve << 96)
    self._caps[series] = cap | ((used + reserve) << 96) | (epoch << 192)
    return reserve


@external
def free(series: uint256, amount: uint256):
    """
    @notice Returns a part of a reserve to the bankroll.
    @param series The series.
    @param amount Wei.
    """
    assert msg.sender == ARENA, "treasury: caller is not the arena"
    self._accounts[series] = self._accounts[series] + amount - (amount << 96)


@external
def settle(series: uint256, portion: uint256, net: int256):
    """
    @notice Settles one position: its slice of the reserve is freed, its emission paid from it, its loss added.
    @param series The series.
    @param portion The slice: wei of the reserve that belong to the position; at least its emission.
    @param net Positive: wei emitted to the vault. Negative: wei the vault has just sent here.
    """
    assert msg.sender == ARENA, "treasury: caller is not the arena"
    word: uint256 = self._accounts[series] + portion - (portion << 96)
    if net > 0:
        emission: uint256 = convert(net, uint256)
        assert emission <= portion, "treasury: emission above the reserve"
        self._accounts[series] = word - emission
        self._totals += emission
        assert extcall IHeadwaterToken(TOKEN).transfer(VAULT, emission)
    else:
        loss: uint256 = convert(-net, uint256)
        self._accounts[series] = word + loss
        self._totals += loss << 128


# ---------------------------------------------------------------- views


@external
@view
def account(series: uint256) -> (uint256, uint256):
    """
    @notice A series' money.
    @param series The series.
    @return (free bankroll, reserved) in wei.
    """
    word: uint256 = self._accounts[series]
    return word & MAX_WEI, (word >> 96) & MAX_WEI


@external
@view
def epoch_cap(series: uint256) -> (uint256, uint256):
    """
    @notice What a series may set aside per epoch, and what is left of it now.
    @param series The series.
    @return (cap, left) in wei.
    """
    caps: uint256 = self._caps[series]
    cap: uint256 = caps & MAX_WEI
    used: uint256 = 0
    if caps >> 192 == (block.timestamp - START) // EPOCH:
        used = (caps >> 96) & MAX_WEI
    return cap, cap - min(used, cap)


@external
@view
def weights() -> (DynArray[uint256, MAX_GOVERNED], DynArray[uint256, MAX_GOVERNED]):
    """
    @notice The governed series that share what is minted, and their weights.
    """
    series: DynArray[uint256, MAX_GOVERNED] = []
    weights: DynArray[uint256, MAX_GOVERNED] = []
    for word: uint256 in self._governed:
        series.append(word >> 16)
        weights.append(word & 65535)
    return series, weights


@external
@view
def totals() -> (uint256, uint256):
    """
    @notice Wei ever (emitted to stakes, recycled from stakes).
    """
    return self._totals & LANE, self._totals >> 128


@external
@view
def owed() -> uint256:
    """
    @notice What the ledger owes: all bankrolls, reserves and what is not allocated, in wei.
    """
    return self._owed()


# ---------------------------------------------------------------- internal


@internal
@view
def _owed() -> uint256:
    recycled: int256 = convert(self._totals >> 128, int256)
    return convert(self._base + recycled - convert(self._totals & LANE, int256), uint256)


@internal
@pure
def _check_cap(epoch_cap: uint256):
    assert epoch_cap >= 1 and epoch_cap <= MAX_WEI, "treasury: epoch cap not in 1..2**96-1"


@internal
def _roll() -> uint256:
    current: uint256 = (block.timestamp - START) // EPOCH
    epoch: uint256 = self.next_epoch
    rate: uint256 = self.rate
    allowed: uint256 = 0
    if epoch <= current:
        for i: uint256 in range(min(current + 1 - epoch, MAX_CATCH_UP), bound=MAX_CATCH_UP):
            allowed += rate
            rate = rate * DECAY // WAD
            epoch += 1
        self.next_epoch = epoch
        self.rate = rate
    room: uint256 = staticcall IHeadwaterToken(TOKEN).cap() - staticcall IHeadwaterToken(TOKEN).totalSupply()
    minted: uint256 = min(allowed, room)
    pool: uint256 = self.unallocated + minted
    shared: uint256 = 0
    if pool != 0:
        total: uint256 = 0
        for word: uint256 in self._governed:
            total += word & 65535
        for word: uint256 in self._governed:
            part: uint256 = pool * (word & 65535) // total
            self._accounts[word >> 16] += part
            shared += part
            log ITreasury.Allocated(series=word >> 16, amount=part)
        self.unallocated = pool - shared
        self._base += convert(minted, int256)
    if minted != 0:
        extcall IHeadwaterToken(TOKEN).mint(self, minted)
    log ITreasury.Rolled(epoch=current, minted=minted, distributed=shared, unallocated=pool - shared)
    return minted
