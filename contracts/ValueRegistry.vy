# pragma version ~=0.4.3
# pragma optimize gas
# pragma evm-version prague
"""
@title ValueRegistry
@license GNU Affero General Public License v3.0 only
@notice Declared values and the agreements that members signed on them. A system is m weights of values and an a x m
        matrix of judgements in fixed point, SCALE = 10**9, eight bytes an entry:

            weights     w_v >= 0,  sum of all m = SCALE
            judgements  -SCALE <= M[action, v] <= SCALE        row by row after the weights

        A member commits to its system and bounds, then reveals them with a bond. Anybody proposes an agreement: a
        system, and the profile (a constraint list, by its hash) that members are held to. Anybody relays a member's
        signed acceptance, which counts if for weights and judgements alike, under the norm both were declared in,

            distance(declared, agreed) <= min(declared bound, threshold when the agreement was registered)

            l_1: sum |x - y|      squared l_2: sum (x - y)**2, at SCALE**2      l_infinity: max |x - y|

        Leaving is free, at once and for good: who left an agreement, or barred itself beforehand, is never let in again
        by an old signature. What happened stays: was_member tells for ever whom an agreement bound.

            bond needed to join    MIN_BOND * (open agreements + 1)
            withdrawal             with no agreement open, UNBONDING after the last one left and the last declaration
            slash (COURT only)     taken = min(amount, bond);  PROVER_BPS of it to the prover, the rest to the treasury

        There is no owner, no pause and no setter. Nothing anybody does adds to what another's call costs.
@dev The court, the vote and this contract name each other as immutables. It calls the vote in propose only, so that a
     vote gone wrong stops new agreements and nobody's exit.
"""

from snekmate.utils import eip712_domain_separator

from interfaces import IHeadwaterToken
from interfaces import IValueRegistry
from modules import consent

implements: IValueRegistry

initializes: eip712_domain_separator

exports: eip712_domain_separator.eip712Domain


interface IThreshold:
    def threshold() -> uint256: view


BPS: constant(uint256) = 10_000
SCALE: constant(uint256) = 10**9
MAX_SIDE: constant(uint256) = 16  # values, and actions
MAX_ENTRIES: constant(uint256) = 272  # 16 weights and 16 x 16 judgements
L1: constant(uint256) = 1
SQUARED_L2: constant(uint256) = 2
LINF: constant(uint256) = 3
DAY: constant(uint256) = 86_400
MASK_96: constant(uint256) = 2**96 - 1
MASK_40: constant(uint256) = 2**40 - 1
MASK_8: constant(uint256) = 255
_ACCEPTANCE_TYPE_HASH: constant(bytes32) = keccak256(
    "Acceptance(address member,uint256 agreement,bytes32 system,bytes32 profile,uint256 declaration,uint256 deadline)"
)

TOKEN: public(immutable(address))
TREASURY: public(immutable(address))
# HomophilyVote: whose threshold caps every bound.
VOTE: public(immutable(address))
# UpdateCourt: the only one who slashes.
COURT: public(immutable(address))
# Wei that stand behind each open agreement of a member.
MIN_BOND: public(immutable(uint256))
# Seconds.
UNBONDING: public(immutable(uint256))
REVEAL_WINDOW: public(immutable(uint256))
JOIN_WINDOW: public(immutable(uint256))
# The prover's part of what is slashed.
PROVER_BPS: public(immutable(uint256))

# Agreements registered so far; the newest has this number.
count: public(uint256)
# All bonds, in wei.
owed: public(uint256)
# member -> bond (96 bits) | open agreements (40) | withdrawable from (40) | declarations (40)
_accounts: HashMap[address, uint256]
# member -> what it committed; cleared by the reveal
_commitments: HashMap[address, bytes32]
# member -> block of the commitment (40) | its time (40)
_committed: HashMap[address, uint256]
# member -> declaration, from 1 -> hash of the system
_systems: HashMap[address, HashMap[uint256, bytes32]]
# member -> declaration -> bound on weights (96) | on judgements (96) | norm (8) | values (8) | actions (8) | committed (40)
_bounds: HashMap[address, HashMap[uint256, uint256]]
# agreement, from 1 -> hash of its system
_agreed: HashMap[uint256, bytes32]
# agreement -> its profile
_profiles: HashMap[uint256, bytes32]
# agreement -> registered (40) | members (40) | threshold (96) | norm (8) | values (8) | actions (8)
_terms: HashMap[uint256, uint256]
# agreement -> member -> joined (40) | left (40) | declaration (40)
_members: HashMap[uint256, HashMap[address, uint256]]


