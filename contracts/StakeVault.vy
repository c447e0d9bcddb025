# pragma version ~=0.4.3
# pragma optimize gas
# pragma evm-version prague
"""
@title StakeVault
@license GNU Affero General Public License v3.0 only
@notice Holds stakes and escrows.

            stake   : bonded (of which locked by open positions) and unbonding
            escrow  : per (forecaster, version, domain), the part of a forecaster's nets that its providers stand behind

        A position's net is split linearly, gains and losses alike (floor is toward minus infinity):

            own     = floor(net * keep_bps / 10_000)              to the stake
            rest    = net - own                                   to the escrow
            rest>=0 : repay = min(debt, rest);  debt -= repay;  held += rest - repay;  stake += repay
            rest< 0 : draw  = min(held, -rest); held -= draw;   debt += -rest - draw;  stake -= -rest - draw
            then    : what held exceeds max(buffer, ceil((10_000 - keep_bps) * lock / 10_000)) by becomes due

        due is released for good: release hands it to the Cascade, anybody may call it. Because held keeps the worst
        case of every open position under the version, the order of settlements changes nothing.
        Under version 0 (no children) the whole net is the stake's.

        All governed series share domain 0; a sponsored series is a domain of its own. Otherwise a forecaster could
        sponsor a series, lose to itself on purpose, and so empty what its escrow holds for its providers, or run up
        a debt that their later gains repay.
@dev Roles: ARENA (fixed) locks and settles; guardian pauses deposits and new commits, nothing else; slasher takes
     free or unbonding stake. Both roles are transferable and renounceable.
"""

from interfaces import ICascade
from interfaces import IHeadwaterToken
from interfaces import IStakeVault
from interfaces import ITreasury

implements: IStakeVault

BPS: constant(uint256) = 10_000
GRAIN: constant(uint256) = 10**9
MAX_WEI: constant(uint256) = 2**96 - 1
MASK_64: constant(uint256) = 2**64 - 1
MASK_32: constant(uint256) = 2**32 - 1
MASK_16: constant(uint256) = 2**16 - 1
# Checkpoints an account keeps. Older ones are overwritten, which saves 17,100 gas at every change of a stake; only
# an account whose stake changes in more than RING blocks while it waits to commit could miss one.
RING: constant(uint256) = 256
MIN_COOLDOWN: constant(uint256) = 1
MAX_COOLDOWN: constant(uint256) = 90 * 86_400
MAX_MAX_WINDOW: constant(uint256) = 90 * 86_400
MAX_IDLE_PERIOD: constant(uint256) = 366 * 86_400

TOKEN: public(immutable(address))
TREASURY: public(immutable(address))
CASCADE: public(immutable(address))
ARENA: public(immutable(address))
# Seconds between a request to unbond and the withdrawal.
COOLDOWN: public(immutable(uint256))
# The longest commit window a question may have, in seconds.
MAX_WINDOW: public(immutable(uint256))
# Seconds without a settlement after which an escrow may be closed.
IDLE_PERIOD: public(immutable(uint256))

guardian: public(address)
slasher: public(address)
paused: public(bool)
# account -> bonded (96 bits) | locked (96) | number of checkpoints (32) | block of the last checkpoint (32)
_accounts: HashMap[address, uint256]
# account -> amount (96 bits) | ready (64)
_unbonding: HashMap[address, uint256]
# account -> index % RING -> bonded (96 bits) | block (64)
_checkpoints: HashMap[address, HashMap[uint256, uint256]]
# forecaster -> version | domain << 40 -> held (96 bits) | debt (96) | buffer in gwei (64)
_escrow_money: HashMap[address, HashMap[uint256, uint256]]
# forecaster -> version | domain << 40 -> lock (96 bits) | due (96) | keep_bps (16) | active (48)
_escrow_state: HashMap[address, HashMap[uint256, uint256]]
# What the ledger would owe if the treasury had never emitted or recycled anything; see owed.
_base: int256


