# pragma version ~=0.4.3
# pragma optimize gas
# pragma evm-version prague
"""
@title DealEscrow
@license GNU Affero General Public License v3.0 only
@notice Deals on who does what in a task, signed by both sides, settled by what the task's resolver saw. A sponsor opens
        a task with a pot; a deal binds its payer to a price, a share that may depend on the state observed:

            price     = (state_0, share_0), (state_1, share_1), ...         state_0 = 0, states rise, 1 to 16 steps
            price(s)  = share of the last step whose state is at most s     most = the largest share
            base      = deposit, locked from the payer's free balance; if that is 0, the payer's reward in the task

            paid      = floor(base * share / WAD)      share = price(s)  if both kept the deal
                                                               most      if the payee did and the payer did not
                                                               0         if the payee did not, or nobody judged
            refunded  = deposit - paid

            sum of rewards <= pot
            sum of most over the deals that one payer's reward backs, per task <= WAD

        so no reward is promised twice, and a resolver moves at most the pot, and of a deal at most its base. Its first
        report closes the task to deals. A task that is not finished at its deadline lapses: pot and deposits go back,
        rewards are void. What somebody nets in a task goes into the Cascade, under a version fixed when it entered: at
        its first deal in the task, or when its reward was reported.

            deal id   = keccak(task, payer, payee, nonce)                   opened at most once, whatever was signed
            task id   = keccak(chain, this, sponsor, pot, resolver, deadline, salt)

        So whoever signs a deal signs the pot, the resolver and the deadline too, opened or not. There is no owner, no
        pause and no setter; every step after the resolver's is anybody's, and costs the same however many deals there
        are.
@dev The token calls nobody back, the Cascade calls only the token, and a wallet that is asked for its signature is
     called statically: nobody can enter while something is half done.
"""

from ethereum.ercs import IERC20
from snekmate.utils import eip712_domain_separator

from interfaces import ICascade
from interfaces import IDealEscrow
from interfaces import IHeadwaterToken
from modules import consent

implements: IDealEscrow

initializes: eip712_domain_separator

exports: eip712_domain_separator.eip712Domain


WAD: constant(uint256) = 10**18
MAX_WEI: constant(uint256) = 2**96 - 1
MAX_STEPS: constant(uint256) = 16
MAX_BATCH: constant(uint256) = 32
MAX_TERM: constant(uint256) = 366 * 86_400
MASK_160: constant(uint256) = 2**160 - 1
MASK_64: constant(uint256) = 2**64 - 1
MASK_40: constant(uint256) = 2**40 - 1
MASK_32: constant(uint256) = 2**32 - 1
# Where an account's money from tasks goes: into the Cascade under its newest version, under a named one, or to its free
# balance.
LATEST: constant(uint256) = 0
NAMED: constant(uint256) = 1
FREE: constant(uint256) = 2
# Status of a task, and of a deal.
OPEN: constant(uint256) = 1
FINISHED: constant(uint256) = 2
LAPSED: constant(uint256) = 3
SETTLED: constant(uint256) = 2
# Marks in a task's third word.
_DONE: constant(uint256) = 2**40
_RETURNED: constant(uint256) = 2**41
_CLOSED: constant(uint256) = 2**42
# In a deal's word.
_OPENED: constant(uint256) = 2**192
_SETTLED: constant(uint256) = 2**193
_BARRED: constant(uint256) = 2**194
# In a verdict, which the resolver packs so, JUDGED aside.
_OBSERVED: constant(uint256) = 2**192 - 1
_PAYER_KEPT: constant(uint256) = 2**192
_PAYEE_KEPT: constant(uint256) = 2**193
_JUDGED: constant(uint256) = 2**226
# In an entry.
_TO_FREE: constant(uint256) = 2**232
_ENTERED: constant(uint256) = 2**233
_REPORTED: constant(uint256) = 2**234
_DEAL_TYPE_HASH: constant(bytes32) = keccak256(
    "Deal(uint256 task,address payer,address payee,bytes32 payerAction,bytes32 payeeAction,bytes32 price,uint256 deposit,uint256 nonce,uint256 revision,uint256 expires)"
)

TOKEN: public(immutable(address))
TREASURY: public(immutable(address))
CASCADE: public(immutable(address))