@deploy
def __init__(
    token: address,
    treasury: address,
    vote: address,
    court: address,
    min_bond: uint256,
    unbonding: uint256,
    reveal_window: uint256,
    join_window: uint256,
    prover_bps: uint256,
):
    """
    @param token The HeadwaterToken.
    @param treasury The Treasury: what is slashed goes there.
    @param vote The HomophilyVote.
    @param court The UpdateCourt.
    @param min_bond Wei behind each open agreement of a member; 1 to 2**96 - 1.
    @param unbonding Seconds from leaving the last agreement, or from a declaration, to the withdrawal; 1 s to 366 days.
    @param reveal_window Seconds in which a commitment may be revealed; 1 s to 30 days.
    @param join_window Seconds in which a registered agreement takes members; 1 s to 366 days.
    @param prover_bps The prover's part of a slash, in bps; at most half, for a prover may be the offender's friend.
    """
    assert token != empty(address) and treasury != empty(address), "registry: zero address"
    assert vote != empty(address) and court != empty(address), "registry: zero address"
    assert min_bond >= 1 and min_bond <= MASK_96, "registry: min bond not in 1..2**96-1"
    assert unbonding >= 1 and unbonding <= 366 * DAY, "registry: unbonding not in 1 s..366 days"
    assert reveal_window >= 1 and reveal_window <= 30 * DAY, "registry: reveal window not in 1 s..30 days"
    assert join_window >= 1 and join_window <= 366 * DAY, "registry: join window not in 1 s..366 days"
    assert prover_bps <= BPS // 2, "registry: prover's part above half"
    TOKEN = token
    TREASURY = treasury
    VOTE = vote
    COURT = court
    MIN_BOND = min_bond
    UNBONDING = unbonding
    REVEAL_WINDOW = reveal_window
    JOIN_WINDOW = join_window
    PROVER_BPS = prover_bps
    eip712_domain_separator.__init__("HeadwaterValues", "1")


# ---------------------------------------------------------------- declarations


@external
def commit(commitment: bytes32):
    """
    @notice Commits to a declaration. A second commitment replaces the first.
    @param commitment keccak256(abi_encode(chain id, this contract, member, hash of the system, bounds, salt)).
    """
    assert commitment != empty(bytes32), "registry: empty commitment"
    self._commitments[msg.sender] = commitment
    self._committed[msg.sender] = block.number | (block.timestamp << 40)
    log IValueRegistry.Committed(member=msg.sender, commitment=commitment)