@deploy
def __init__(
    token: address,
    treasury: address,
    cascade: address,
    arena: address,
    guardian_: address,
    slasher_: address,
    cooldown: uint256,
    max_window: uint256,
    idle_period: uint256,
):
    """
    @param token The HeadwaterToken.
    @param treasury The Treasury.
    @param cascade The Cascade.
    @param arena The ForecastArena.
    @param guardian_ May pause deposits and commits; may be the zero address.
    @param slasher_ May slash free and unbonding stake; may be the zero address.
    @param cooldown Seconds from a request to unbond to the withdrawal; 1 s to 90 days.
    @param max_window Longest commit window in seconds, as in the arena; 1 s to 90 days.
    @param idle_period Seconds without settlement after which an escrow may be closed; max_window to 366 days.
    """
    assert token != empty(address) and treasury != empty(address), "vault: zero address"
    assert cascade != empty(address) and arena != empty(address), "vault: zero address"
    assert cooldown >= MIN_COOLDOWN and cooldown <= MAX_COOLDOWN, "vault: cooldown not in 1 s..90 days"
    assert max_window >= 1 and max_window <= MAX_MAX_WINDOW, "vault: max window not in 1 s..90 days"
    assert idle_period >= max_window and idle_period <= MAX_IDLE_PERIOD, "vault: idle period not in max window..366 days"
    TOKEN = token
    TREASURY = treasury
    CASCADE = cascade
    ARENA = arena
    COOLDOWN = cooldown
    MAX_WINDOW = max_window
    IDLE_PERIOD = idle_period
    self.guardian = guardian_
    self.slasher = slasher_
    log IStakeVault.GuardianChanged(guardian=guardian_)
    log IStakeVault.SlasherChanged(slasher=slasher_)


# ---------------------------------------------------------------- stake


@external
def deposit(amount: uint256):
    """
    @notice Bonds stake, from the caller's allowance. Nobody can deposit for somebody else: each deposit writes a
            checkpoint of the account.
    @param amount Wei.
    """
    assert not self.paused, "vault: paused"
    assert amount != 0, "vault: nothing to deposit"
    self._set_bonded(msg.sender, self._accounts[msg.sender], convert(amount, int256))
    self._base += convert(amount, int256)
    assert extcall IHeadwaterToken(TOKEN).transferFrom(msg.sender, self, amount)
    log IStakeVault.Deposited(account=msg.sender, amount=amount)


@external
def request_unbond(amount: uint256):
    """
    @notice Moves free stake into unbonding. A further request restarts the cooldown for all of it.
    @param amount Wei; at most what no position locks.
    """
    word: uint256 = self._accounts[msg.sender]
    assert amount != 0, "vault: nothing to unbond"
    assert amount <= (word & MAX_WEI) - ((word >> 96) & MAX_WEI), "vault: more than the free stake"
    self._set_bonded(msg.sender, word, -convert(amount, int256))
    ready: uint256 = block.timestamp + COOLDOWN
    total: uint256 = (self._unbonding[msg.sender] & MAX_WEI) + amount
    self._unbonding[msg.sender] = total | (ready << 96)
    log IStakeVault.UnbondRequested(account=msg.sender, amount=amount, ready=ready)


@external
def withdraw() -> uint256:
    """
    @notice Pays out the caller's unbonding stake once its cooldown is over. It cannot be paused.
    @return Wei paid.
    """
    word: uint256 = self._unbonding[msg.sender]
    amount: uint256 = word & MAX_WEI
    assert amount != 0, "vault: nothing is unbonding"
    assert block.timestamp >= word >> 96, "vault: cooldown not over"
    self._unbonding[msg.sender] = 0
    self._base -= convert(amount, int256)
    assert extcall IHeadwaterToken(TOKEN).transfer(msg.sender, amount)
    log IStakeVault.Withdrawn(account=msg.sender, amount=amount)
    return amount