# Everybody's money here: free, locked in deals, in pots and not collected; wei.
owed: public(uint256)
# account -> free balance (96 bits) | where money from tasks goes (8) | version (40)
_accounts: HashMap[address, uint256]
# task -> sponsor (160 bits) | pot (96)
_pots: HashMap[uint256, uint256]
# task -> resolver (160 bits) | awarded (96)
_resolvers: HashMap[uint256, uint256]
# task -> deadline (40 bits) | finished (1) | rest of the pot returned (1) | closed to deals (1)
_phases: HashMap[uint256, uint256]
# task -> hash of the resolver's record
_records: HashMap[uint256, bytes32]
# task -> deal -> deposit (96 bits) | most (64) | revision (32) | opened (1) | settled (1) | barred (1)
_deals: HashMap[uint256, HashMap[bytes32, uint256]]
# deal -> hash of its price's steps
_prices: HashMap[bytes32, bytes32]
# deal -> observed (192 bits) | payer kept (1) | payee kept (1) | revision (32) | judged (1)
_verdicts: HashMap[bytes32, uint256]
# task -> account -> reward (96 bits) | net (96) | version (40) | to the free balance (1) | entered (1) | reported (1)
_entries: HashMap[uint256, HashMap[address, uint256]]
# task -> payer -> sum of most over deals that its reward backs (64 bits) | how many of them are not settled (32)
_backings: HashMap[uint256, HashMap[address, uint256]]


@deploy
def __init__(token: address, treasury: address, cascade: address):
    """
    @param token The HeadwaterToken.
    @param treasury The Treasury: tokens that came without a call go there.
    @param cascade The Cascade: what people net in tasks goes there.
    """
    assert token != empty(address) and treasury != empty(address), "deals: zero address"
    assert cascade != empty(address), "deals: zero address"
    TOKEN = token
    TREASURY = treasury
    CASCADE = cascade
    eip712_domain_separator.__init__("Headwater Deals", "1")
    # For ever, because the Cascade takes from nobody but whoever calls its deposit.
    assert extcall IERC20(token).approve(cascade, max_value(uint256))


# ---------------------------------------------------------------- free balances


@external
def deposit(amount: uint256):
    """
    @notice Adds to the caller's free balance, from its allowance.
    @param amount Wei.
    """
    assert amount != 0, "deals: nothing to deposit"
    assert amount <= MAX_WEI, "deals: more than there can be"
    self._accounts[msg.sender] += amount
    self._take(amount)
    log IDealEscrow.Deposited(account=msg.sender, amount=amount)


@external
def withdraw(amount: uint256):
    """
    @notice Pays out of the caller's free balance. Nothing can stop it.
    @param amount Wei.
    """
    assert amount != 0, "deals: nothing to withdraw"
    word: uint256 = self._accounts[msg.sender]
    assert amount <= word & MAX_WEI, "deals: free balance too small"
    self._accounts[msg.sender] = word - amount
    self.owed -= amount
    assert extcall IHeadwaterToken(TOKEN).transfer(msg.sender, amount)
    log IDealEscrow.Withdrawn(account=msg.sender, amount=amount)


@external
def set_payout(kind: uint256, version: uint256):
    """
    @notice Says where the caller's money goes from tasks that it has not entered yet.
    @param kind 0: into the Cascade under the version that is newest when it enters; 1: under this one; 2: to its free
           balance.
    @param version The version for kind 1, already announced by somebody (the Cascade takes one that is not the
           caller's for version 0); else 0.
    """
    assert kind <= FREE, "deals: no such kind of payout"
    if kind == NAMED:
        # A later one would have the Cascade refuse the money.
        assert version <= staticcall ICascade(CASCADE).count(), "deals: no such version yet"
    else:
        assert version == 0, "deals: only a named payout has a version"
    self._accounts[msg.sender] = (self._accounts[msg.sender] & MAX_WEI) | (kind << 96) | (version << 104)
    log IDealEscrow.PayoutSet(account=msg.sender, kind=kind, version=version)


# ---------------------------------------------------------------- tasks and deals