@external
def reveal(
    frame: IValueRegistry.Frame,
    bounds: IValueRegistry.Bounds,
    entries: Bytes[2176],
    salt: bytes32,
    bond: uint256,
) -> uint256:
    """
    @notice Declares what the caller committed to, in a later block and within REVEAL_WINDOW. It holds for agreements
            accepted from now on; earlier ones stay as they are, acceptances not yet relayed are void.
    @param frame What the entries mean.
    @param bounds How far an agreement may be.
    @param entries The system, exactly 8 * values * (1 + actions) bytes.
    @param salt As committed.
    @param bond Wei to add to the bond, from the caller's allowance; may be 0 if MIN_BOND is there.
    @return The declaration's number, from 1.
    """
    committed: uint256 = self._committed[msg.sender]
    time: uint256 = committed >> 40
    assert committed != 0, "registry: nothing is committed"
    assert block.number > committed & MASK_40, "registry: reveal in a later block"
    assert block.timestamp <= time + REVEAL_WINDOW, "registry: commitment is expired"
    assert bounds.weights <= MASK_96 and bounds.judgements <= MASK_96, "registry: bound above 2**96-1"
    self._check_system(frame, entries)
    system: bytes32 = self._system_hash(frame, entries)
    assert self._commitments[msg.sender] == keccak256(
        abi_encode(chain.id, self, msg.sender, system, bounds, salt)
    ), "registry: not what was committed"
    self._commitments[msg.sender] = empty(bytes32)
    self._committed[msg.sender] = 0

    # No sum of bonds is above the token's cap: what is too much fails in the transfer.
    assert bond <= MASK_96, "registry: more than there can be"
    word: uint256 = self._accounts[msg.sender] + bond
    assert word & MASK_96 >= MIN_BOND, "registry: bond below the minimum"
    number: uint256 = (word >> 176) + 1
    # The bond of a declaration stays for a while even if nothing is signed: names are cheap, locked money is not.
    ready: uint256 = block.timestamp + UNBONDING
    self._accounts[msg.sender] = word & (2**136 - 1) | (ready << 136) | (number << 176)
    self._systems[msg.sender][number] = system
    self._bounds[msg.sender][number] = (
        bounds.weights
        | (bounds.judgements << 96)
        | (frame.norm << 192)
        | (frame.values << 200)
        | (frame.actions << 208)
        | (time << 216)
    )
    log IValueRegistry.Declared(
        member=msg.sender, number=number, system=system, frame=frame, bounds=bounds, entries=entries, committed=time
    )
    if bond != 0:
        self._take(bond)
    return number


# ---------------------------------------------------------------- agreements


@external
def propose(frame: IValueRegistry.Frame, entries: Bytes[2176], profile: bytes32) -> uint256:
    """
    @notice Registers an agreement, without members. The governed threshold of this moment is its for ever; it takes
            members for JOIN_WINDOW, so that nobody keeps agreements for a day with a stricter threshold.
    @param frame What the entries mean; the norm is the one members are checked by.
    @param entries The system agreed on.
    @param profile Hash of the constraint list that members are held to.
    @return The agreement's number, from 1.
    """
    assert profile != empty(bytes32), "registry: empty profile"
    self._check_system(frame, entries)
    system: bytes32 = self._system_hash(frame, entries)
    # Above any distance there is nothing to tell apart; so no vote can stop registrations by a large number.
    threshold: uint256 = min(staticcall IThreshold(VOTE).threshold(), 2**64 - 1)
    agreement: uint256 = self.count + 1
    self.count = agreement
    self._agreed[agreement] = system
    self._profiles[agreement] = profile
    self._terms[agreement] = (
        block.timestamp
        | (threshold << 80)
        | (frame.norm << 176)
        | (frame.values << 184)
        | (frame.actions << 192)
    )
    log IValueRegistry.Proposed(
        agreement=agreement,
        system=system,
        profile=profile,
        proposer=msg.sender,
        frame=frame,
        entries=entries,
        threshold=threshold,
    )
    return agreement