@external
def slash(account: address, amount: uint256, reason: bytes32) -> uint256:
    """
    @notice Takes free stake, then unbonding stake, and sends it to the treasury. What a position has locked is out
            of reach, so nobody's settlement can be stopped by a slash.
    @param account Whose.
    @param amount Wei; less is taken if less is in reach.
    @param reason Stands in the event.
    @return Wei taken.
    """
    assert msg.sender == self.slasher, "vault: caller is not the slasher"
    word: uint256 = self._accounts[account]
    from_bonded: uint256 = min(amount, (word & MAX_WEI) - ((word >> 96) & MAX_WEI))
    if from_bonded != 0:
        self._set_bonded(account, word, -convert(from_bonded, int256))
    pending: uint256 = self._unbonding[account]
    from_unbonding: uint256 = min(amount - from_bonded, pending & MAX_WEI)
    self._unbonding[account] = pending - from_unbonding
    total: uint256 = from_bonded + from_unbonding
    assert total != 0, "vault: nothing to slash"
    self._base -= convert(total, int256)
    assert extcall IHeadwaterToken(TOKEN).transfer(TREASURY, total)
    log IStakeVault.Slashed(account=account, from_bonded=from_bonded, from_unbonding=from_unbonding, reason=reason)
    return total


# ---------------------------------------------------------------- the arena's calls


@external
def lock(
    account: address,
    version: uint256,
    domain: uint256,
    wager: uint256,
    amount: uint256,
    index: uint256,
    opened: uint256,
):
    """
    @notice Locks stake for a position.
    @param account The forecaster.
    @param version The version it is bound to.
    @param domain The series' domain.
    @param wager The position's whole wager in wei: at most the stake bonded strictly before block `opened`.
    @param amount Wei to lock in addition to what is locked.
    @param index The account's last checkpoint before block `opened`.
    @param opened The block in which the question opened.
    """
    assert msg.sender == ARENA, "vault: caller is not the arena"
    assert not self.paused, "vault: paused"
    word: uint256 = self._accounts[account]
    entries: uint256 = (word >> 192) & MASK_32
    assert index < entries, "vault: no such checkpoint"
    assert index + RING >= entries, "vault: checkpoint was overwritten"
    entry: uint256 = self._checkpoints[account][index % RING]
    assert entry >> 96 < opened, "vault: checkpoint is not older than the question"
    if index + 1 < entries:
        assert self._checkpoints[account][(index + 1) % RING] >> 96 >= opened, "vault: a later checkpoint is older than the question"
    assert wager <= entry & MAX_WEI, "vault: wager above the stake bonded before the question"
    assert ((word >> 96) & MAX_WEI) + amount <= word & MAX_WEI, "vault: not enough free stake"
    self._accounts[account] = word + (amount << 96)
    if version != 0:
        key: uint256 = version | (domain << 40)
        state: uint256 = self._escrow_state[account][key]
        assert (state >> 192) & MASK_16 != 0, "vault: escrow not opened"
        self._escrow_state[account][key] = state + amount


@external
def settle(account: address, version: uint256, domain: uint256, lock: uint256, net: int256) -> (int256, uint256):
    """
    @notice Settles a position: frees its lock, books its net. Tokens of a gain come from the treasury, those of a
            loss go there in this call.
    @param account The forecaster.
    @param version The version the position is bound to.
    @param domain The series' domain.
    @param lock What the position locked, in wei; at least the loss.
    @param net Wei won (positive) or lost (negative).
    @return (change of the stake, what became due to the version's children), in wei.
    """
    assert msg.sender == ARENA, "vault: caller is not the arena"
    change: int256 = net
    released: uint256 = 0
    if version != 0:
        change, released = self._settle_escrow(account, version | (domain << 40), lock, net)
    word: uint256 = self._accounts[account] - (lock << 96)
    if change != 0:
        self._set_bonded(account, word, change)
    else:
        self._accounts[account] = word
    if net < 0:
        assert extcall IHeadwaterToken(TOKEN).transfer(TREASURY, convert(-net, uint256))
    return change, released