@external
def open_task(pot: uint256, resolver: address, deadline: uint256, salt: bytes32) -> uint256:
    """
    @notice Opens a task and takes its pot, from the caller's allowance.
    @param pot Wei; may be 0, where only deposits back the deals.
    @param resolver Who reports and finishes it; for ever.
    @param deadline When it lapses, in seconds; at most 366 days away.
    @param salt Tells tasks of the same terms apart.
    @return The task, as task_id gives it beforehand.
    """
    assert pot <= MAX_WEI, "deals: more than there can be"
    assert resolver != empty(address), "deals: no resolver"
    assert deadline > block.timestamp and deadline <= block.timestamp + MAX_TERM, "deals: deadline not in 366 days"
    task: uint256 = self._task_id(msg.sender, pot, resolver, deadline, salt)
    assert self._phases[task] == 0, "deals: task was opened before"
    self._pots[task] = convert(msg.sender, uint256) | (pot << 160)
    self._resolvers[task] = convert(resolver, uint256)
    self._phases[task] = deadline
    if pot != 0:
        self._take(pot)
    log IDealEscrow.TaskOpened(
        task=task, sponsor=msg.sender, resolver=resolver, pot=pot, deadline=deadline, salt=salt
    )
    return task


@external
def open_deal(
    deal: IDealEscrow.Deal, steps: Bytes[512], payer_signature: Bytes[1024], payee_signature: Bytes[1024]
) -> bytes32:
    """
    @notice Makes a signed deal binding, until judging begins; anybody may bring it. A deposit is locked out of the
            payer's free balance.
    @param deal The deal, at revision 0.
    @param steps Its price: one word a step, state (24 bytes) and share (8, WAD).
    @param payer_signature EIP-712 signature of Deal: ECDSA (65 bytes), or whatever a contract accepts (ERC-1271).
    @param payee_signature Likewise, of the same Deal.
    @return The deal's id.
    """
    assert deal.revision == 0, "deals: a deal opens at revision 0"
    return self._bind(deal, steps, payer_signature, payee_signature)


@external
def amend(
    deal: IDealEscrow.Deal, steps: Bytes[512], payer_signature: Bytes[1024], payee_signature: Bytes[1024]
) -> bytes32:
    """
    @notice Replaces an open deal by its next revision, which both signed, until judging begins; anybody may bring it.
            The deposit is the new one's.
    @param deal The deal, at the revision after the one in force.
    @param steps Its price.
    @param payer_signature As in open_deal.
    @param payee_signature As in open_deal.
    @return The deal's id.
    """
    assert deal.revision != 0, "deals: a deal opens at revision 0"
    return self._bind(deal, steps, payer_signature, payee_signature)


@external
def bar(task: uint256, payer: address, payee: address, nonce: uint256):
    """
    @notice Voids everything signed for a deal that is not on the chain yet: a deal not opened can never be, an open one
            stays as it is and can not be amended. For good; either side may.
    @param task The task; it need not be open.
    @param payer The deal's payer.
    @param payee The deal's payee.
    @param nonce The deal's nonce.
    """
    assert msg.sender == payer or msg.sender == payee, "deals: caller is no side of the deal"
    id: bytes32 = self._deal_id(task, payer, payee, nonce)
    word: uint256 = self._deals[task][id]
    assert word & (_BARRED | _SETTLED) == 0, "deals: deal is barred or settled"
    self._deals[task][id] = word | _BARRED
    log IDealEscrow.Barred(task=task, deal=id, party=msg.sender, opened=word & _OPENED != 0)


# ---------------------------------------------------------------- the resolver