@external
def accept(
    agreement: uint256,
    member: address,
    frame: IValueRegistry.Frame,
    declared: Bytes[2176],
    agreed: Bytes[2176],
    deadline: uint256,
    signature: Bytes[1024],
):
    """
    @notice Makes a member of whoever signed; anybody may relay. What it costs depends on the size of the system only.
    @param agreement The agreement.
    @param member Who signed.
    @param frame The frame of both systems.
    @param declared Entries of the member's newest declaration.
    @param agreed Entries of the agreement.
    @param deadline Until when the acceptance holds, in seconds.
    @param signature EIP-712 signature of Acceptance by the member: ECDSA (65 bytes), or whatever its contract accepts
           (ERC-1271).
    """
    terms: uint256 = self._terms[agreement]
    assert terms != 0, "registry: no such agreement"
    assert block.timestamp < (terms & MASK_40) + JOIN_WINDOW, "registry: agreement takes no more members"
    assert block.timestamp <= deadline, "registry: acceptance is expired"
    assert self._members[agreement][member] == 0, "registry: member joined or left before"
    account: uint256 = self._accounts[member]
    number: uint256 = account >> 176
    assert number != 0, "registry: member declared nothing"
    open: uint256 = ((account >> 96) & MASK_40) + 1
    assert account & MASK_96 >= MIN_BOND * open, "registry: bond too small for one more agreement"
    # One frame under both hashes: the same vocabulary, shape and norm.
    system: bytes32 = self._agreed[agreement]
    assert self._system_hash(frame, agreed) == system, "registry: not the agreement's system"
    assert self._system_hash(frame, declared) == self._systems[member][number], "registry: not the declared system"
    weights: uint256 = 0
    judgements: uint256 = 0
    weights, judgements = self._distances(frame, declared, agreed)
    bounds: uint256 = self._bounds[member][number]
    cap: uint256 = (terms >> 80) & MASK_96
    if frame.norm == SQUARED_L2:
        cap *= SCALE
    assert weights <= min(bounds & MASK_96, cap), "registry: weights too far apart"
    assert judgements <= min((bounds >> 96) & MASK_96, cap), "registry: judgements too far apart"
    digest: bytes32 = eip712_domain_separator._hash_typed_data_v4(
        keccak256(
            abi_encode(
                _ACCEPTANCE_TYPE_HASH, member, agreement, system, self._profiles[agreement], number, deadline
            )
        )
    )
    assert consent._consents(member, digest, signature), "registry: invalid signature of the member"
    self._members[agreement][member] = block.timestamp | (number << 80)
    self._accounts[member] = account + (1 << 96)
    self._terms[agreement] = terms + (1 << 40)
    log IValueRegistry.Joined(
        agreement=agreement, member=member, declaration=number, weights=weights, judgements=judgements
    )


@external
def leave(agreement: uint256):
    """
    @notice Leaves an agreement, at once and for good. Who has not joined bars itself so: a signed acceptance that
            nobody relayed yet is void. Nothing can stop it.
    @param agreement The agreement.
    """
    terms: uint256 = self._terms[agreement]
    assert terms != 0, "registry: no such agreement"
    word: uint256 = self._members[agreement][msg.sender]
    assert (word >> 40) & MASK_40 == 0, "registry: caller has left"
    joined: bool = word != 0
    self._members[agreement][msg.sender] = word | (block.timestamp << 40)
    if joined:
        self._terms[agreement] = terms - (1 << 40)
        account: uint256 = self._accounts[msg.sender] - (1 << 96)
        ready: uint256 = block.timestamp + UNBONDING
        self._accounts[msg.sender] = account & ~(MASK_40 << 136) | (ready << 136)
    log IValueRegistry.Left(agreement=agreement, member=msg.sender, joined=joined)


# ---------------------------------------------------------------- bonds


@external
def deposit(amount: uint256):
    """
    @notice Adds to the caller's bond, from its allowance.
    @param amount Wei.
    """
    assert amount != 0, "registry: nothing to deposit"
    assert amount <= MASK_96, "registry: more than there can be"
    self._accounts[msg.sender] += amount
    self._take(amount)


@external
def withdraw() -> uint256:
    """
    @notice Pays out the caller's bond once no agreement is open and UNBONDING has passed since the last one left and
            the last declaration. Nothing can stop it. Declarations and history stay.
    @return Wei paid.
    """
    word: uint256 = self._accounts[msg.sender]
    amount: uint256 = word & MASK_96
    assert amount != 0, "registry: no bond"
    assert (word >> 96) & MASK_40 == 0, "registry: agreements are open"
    assert block.timestamp >= (word >> 136) & MASK_40, "registry: unbonding not over"
    self._accounts[msg.sender] = word - amount
    self.owed -= amount
    assert extcall IHeadwaterToken(TOKEN).transfer(msg.sender, amount)
    log IValueRegistry.Withdrawn(member=msg.sender, amount=amount)
    return amount