# ---------------------------------------------------------------- escrows


@external
def open_escrow(forecaster: address, version: uint256, domain: uint256, terms: ICascade.Terms):
    """
    @notice Opens the escrow of a forecaster's version, before its first commit under it. Anybody may.
    @param forecaster The forecaster.
    @param version The version.
    @param domain The domain: 0 for governed series, a sponsored series' id for that series.
    @param terms The version's terms.
    """
    key: uint256 = self._key(version, domain)
    state: uint256 = self._escrow_state[forecaster][key]
    assert (state >> 192) & MASK_16 == 0, "vault: escrow is open"
    assert staticcall ICascade(CASCADE).has_terms(forecaster, version, terms), "vault: not the announced terms"
    self._escrow_state[forecaster][key] = state | (terms.keep_bps << 192) | (block.timestamp << 208)
    # A debt may already have moved here from an older version.
    self._escrow_money[forecaster][key] |= (terms.buffer // GRAIN) << 192
    log IStakeVault.EscrowOpened(
        forecaster=forecaster, version=version, domain=domain, keep_bps=terms.keep_bps, buffer=terms.buffer
    )


@external
def release(forecaster: address, version: uint256, domain: uint256) -> uint256:
    """
    @notice Hands what an escrow has released to the Cascade. Anybody may call it.
    @param forecaster The forecaster.
    @param version The version.
    @param domain The domain.
    @return Wei handed over; 0 if nothing was due.
    """
    return self._release(forecaster, version, domain)


@external
def close(forecaster: address, version: uint256, domain: uint256):
    """
    @notice Closes an escrow without open positions: that of a replaced version once the longest commit window has
            passed since, that of the newest once it has been idle for IDLE_PERIOD. What it holds goes to its
            children. A replaced version's debt moves to the newest, unless that has open positions: then close
            again later. Anybody may call it, and an idle escrow may be used again.
    @param forecaster The forecaster.
    @param version The version.
    @param domain The domain.
    """
    key: uint256 = self._key(version, domain)
    state: uint256 = self._escrow_state[forecaster][key]
    money: uint256 = self._escrow_money[forecaster][key]
    held: uint256 = money & MAX_WEI
    debt: uint256 = (money >> 96) & MAX_WEI
    assert state & MAX_WEI == 0, "vault: positions are open"
    terms_hash: uint256 = 0
    next: uint256 = 0
    replaced: uint256 = 0
    terms_hash, next, replaced = staticcall ICascade(CASCADE).version_state(forecaster, version)
    # The newest version's debt is where it belongs.
    assert held != 0 or (next != 0 and debt != 0), "vault: nothing to close"
    # A question bound to a replaced version may take commits until then, however long it was idle or never opened.
    since: uint256 = replaced + MAX_WINDOW if next != 0 else (state >> 208) + IDLE_PERIOD
    assert block.timestamp >= since, "vault: neither replaced nor idle for long enough"
    newest: uint256 = version
    moved: uint256 = 0
    if next != 0 and debt != 0:
        newest = staticcall ICascade(CASCADE).latest(forecaster)
        heir: uint256 = newest | (domain << 40)
        # A debt arrives between positions only: whoever sees one stand under the heir knows what it repays first.
        if self._escrow_state[forecaster][heir] & MAX_WEI == 0:
            target: uint256 = self._escrow_money[forecaster][heir]
            moved = min(debt, MAX_WEI - ((target >> 96) & MAX_WEI))
            self._escrow_money[forecaster][heir] = target + (moved << 96)
    assert held + moved != 0, "vault: positions are open under the newest version"
    self._escrow_money[forecaster][key] = money - held - (moved << 96)
    self._escrow_state[forecaster][key] = state + (held << 96)
    log IStakeVault.Closed(
        forecaster=forecaster, version=version, domain=domain, released=held, debt_moved=moved, newest=newest
    )
    self._release(forecaster, version, domain)


# ---------------------------------------------------------------- roles


@external
def set_paused(paused: bool):
    """
    @notice Stops, or allows again, deposits and new commits. Reveals, settlements, releases, unbonding and
            withdrawals go on.
    @param paused Whether to stop.
    """
    assert msg.sender == self.guardian, "vault: caller is not the guardian"
    self.paused = paused
    log IStakeVault.PausedSet(paused=paused)


@external
def set_guardian(guardian_: address):
    """
    @notice Hands the guardian's role on, or renounces it with the zero address, which also lifts a pause.
    @param guardian_ The next guardian.
    """
    assert msg.sender == self.guardian, "vault: caller is not the guardian"
    self.guardian = guardian_
    if guardian_ == empty(address):
        self.paused = False
        log IStakeVault.PausedSet(paused=False)
    log IStakeVault.GuardianChanged(guardian=guardian_)


@external
def set_slasher(slasher_: address):
    """
    @notice Hands the slasher's role on, or renounces it with the zero address.
    @param slasher_ The next slasher.
    """
    assert msg.sender == self.slasher, "vault: caller is not the slasher"
    self.slasher = slasher_
    log IStakeVault.SlasherChanged(slasher=slasher_)


@external
def sync() -> uint256:
    """
    @notice Sends tokens that came without a call to the treasury, whose own sync books them.
    @return Wei sent.
    """
    surplus: uint256 = staticcall IHeadwaterToken(TOKEN).balanceOf(self) - self._owed()
    if surplus != 0:
        assert extcall IHeadwaterToken(TOKEN).transfer(TREASURY, surplus)
    log IStakeVault.Synced(surplus=surplus)
    return surplus


# ---------------------------------------------------------------- views


@external
@view
def account(account: address) -> (uint256, uint256, uint256):
    """
    @notice An account's stake.
    @param account Whose.
    @return (bonded wei, locked wei, number of checkpoints).
    """
    word: uint256 = self._accounts[account]
    return word & MAX_WEI, (word >> 96) & MAX_WEI, (word >> 192) & MASK_32


@external
@view
def unbonding(account: address) -> (uint256, uint256):
    """
    @notice An account's unbonding stake.
    @param account Whose.
    @return (wei, time from which it can be withdrawn).
    """
    word: uint256 = self._unbonding[account]
    return word & MAX_WEI, word >> 96


@external
@view
def checkpoint(account: address, index: uint256) -> (uint256, uint256):
    """
    @notice A checkpoint.
    @param account Whose.
    @param index Which, from 0; the last 256 are kept.
    @return (block, wei bonded after it).
    """
    entries: uint256 = (self._accounts[account] >> 192) & MASK_32
    assert index < entries, "vault: no such checkpoint"
    assert index + RING >= entries, "vault: checkpoint was overwritten"
    entry: uint256 = self._checkpoints[account][index % RING]
    return entry >> 96, entry & MAX_WEI


@external
@view
def escrow(forecaster: address, version: uint256, domain: uint256) -> IStakeVault.Escrow:
    """
    @notice An escrow: what it holds, owes and risks is public.
    @param forecaster The forecaster.
    @param version The version.
    @param domain The domain.
    """
    key: uint256 = self._key(version, domain)
    money: uint256 = self._escrow_money[forecaster][key]
    state: uint256 = self._escrow_state[forecaster][key]
    return IStakeVault.Escrow(
        held=money & MAX_WEI,
        debt=(money >> 96) & MAX_WEI,
        due=(state >> 96) & MAX_WEI,
        lock=state & MAX_WEI,
        keep_bps=(state >> 192) & MASK_16,
        buffer=(money >> 192) * GRAIN,
        active=state >> 208,
    )


@external
@view
def owed() -> uint256:
    """
    @notice What the ledger owes: all bonded and unbonding stake, and what escrows hold or have due, in wei.
    """
    return self._owed()


# ---------------------------------------------------------------- internal


@internal
@pure
def _key(version: uint256, domain: uint256) -> uint256:
    # Whatever the arena passes fits; what anybody passes must, or one escrow would answer to many names, and what
    # it released could be booked under a version that pays nobody.
    assert version < 2**40, "vault: no such version"
    assert domain <= MASK_32, "vault: no such domain"
    return version | (domain << 40)


@internal
@view
def _owed() -> uint256:
    # Settlements move money between the treasury and here only in ways that its totals count, so the two ledgers
    # share those slots instead of each writing one of its own at every settlement.
    emitted: uint256 = 0
    recycled: uint256 = 0
    emitted, recycled = staticcall ITreasury(TREASURY).totals()
    return convert(self._base + convert(emitted, int256) - convert(recycled, int256), uint256)


@internal
def _set_bonded(account: address, word: uint256, change: int256):
    # Writes the account's word with its bonded stake changed, and the checkpoint that goes with it: one a block.
    bonded: uint256 = convert(convert(word & MAX_WEI, int256) + change, uint256)
    entries: uint256 = (word >> 192) & MASK_32
    if entries == 0 or word >> 224 != block.number & MASK_32:
        entries += 1
    self._checkpoints[account][(entries - 1) % RING] = bonded | (block.number << 96)
    self._accounts[account] = (
        bonded | (((word >> 96) & MAX_WEI) << 96) | (entries << 192) | ((block.number & MASK_32) << 224)
    )


@internal
def _settle_escrow(account: address, key: uint256, lock: uint256, net: int256) -> (int256, uint256):
    money: uint256 = self._escrow_money[account][key]
    state: uint256 = self._escrow_state[account][key]
    held: uint256 = money & MAX_WEI
    debt: uint256 = (money >> 96) & MAX_WEI
    keep_bps: uint256 = (state >> 192) & MASK_16

    product: int256 = net * convert(keep_bps, int256)
    own: int256 = product // 10_000  # truncates toward zero, so negative ones are mended to the floor
    if own * 10_000 > product:
        own -= 1
    rest: int256 = net - own
    change: int256 = own
    if rest >= 0:
        gain: uint256 = convert(rest, uint256)
        repay: uint256 = min(debt, gain)
        debt -= repay
        held += gain - repay
        change += convert(repay, int256)
    else:
        loss: uint256 = convert(-rest, uint256)
        draw: uint256 = min(held, loss)
        held -= draw
        # A clamp, not a revert: a settlement must never be stopped, and a debt this size is never repaid anyway.
        debt = min(debt + loss - draw, MAX_WEI)
        change -= convert(loss - draw, int256)

    open_lock: uint256 = (state & MAX_WEI) - lock
    worst: uint256 = ((BPS - keep_bps) * open_lock + BPS - 1) // BPS
    retained: uint256 = max((money >> 192) * GRAIN, worst)
    released: uint256 = 0
    if held > retained:
        released = held - retained
        held = retained
    # due below 2**96: it is at most what the vault holds.
    due: uint256 = ((state >> 96) & MAX_WEI) + released
    self._escrow_money[account][key] = held | (debt << 96) | ((money >> 192) << 192)
    self._escrow_state[account][key] = open_lock | (due << 96) | (keep_bps << 192) | (block.timestamp << 208)
    return change, released


@internal
def _release(forecaster: address, version: uint256, domain: uint256) -> uint256:
    key: uint256 = self._key(version, domain)
    state: uint256 = self._escrow_state[forecaster][key]
    due: uint256 = (state >> 96) & MAX_WEI
    if due == 0:
        return 0
    self._escrow_state[forecaster][key] = state - (due << 96)
    self._base -= convert(due, int256)
    assert extcall IHeadwaterToken(TOKEN).transfer(CASCADE, due)
    extcall ICascade(CASCADE).receive_release(forecaster, version, due)
    log IStakeVault.Released(forecaster=forecaster, version=version, domain=domain, amount=due)
    return due