@external
def report(
    task: uint256,
    participants: DynArray[address, 32],
    rewards: DynArray[uint256, 32],
    deals: DynArray[bytes32, 32],
    verdicts: DynArray[uint256, 32],
):
    """
    @notice Says what people earned, and how deals went. The resolver only, before the deadline, in any number of calls;
            each participant and each deal once. The first call, be it empty, closes the task to deals and amendments.
    @dev A verdict names the revision it is on. If the sides amended the deal before the first call it is passed over with
         an event, so that nobody is judged by other terms, and no deal can hold up the others of a call. Later calls
         find everything as it was.
    @param task The task.
    @param participants Whom it rewards.
    @param rewards Wei of the pot, one for each.
    @param deals Ids of deals.
    @param verdicts One for each: state observed (low 192 bits) | payer kept (1) | payee kept (1) | revision (32).
    """
    resolver: uint256 = self._check_resolver(task)
    assert len(participants) == len(rewards), "deals: one reward for each participant"
    assert len(deals) == len(verdicts), "deals: one verdict for each deal"
    self._phases[task] |= _CLOSED
    awarded: uint256 = resolver >> 160
    for i: uint256 in range(len(participants), bound=MAX_BATCH):
        account: address = participants[i]
        reward: uint256 = rewards[i]
        # The Cascade pays nobody there.
        assert account != empty(address), "deals: participant is the zero address"
        assert reward <= MAX_WEI, "deals: more than there can be"
        word: uint256 = self._entered(task, account)
        assert word & _REPORTED == 0, "deals: participant was reported"
        awarded += reward
        # Nothing was netted before: deals settle after the finish.
        self._entries[task][account] = word | reward | (reward << 96) | _REPORTED
        log IDealEscrow.Rewarded(task=task, account=account, reward=reward)
    assert awarded <= self._pots[task] >> 160, "deals: rewards above the pot"
    self._resolvers[task] = (resolver & MASK_160) | (awarded << 160)
    for i: uint256 in range(len(deals), bound=MAX_BATCH):
        id: bytes32 = deals[i]
        verdict: uint256 = verdicts[i]
        assert verdict < _JUDGED, "deals: no such verdict"
        word: uint256 = self._deals[task][id]
        assert word & _OPENED != 0, "deals: no such deal"
        assert self._verdicts[id] == 0, "deals: deal was judged"
        revision: uint256 = (word >> 160) & MASK_32
        if verdict >> 194 != revision:
            log IDealEscrow.Outdated(task=task, deal=id, judged=verdict >> 194, revision=revision)
            continue
        self._verdicts[id] = verdict | _JUDGED
        log IDealEscrow.Judged(
            task=task,
            deal=id,
            revision=revision,
            payer_kept=verdict & _PAYER_KEPT != 0,
            payee_kept=verdict & _PAYEE_KEPT != 0,
            observed=verdict & _OBSERVED,
        )


@external
def finish(task: uint256, record: bytes32):
    """
    @notice Ends the task: what was reported holds, what the pot did not award goes back to the sponsor. The resolver
            only, before the deadline.
    @param task The task.
    @param record Hash of the record of the task, by which anybody who has it can check the resolver.
    """
    resolver: uint256 = self._check_resolver(task)
    assert record != empty(bytes32), "deals: empty record"
    self._phases[task] |= _DONE | _RETURNED
    self._records[task] = record
    awarded: uint256 = resolver >> 160
    returned: uint256 = self._return_pot(task, awarded)
    log IDealEscrow.Finished(task=task, record=record, awarded=awarded, returned=returned)


# ---------------------------------------------------------------- settlement


@external
def lapse(task: uint256):
    """
    @notice Returns the pot of a task that was not finished at its deadline to the sponsor's free balance. Anybody may.
            Deals need not wait for it.
    @param task The task.
    """
    phase: uint256 = self._phases[task]
    assert self._status(phase) == LAPSED, "deals: task has not lapsed"
    assert phase & _RETURNED == 0, "deals: pot was returned"
    self._phases[task] = phase | _RETURNED
    returned: uint256 = self._return_pot(task, 0)
    log IDealEscrow.Lapsed(task=task, returned=returned)


@external
def settle(
    task: uint256, payer: address, payee: address, nonce: uint256, steps: Bytes[512]
) -> (uint256, uint256, uint256):
    """
    @notice Settles a deal of a task that finished or lapsed. Anybody may, once.
    @param task The task.
    @param payer The deal's payer.
    @param payee The deal's payee.
    @param nonce The deal's nonce.
    @param steps Its price, as the event of the revision in force shows it; read only if both sides kept the deal.
    @return (share, WAD; wei paid to the payee's net; wei of the deposit refunded to the payer's free balance).
    """
    id: bytes32 = self._deal_id(task, payer, payee, nonce)
    word: uint256 = self._deals[task][id]
    share: uint256 = 0
    paid: uint256 = 0
    share, paid = self._outcome(task, payer, id, word, steps)
    held: uint256 = word & MAX_WEI
    refunded: uint256 = 0
    self._deals[task][id] = (word - held) | _SETTLED
    if held != 0:
        refunded = held - paid
        if refunded != 0:
            self._accounts[payer] += refunded
    else:
        # One less to settle; what they promised stays promised.
        self._backings[task][payer] -= 1 << 64
        if paid != 0:
            self._entries[task][payer] -= paid << 96
    if paid != 0:
        self._entries[task][payee] += paid << 96
    log IDealEscrow.Settled(task=task, deal=id, share=share, paid=paid, refunded=refunded)
    return share, paid, refunded