@external
def slash(member: address, agreement: uint256, amount: uint256, prover: address) -> uint256:
    """
    @notice Takes from the bond of a member, or of one that has left. The court only.
    @param member Whose.
    @param agreement What it was held to; whoever never joined it, or left it UNBONDING ago, is out of reach.
    @param amount Wei; less is taken if there is less.
    @param prover Who gets PROVER_BPS of it.
    @return Wei taken; 0 if there is no bond any more.
    """
    assert msg.sender == COURT, "registry: caller is not the court"
    word: uint256 = self._members[agreement][member]
    left: uint256 = (word >> 40) & MASK_40
    assert word & MASK_40 != 0, "registry: never a member"
    # A bond that is there for something else, or came later, does not answer for what is long over.
    assert left == 0 or block.timestamp < left + UNBONDING, "registry: member left too long ago"
    assert prover != empty(address) and prover != self, "registry: no such prover"
    account: uint256 = self._accounts[member]
    taken: uint256 = min(amount, account & MASK_96)
    share: uint256 = taken * PROVER_BPS // BPS
    self._accounts[member] = account - taken
    self.owed -= taken
    if share != 0:
        assert extcall IHeadwaterToken(TOKEN).transfer(prover, share)
    if taken != share:
        assert extcall IHeadwaterToken(TOKEN).transfer(TREASURY, taken - share)
    log IValueRegistry.Slashed(member=member, agreement=agreement, prover=prover, taken=taken, share=share)
    return taken


@external
def sync() -> uint256:
    """
    @notice Sends tokens that came without a call to the treasury, whose own sync books them.
    @return Wei sent.
    """
    surplus: uint256 = staticcall IHeadwaterToken(TOKEN).balanceOf(self) - self.owed
    if surplus != 0:
        assert extcall IHeadwaterToken(TOKEN).transfer(TREASURY, surplus)
    log IValueRegistry.Synced(surplus=surplus)
    return surplus


# ---------------------------------------------------------------- views


@external
@view
def declarations(member: address) -> uint256:
    """
    @notice How many declarations a member made; the newest, which counts, has this number.
    @param member Whose.
    """
    return self._accounts[member] >> 176


@external
@view
def declaration(member: address, number: uint256) -> IValueRegistry.Declaration:
    """
    @notice A declaration; none is ever overwritten.
    @param member Whose.
    @param number Which, from 1.
    """
    word: uint256 = self._bounds[member][number]
    return IValueRegistry.Declaration(
        system=self._systems[member][number],
        bounds=IValueRegistry.Bounds(weights=word & MASK_96, judgements=(word >> 96) & MASK_96),
        norm=(word >> 192) & MASK_8,
        values=(word >> 200) & MASK_8,
        actions=(word >> 208) & MASK_8,
        committed=word >> 216,
    )


@external
@view
def commitment(member: address) -> (bytes32, uint256, uint256):
    """
    @notice What a member has committed and not revealed.
    @param member Whose.
    @return (hash, block, seconds); zeros if there is nothing.
    """
    word: uint256 = self._committed[member]
    return self._commitments[member], word & MASK_40, word >> 40


@external
@view
def agreement(agreement: uint256) -> IValueRegistry.Agreement:
    """
    @notice An agreement.
    @param agreement Its number.
    """
    word: uint256 = self._terms[agreement]
    return IValueRegistry.Agreement(
        system=self._agreed[agreement],
        profile=self._profiles[agreement],
        threshold=(word >> 80) & MASK_96,
        norm=(word >> 176) & MASK_8,
        values=(word >> 184) & MASK_8,
        actions=(word >> 192) & MASK_8,
        members=(word >> 40) & MASK_40,
        registered=word & MASK_40,
    )


@external
@view
def profile_of(agreement: uint256) -> bytes32:
    """
    @notice The profile that an agreement's members are held to; empty if there is no such agreement.
    @param agreement Its number.
    """
    return self._profiles[agreement]


@external
@view
def membership(agreement: uint256, member: address) -> IValueRegistry.Membership:
    """
    @notice When somebody joined an agreement, when it left, and on which of its declarations.
    @param agreement The agreement.
    @param member Who.
    """
    word: uint256 = self._members[agreement][member]
    return IValueRegistry.Membership(joined=word & MASK_40, left=(word >> 40) & MASK_40, declaration=word >> 80)


@external
@view
def is_member(agreement: uint256, member: address) -> bool:
    """
    @notice Whether somebody has joined an agreement and not left it.
    @param agreement The agreement.
    @param member Who.
    """
    word: uint256 = self._members[agreement][member]
    return word & MASK_40 != 0 and (word >> 40) & MASK_40 == 0


@external
@view
def was_member(agreement: uint256, member: address) -> bool:
    """
    @notice Whether somebody has ever joined an agreement, left or not.
    @param agreement The agreement.
    @param member Who.
    """
    return self._members[agreement][member] & MASK_40 != 0


@external
@view
def account(member: address) -> (uint256, uint256, uint256):
    """
    @notice A member's bond.
    @param member Whose.
    @return (wei, open agreements, time from which it can be withdrawn if none is open).
    """
    word: uint256 = self._accounts[member]
    return word & MASK_96, (word >> 96) & MASK_40, (word >> 136) & MASK_40


@external
@view
def bond_of(member: address) -> uint256:
    """
    @notice A member's bond in wei, all of it in the court's reach.
    @param member Whose.
    """
    return self._accounts[member] & MASK_96


@external
@pure
def distances(frame: IValueRegistry.Frame, one: Bytes[2176], other: Bytes[2176]) -> (uint256, uint256):
    """
    @notice Distances of two systems, as accept works them out.
    @param frame The frame of both.
    @param one Entries of the one.
    @param other Entries of the other.
    @return (of the weights, of the judgements), at SCALE; at SCALE**2 under squared l_2.
    """
    self._check_system(frame, one)
    self._check_system(frame, other)
    return self._distances(frame, one, other)


# ---------------------------------------------------------------- internal


@internal
def _take(amount: uint256):
    self.owed += amount
    assert extcall IHeadwaterToken(TOKEN).transferFrom(msg.sender, self, amount)
    log IValueRegistry.Bonded(member=msg.sender, amount=amount)


@internal
@pure
def _system_hash(frame: IValueRegistry.Frame, entries: Bytes[2176]) -> bytes32:
    return keccak256(concat(abi_encode(frame), entries))


@internal
@pure
def _check_system(frame: IValueRegistry.Frame, entries: Bytes[2176]):
    assert frame.norm >= L1 and frame.norm <= LINF, "registry: no such norm"
    assert frame.values >= 1 and frame.values <= MAX_SIDE, "registry: values not in 1..16"
    assert frame.actions >= 1 and frame.actions <= MAX_SIDE, "registry: actions not in 1..16"
    total: uint256 = frame.values * (1 + frame.actions)
    assert len(entries) == 8 * total, "registry: entries of the wrong length"
    # An entry is read as the upper eight bytes of a word, the last ones beyond the end.
    padded: Bytes[2200] = concat(entries, empty(bytes24))
    sum: int256 = 0
    scale: int256 = convert(SCALE, int256)
    for i: uint256 in range(total, bound=MAX_ENTRIES):
        entry: int256 = extract32(padded, unsafe_mul(8, i), output_type=int256) >> 192
        assert entry <= scale and entry >= -scale, "registry: entry not in -SCALE..SCALE"
        if i < frame.values:
            assert entry >= 0, "registry: negative weight"
            sum = unsafe_add(sum, entry)
    assert sum == scale, "registry: weights do not sum to SCALE"


@internal
@pure
def _distances(frame: IValueRegistry.Frame, one: Bytes[2176], other: Bytes[2176]) -> (uint256, uint256):
    """
    @dev Of two checked systems of one frame: no gap is above 2 * SCALE, so nothing overflows.
    """
    first: Bytes[2200] = concat(one, empty(bytes24))
    second: Bytes[2200] = concat(other, empty(bytes24))
    weights: uint256 = 0
    distance: uint256 = 0
    for i: uint256 in range(frame.values * (1 + frame.actions), bound=MAX_ENTRIES):
        if i == frame.values:
            weights = distance
            distance = 0
        at: uint256 = unsafe_mul(8, i)
        x: int256 = extract32(first, at, output_type=int256) >> 192
        y: int256 = extract32(second, at, output_type=int256) >> 192
        gap: uint256 = convert(abs(unsafe_sub(x, y)), uint256)
        if frame.norm == L1:
            distance = unsafe_add(distance, gap)
        elif frame.norm == SQUARED_L2:
            distance = unsafe_add(distance, unsafe_mul(gap, gap))
        else:
            distance = max(distance, gap)
    return weights, distance