@external
def collect(task: uint256, account: address) -> uint256:
    """
    @notice Moves what somebody netted in a finished task into the Cascade, or to its free balance if it chose so before
            it entered; once all deals that its reward backs are settled. Anybody may. What is paid to it later can be
            collected again.
    @param task The task.
    @param account Whose.
    @return Wei; 0 if nothing is there.
    """
    assert self._status(self._phases[task]) == FINISHED, "deals: task is not finished"
    assert self._backings[task][account] >> 64 == 0, "deals: deals that the reward backs are not settled"
    word: uint256 = self._entries[task][account]
    amount: uint256 = (word >> 96) & MAX_WEI
    if amount == 0:
        return 0
    version: uint256 = (word >> 192) & MASK_40
    free: bool = word & _TO_FREE != 0
    self._entries[task][account] = word - (amount << 96)
    if free:
        self._accounts[account] += amount
    else:
        self.owed -= amount
        extcall ICascade(CASCADE).deposit(account, version, amount)
    log IDealEscrow.Collected(task=task, account=account, amount=amount, free=free, version=version)
    return amount


@external
def sync() -> uint256:
    """
    @notice Sends tokens that came without a call to the treasury, whose own sync books them.
    @return Wei sent.
    """
    surplus: uint256 = staticcall IHeadwaterToken(TOKEN).balanceOf(self) - self.owed
    if surplus != 0:
        assert extcall IHeadwaterToken(TOKEN).transfer(TREASURY, surplus)
    log IDealEscrow.Synced(surplus=surplus)
    return surplus


# ---------------------------------------------------------------- views


@external
@view
def account(account: address) -> (uint256, uint256, uint256):
    """
    @notice Somebody's free balance, and where its money from tasks goes.
    @param account Whose.
    @return (wei; kind, as set_payout takes it; version).
    """
    word: uint256 = self._accounts[account]
    return word & MAX_WEI, (word >> 96) & 255, word >> 104


@external
@view
def task(task: uint256) -> IDealEscrow.Task:
    """
    @notice A task.
    @param task Which.
    """
    pot: uint256 = self._pots[task]
    resolver: uint256 = self._resolvers[task]
    phase: uint256 = self._phases[task]
    return IDealEscrow.Task(
        sponsor=convert(pot & MASK_160, address),
        resolver=convert(resolver & MASK_160, address),
        pot=pot >> 160,
        awarded=resolver >> 160,
        deadline=phase & MASK_40,
        status=self._status(phase),
        closed=phase & _CLOSED != 0,
        returned=phase & _RETURNED != 0,
        record=self._records[task],
    )


@external
@view
def deal(task: uint256, deal: bytes32) -> IDealEscrow.State:
    """
    @notice A deal.
    @param task Its task.
    @param deal Its id.
    """
    word: uint256 = self._deals[task][deal]
    verdict: uint256 = self._verdicts[deal]
    status: uint256 = 0
    if word & _OPENED != 0:
        status = SETTLED if word & _SETTLED != 0 else OPEN
    return IDealEscrow.State(
        status=status,
        barred=word & _BARRED != 0,
        deposit=word & MAX_WEI,
        most=(word >> 96) & MASK_64,
        revision=(word >> 160) & MASK_32,
        price=self._prices[deal],
        reported=verdict != 0,
        payer_kept=verdict & _PAYER_KEPT != 0,
        payee_kept=verdict & _PAYEE_KEPT != 0,
        observed=verdict & _OBSERVED,
    )


@external
@view
def entry(task: uint256, account: address) -> IDealEscrow.Entry:
    """
    @notice What somebody has in a task.
    @param task The task.
    @param account Whose.
    """
    word: uint256 = self._entries[task][account]
    backing: uint256 = self._backings[task][account]
    return IDealEscrow.Entry(
        reward=word & MAX_WEI,
        net=(word >> 96) & MAX_WEI,
        committed=backing & MASK_64,
        unsettled=backing >> 64,
        entered=word & _ENTERED != 0,
        free=word & _TO_FREE != 0,
        version=(word >> 192) & MASK_40,
        reported=word & _REPORTED != 0,
    )


@external
@view
def task_id(sponsor: address, pot: uint256, resolver: address, deadline: uint256, salt: bytes32) -> uint256:
    """
    @notice The task that open_task would open, so that deals can be signed before.
    @param sponsor Who would open it.
    @param pot As in open_task.
    @param resolver As in open_task.
    @param deadline As in open_task.
    @param salt As in open_task.
    """
    return self._task_id(sponsor, pot, resolver, deadline, salt)


@external
@pure
def deal_id(task: uint256, payer: address, payee: address, nonce: uint256) -> bytes32:
    """
    @notice The id of a deal, at any revision.
    @param task The task.
    @param payer The payer.
    @param payee The payee.
    @param nonce The nonce.
    """
    return self._deal_id(task, payer, payee, nonce)


@external
@view
def deal_digest(deal: IDealEscrow.Deal, steps: Bytes[512]) -> bytes32:
    """
    @notice What both sides sign.
    @param deal The deal.
    @param steps Its price.
    """
    return self._digest(deal, keccak256(steps))


@external
@view
def preview(
    task: uint256, payer: address, payee: address, nonce: uint256, steps: Bytes[512]
) -> (uint256, uint256, uint256):
    """
    @notice What settle would do now; reverts as it would.
    @param task As in settle.
    @param payer As in settle.
    @param payee As in settle.
    @param nonce As in settle.
    @param steps As in settle.
    @return As settle.
    """
    id: bytes32 = self._deal_id(task, payer, payee, nonce)
    word: uint256 = self._deals[task][id]
    share: uint256 = 0
    paid: uint256 = 0
    share, paid = self._outcome(task, payer, id, word, steps)
    held: uint256 = word & MAX_WEI
    return share, paid, held - paid if held != 0 else 0


# ---------------------------------------------------------------- internal


@internal
def _bind(
    deal: IDealEscrow.Deal, steps: Bytes[512], payer_signature: Bytes[1024], payee_signature: Bytes[1024]
) -> bytes32:
    phase: uint256 = self._phases[deal.task]
    assert self._status(phase) == OPEN, "deals: task is not open"
    # Whoever waits for rewards or verdicts before it brings a deal would have it for nothing.
    assert phase & _CLOSED == 0, "deals: judging has begun"
    assert block.timestamp <= deal.expires, "deals: deal is expired"
    assert deal.payer != deal.payee, "deals: payer is payee"
    assert deal.deposit <= MAX_WEI and deal.revision <= MASK_32, "deals: more than there can be"
    id: bytes32 = self._deal_id(deal.task, deal.payer, deal.payee, deal.nonce)
    old: uint256 = self._deals[deal.task][id]
    assert old & _BARRED == 0, "deals: deal is barred"
    if deal.revision == 0:
        assert old == 0, "deals: deal was opened before"
    else:
        assert old & _OPENED != 0, "deals: no such deal"
        assert deal.revision == ((old >> 160) & MASK_32) + 1, "deals: not the next revision"
    most: uint256 = self._most(steps)
    price: bytes32 = keccak256(steps)
    digest: bytes32 = self._digest(deal, price)
    assert consent._consents(deal.payer, digest, payer_signature), "deals: invalid signature of the payer"
    assert consent._consents(deal.payee, digest, payee_signature), "deals: invalid signature of the payee"

    backing: uint256 = self._backings[deal.task][deal.payer]
    before: uint256 = backing
    if old != 0 and old & MAX_WEI == 0:
        backing -= ((old >> 96) & MASK_64) | (1 << 64)
    if deal.deposit == 0:
        # The sum stays at or below one WAD, and so out of the bits above it.
        assert (backing & MASK_64) + most <= WAD, "deals: the payer's reward is promised already"
        backing += most | (1 << 64)
    if backing != before:
        self._backings[deal.task][deal.payer] = backing
    if deal.deposit != old & MAX_WEI:
        word: uint256 = self._accounts[deal.payer] + (old & MAX_WEI)
        assert deal.deposit <= word & MAX_WEI, "deals: free balance too small"
        self._accounts[deal.payer] = word - deal.deposit
    self._deals[deal.task][id] = deal.deposit | (most << 96) | (deal.revision << 160) | _OPENED
    self._prices[id] = price
    if old == 0:
        self._enter(deal.task, deal.payer)
        self._enter(deal.task, deal.payee)
    log IDealEscrow.DealOpened(
        task=deal.task,
        deal=id,
        payer=deal.payer,
        payee=deal.payee,
        payer_action=deal.payer_action,
        payee_action=deal.payee_action,
        steps=steps,
        deposit=deal.deposit,
        nonce=deal.nonce,
        revision=deal.revision,
    )
    return id


@internal
def _take(amount: uint256):
    self.owed += amount
    assert extcall IHeadwaterToken(TOKEN).transferFrom(msg.sender, self, amount)


@internal
def _return_pot(task: uint256, awarded: uint256) -> uint256:
    word: uint256 = self._pots[task]
    returned: uint256 = (word >> 160) - awarded
    if returned != 0:
        self._accounts[convert(word & MASK_160, address)] += returned
    return returned


@internal
def _enter(task: uint256, account: address):
    word: uint256 = self._entries[task][account]
    if word & _ENTERED == 0:
        self._entries[task][account] = self._entered(task, account)


@internal
@view
def _entered(task: uint256, account: address) -> uint256:
    word: uint256 = self._entries[task][account]
    if word & _ENTERED != 0:
        return word
    payout: uint256 = self._accounts[account] >> 96
    if payout & 255 == FREE:
        return _ENTERED | _TO_FREE
    version: uint256 = payout >> 8
    if payout & 255 == LATEST:
        version = staticcall ICascade(CASCADE).latest(account)
    return _ENTERED | (version << 192)


@internal
@view
def _check_resolver(task: uint256) -> uint256:
    assert self._status(self._phases[task]) == OPEN, "deals: task is not open"
    resolver: uint256 = self._resolvers[task]
    assert convert(msg.sender, uint256) == resolver & MASK_160, "deals: caller is not the resolver"
    return resolver


@internal
@view
def _status(phase: uint256) -> uint256:
    if phase == 0:
        return 0
    if phase & _DONE != 0:
        return FINISHED
    return OPEN if block.timestamp < phase & MASK_40 else LAPSED


@internal
@view
def _outcome(
    task: uint256, payer: address, id: bytes32, word: uint256, steps: Bytes[512]
) -> (uint256, uint256):
    status: uint256 = self._status(self._phases[task])
    assert status >= FINISHED, "deals: task is neither finished nor lapsed"
    assert word & _OPENED != 0, "deals: no such deal"
    assert word & _SETTLED == 0, "deals: deal is settled"
    verdict: uint256 = self._verdicts[id]
    if status == LAPSED or verdict & _PAYEE_KEPT == 0:
        return 0, 0
    share: uint256 = (word >> 96) & MASK_64
    if verdict & _PAYER_KEPT != 0:
        assert keccak256(steps) == self._prices[id], "deals: not the deal's price"
        share = self._at(steps, verdict & _OBSERVED)
    base: uint256 = word & MAX_WEI
    if base == 0:
        base = self._entries[task][payer] & MAX_WEI
    return share, base * share // WAD


@internal
@pure
def _most(steps: Bytes[512]) -> uint256:
    assert len(steps) != 0 and len(steps) % 32 == 0, "deals: price is not 1..16 steps"
    most: uint256 = 0
    last: uint256 = 0
    for i: uint256 in range(len(steps) // 32, bound=MAX_STEPS):
        step: uint256 = extract32(steps, 32 * i, output_type=uint256)
        state: uint256 = step >> 64
        share: uint256 = step & MASK_64
        if i == 0:
            assert state == 0, "deals: price does not begin at state 0"
        else:
            assert state > last, "deals: states of the price do not rise"
        assert share <= WAD, "deals: share above 100%"
        last = state
        most = max(most, share)
    return most


@internal
@pure
def _at(steps: Bytes[512], observed: uint256) -> uint256:
    share: uint256 = 0
    for i: uint256 in range(len(steps) // 32, bound=MAX_STEPS):
        step: uint256 = extract32(steps, 32 * i, output_type=uint256)
        if step >> 64 > observed:
            break
        share = step & MASK_64
    return share


@internal
@view
def _digest(deal: IDealEscrow.Deal, price: bytes32) -> bytes32:
    return eip712_domain_separator._hash_typed_data_v4(
        keccak256(
            abi_encode(
                _DEAL_TYPE_HASH,
                deal.task,
                deal.payer,
                deal.payee,
                deal.payer_action,
                deal.payee_action,
                price,
                deal.deposit,
                deal.nonce,
                deal.revision,
                deal.expires,
            )
        )
    )


@internal
@view
def _task_id(sponsor: address, pot: uint256, resolver: address, deadline: uint256, salt: bytes32) -> uint256:
    return convert(keccak256(abi_encode(chain.id, self, sponsor, pot, resolver, deadline, salt)), uint256)


@internal
@pure
def _deal_id(task: uint256, payer: address, payee: address, nonce: uint256) -> bytes32:
    return keccak256(abi_encode(task, payer, payee, nonce))
