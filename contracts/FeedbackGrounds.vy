# pragma version ~=0.4.3
# pragma optimize gas
# pragma evm-version prague
"""
@title FeedbackGrounds
@license GNU Affero General Public License v3.0 only
@notice Which feedback of the ReputationRegistry somebody paid for. A client shows, after the fact, that it paid the
        agent, and names the feedback this is to stand behind; summaries weigh feedback by that money:

            mean = sum(clip(value, low, high) * weight) / sum(weight)      over grounded, unrevoked entries

        A payment is a settled EIP-3009 authorisation from the client to the agent's wallet or owner; its weight is its
        amount. A flow is what the agent pulled as a leaf of a version of the client's; its weight is at most the
        leaf's part of what escrows released into that version, so deposits that anybody can make do not count:

            weight <= min(taken, released * weight of the leaf // total) - what was used before

        Each wei grounds one feedback. The mean moves with money, not with names: splitting a payment over many clients
        or entries leaves it as it is, and values are cut to the reader's bounds, or one wei behind an absurd number
        would do. Money that comes back to whoever paid it still counts: see SPEC section 15 for what that costs.
@dev Nobody grounds another's feedback: with somebody's payment one could back the wrong one of its entries. The agent's
     people as of now are no clients of its own, though one of them may have been a stranger when it gave feedback.
"""

from interfaces import ICascade
from interfaces import IFeedbackGrounds
from interfaces import IHeadwaterToken
from interfaces import IIdentityRegistry
from interfaces import IReputationRegistry

implements: IFeedbackGrounds

LIST: constant(uint256) = 255  # the depth that marks a list
MAX_DEPTH: constant(uint256) = 24
RECORD: constant(uint256) = 37  # bytes of a leaf: child (20), child version (5), weight (12)
STEP: constant(uint256) = 44  # bytes of a proof step: sum (12), hash (32)
MAX_WEI: constant(uint256) = 2**96 - 1
MAX_CLIENTS: constant(uint256) = 64  # that one summary may name
MAX_LISTED: constant(uint256) = 1_024
WINDOW: constant(uint256) = 256  # newest entries of a client that a summary looks at
MAX_BOUND: constant(int256) = 10**38
LANE: constant(uint256) = 2**112 - 1
_REVOKED: constant(uint256) = 2**136
_TAG: constant(uint256) = 2**56 - 1
_TRANSFER_TYPE_HASH: constant(bytes32) = keccak256(
    "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
)
_RECEIVE_TYPE_HASH: constant(bytes32) = keccak256(
    "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
)

TOKEN: public(immutable(address))
CASCADE: public(immutable(address))
IDENTITY: public(immutable(address))
REPUTATION: public(immutable(address))

# agent -> client -> feedback index -> weight of payments (low 112 bits) | weight of flows (112)
_grounds: HashMap[uint256, HashMap[address, HashMap[uint256, uint256]]]
# payer -> nonce -> whether the payment stands behind something
payment_used: public(HashMap[address, HashMap[bytes32, bool]])
# node -> version -> leaf -> wei of its flow that stand behind something
flow_used: public(HashMap[address, HashMap[uint256, HashMap[uint256, uint256]]])
# agent -> number of clients with grounds; agent -> place, from 0 -> client
clientCount: public(HashMap[uint256, uint256])
_clients: HashMap[uint256, HashMap[uint256, address]]
_known: HashMap[uint256, HashMap[address, bool]]


@deploy
def __init__(token: address, cascade: address, identity: address, reputation: address):
    """
    @param token The HeadwaterToken, which remembers payments.
    @param cascade The Cascade, which remembers flows.
    @param identity The IdentityRegistry.
    @param reputation The ReputationRegistry.
    """
    assert token != empty(address) and cascade != empty(address), "grounds: zero address"
    assert identity != empty(address) and reputation != empty(address), "grounds: zero address"
    TOKEN = token
    CASCADE = cascade
    IDENTITY = identity
    REPUTATION = reputation


# ---------------------------------------------------------------- grounds


@external
def ground_payment(
    agentId: uint256,
    feedbackIndex: uint256,
    to: address,
    amount: uint256,
    valid_after: uint256,
    valid_before: uint256,
    nonce: bytes32,
) -> uint256:
    """
    @notice Puts a payment behind a feedback of the caller's. The payment is named by the words that were signed.
    @param agentId The agent.
    @param feedbackIndex Which entry of the caller's, from 1.
    @param to Who was paid: the agent's wallet or its owner.
    @param amount Wei.
    @param valid_after As signed.
    @param valid_before As signed.
    @param nonce As signed.
    @return The weight it adds, in wei.
    """
    self._check_feedback(agentId, feedbackIndex)
    self._check_payee(agentId, to)
    assert amount != 0, "grounds: nothing was paid"
    paid: bytes32 = staticcall IHeadwaterToken(TOKEN).authorization(msg.sender, nonce)
    # An open authorisation reads as empty and a canceled one as 1; no words hash to either.
    assert paid == keccak256(
        abi_encode(_TRANSFER_TYPE_HASH, msg.sender, to, amount, valid_after, valid_before, nonce)
    ) or paid == keccak256(
        abi_encode(_RECEIVE_TYPE_HASH, msg.sender, to, amount, valid_after, valid_before, nonce)
    ), "grounds: no such payment was made"
    assert not self.payment_used[msg.sender][nonce], "grounds: payment is used"
    self.payment_used[msg.sender][nonce] = True
    self._add(agentId, feedbackIndex, amount, 0)
    log IFeedbackGrounds.PaymentGrounded(
        agentId=agentId, clientAddress=msg.sender, feedbackIndex=feedbackIndex, nonce=nonce, weight=amount
    )
    return amount


@external
def ground_list(
    agentId: uint256,
    feedbackIndex: uint256,
    version: uint256,
    terms: ICascade.Terms,
    leaves: Bytes[1184],
    index: uint256,
) -> uint256:
    """
    @notice Puts behind a feedback of the caller's what the agent pulled as a leaf of a list the caller announced.
    @param agentId The agent.
    @param feedbackIndex Which entry of the caller's, from 1.
    @param version The version.
    @param terms Its terms.
    @param leaves The whole list, as announced.
    @param index The agent's leaf.
    @return The weight it adds, in wei.
    """
    assert terms.depth == LIST, "grounds: version is a tree"
    assert keccak256(leaves) == terms.root, "grounds: not the announced list"
    assert index < len(leaves) // RECORD, "grounds: index outside the list"
    head: uint256 = extract32(leaves, index * RECORD, output_type=uint256)
    weight: uint256 = extract32(leaves, index * RECORD + 5, output_type=uint256) & MAX_WEI
    child_version: uint256 = (head >> 56) & (2**40 - 1)
    return self._ground_flow(
        agentId, feedbackIndex, version, terms, index, convert(head >> 96, address), child_version, weight
    )


@external
def ground_tree(
    agentId: uint256, feedbackIndex: uint256, version: uint256, terms: ICascade.Terms, entry: Bytes[1097]
) -> uint256:
    """
    @notice As ground_list, for a leaf of a tree.
    @param agentId The agent.
    @param feedbackIndex Which entry of the caller's, from 1.
    @param version The version.
    @param terms Its terms.
    @param entry The leaf with its proof, as Cascade.pull takes it: index (4 bytes), record (37), then `depth` steps
           bottom up, each the sibling's sum (12) and hash (32).
    @return The weight it adds, in wei.
    """
    assert terms.depth <= MAX_DEPTH, "grounds: version is a list"
    assert len(entry) == 4 + RECORD + STEP * terms.depth, "grounds: entry is not whole"
    head: uint256 = extract32(entry, 0, output_type=uint256)  # index | child | child version | ...
    index: uint256 = head >> 224
    assert index >> terms.depth == 0, "grounds: index outside the tree"
    weight: uint256 = extract32(entry, 9, output_type=uint256) & MAX_WEI
    sum: uint256 = weight
    hash: bytes32 = keccak256(concat(b"\x00", slice(entry, 0, 4 + RECORD)))
    for level: uint256 in range(terms.depth, bound=MAX_DEPTH):
        step: uint256 = 4 + RECORD + STEP * level
        other_sum: uint256 = extract32(entry, step, output_type=uint256) >> 160
        other: bytes32 = extract32(entry, step + 12, output_type=bytes32)
        if (index >> level) & 1 == 0:
            hash = keccak256(concat(b"\x01", self._twelve(sum), hash, self._twelve(other_sum), other))
        else:
            hash = keccak256(concat(b"\x01", self._twelve(other_sum), other, self._twelve(sum), hash))
        sum += other_sum
        assert sum <= MAX_WEI, "grounds: sum overflow"
    assert hash == terms.root and sum == terms.total, "grounds: proof does not open the root"
    child: address = convert((head >> 64) & convert(max_value(uint160), uint256), address)
    child_version: uint256 = (head >> 24) & (2**40 - 1)
    return self._ground_flow(agentId, feedbackIndex, version, terms, index, child, child_version, weight)


# ---------------------------------------------------------------- views


@external
@view
def getGroundedSummary(
    agentId: uint256,
    clientAddresses: DynArray[address, 64],
    tag1: String[64],
    tag2: String[64],
    low: int256,
    high: int256,
) -> (IFeedbackGrounds.Grounded, IFeedbackGrounds.Grounded, IFeedbackGrounds.Grounded):
    """
    @notice Grounded, unrevoked feedback of named clients, weighed by the money behind it.
    @param agentId The agent.
    @param clientAddresses Whose; 1 to 64, and whoever is named twice counts twice. Of each the newest 256 entries.
    @param tag1 Only entries with this first tag; empty for any.
    @param tag2 Only entries with this second tag; empty for any.
    @param low Values below count as this; WAD.
    @param high Values above count as this; WAD, at least low. Both within 1e38.
    @return (all of it, by payments alone, by flows alone).
    """
    assert len(clientAddresses) != 0, "grounds: name the clients"
    assert low <= high and low >= -MAX_BOUND and high <= MAX_BOUND, "grounds: bounds not in -1e38 <= low <= high <= 1e38"
    filter1: uint256 = staticcall IReputationRegistry(REPUTATION).tagFilter(tag1)
    filter2: uint256 = staticcall IReputationRegistry(REPUTATION).tagFilter(tag2)
    every: IFeedbackGrounds.Grounded = empty(IFeedbackGrounds.Grounded)
    payments: IFeedbackGrounds.Grounded = empty(IFeedbackGrounds.Grounded)
    flows: IFeedbackGrounds.Grounded = empty(IFeedbackGrounds.Grounded)
    for client: address in clientAddresses:
        if not self._known[agentId][client]:
            continue
        last: uint256 = convert(staticcall IReputationRegistry(REPUTATION).getLastIndex(agentId, client), uint256)
        first: uint256 = last - WINDOW + 1 if last > WINDOW else 1
        for index: uint256 in range(first, last + 1, bound=WINDOW):
            ground: uint256 = self._grounds[agentId][client][index]
            if ground == 0:
                continue
            word: uint256 = staticcall IReputationRegistry(REPUTATION).feedbackWord(agentId, client, index)
            if (
                word & _REVOKED != 0
                or (filter1 != 0 and filter1 != (word >> 144) & _TAG)
                or (filter2 != 0 and filter2 != word >> 200)
            ):
                continue
            rating: int256 = max(low, min(high, self._rating(word)))
            every = self._with(every, rating, (ground & LANE) + (ground >> 112))
            payments = self._with(payments, rating, ground & LANE)
            flows = self._with(flows, rating, ground >> 112)
    return self._meant(every), self._meant(payments), self._meant(flows)


@external
@view
def grounds(agentId: uint256, client: address, feedbackIndex: uint256) -> (uint256, uint256):
    """
    @notice What stands behind an entry.
    @param agentId The agent.
    @param client The client.
    @param feedbackIndex Which entry of the client's, from 1.
    @return (wei of payments, wei of flows).
    """
    ground: uint256 = self._grounds[agentId][client][feedbackIndex]
    return ground & LANE, ground >> 112


@external
@view
def getClientsFrom(agentId: uint256, start: uint256) -> DynArray[address, 1024]:
    """
    @notice A page of the clients with grounds: up to 1,024, in the order of their first.
    @param agentId The agent.
    @param start Place of the first, from 0.
    """
    found: DynArray[address, MAX_LISTED] = []
    count: uint256 = self.clientCount[agentId]
    if start < count:
        for place: uint256 in range(start, min(count, start + MAX_LISTED), bound=MAX_LISTED):
            found.append(self._clients[agentId][place])
    return found


# ---------------------------------------------------------------- internal


@internal
@view
def _check_feedback(agentId: uint256, index: uint256):
    # An agent's people may not speak as its clients; nor may its wallet, which need not be one of them.
    assert not staticcall IIdentityRegistry(IDENTITY).isAuthorizedOrOwner(
        msg.sender, agentId
    ), "grounds: caller acts for the agent"
    last: uint64 = staticcall IReputationRegistry(REPUTATION).getLastIndex(agentId, msg.sender)
    assert index != 0 and index <= convert(last, uint256), "grounds: no such feedback"


@internal
@view
def _check_payee(agentId: uint256, payee: address):
    wallet: address = staticcall IIdentityRegistry(IDENTITY).getAgentWallet(agentId)
    assert msg.sender != wallet and msg.sender != payee, "grounds: caller is the agent's wallet"
    assert payee != empty(address) and (
        payee == wallet or payee == staticcall IIdentityRegistry(IDENTITY).ownerOf(agentId)
    ), "grounds: payee is not the agent"


@internal
def _ground_flow(
    agentId: uint256,
    feedbackIndex: uint256,
    version: uint256,
    terms: ICascade.Terms,
    index: uint256,
    child: address,
    child_version: uint256,
    leaf_weight: uint256,
) -> uint256:
    self._check_feedback(agentId, feedbackIndex)
    self._check_payee(agentId, child)
    # The Cascade pays such a leaf to its announcer, who is the caller.
    assert child_version == 0 or child_version < version, "grounds: the leaf pays the caller"
    assert staticcall ICascade(CASCADE).has_terms(msg.sender, version, terms), "grounds: not the announced terms"
    inflow: uint256 = 0
    released: uint256 = 0
    inflow, released = staticcall ICascade(CASCADE).flows(msg.sender, version)
    taken: uint256 = staticcall ICascade(CASCADE).taken(msg.sender, version, index)
    used: uint256 = self.flow_used[msg.sender][version][index]
    flowed: uint256 = min(taken, released * leaf_weight // terms.total)
    assert flowed > used, "grounds: no flow that is not used"
    self.flow_used[msg.sender][version][index] = flowed
    self._add(agentId, feedbackIndex, 0, flowed - used)
    log IFeedbackGrounds.FlowGrounded(
        agentId=agentId,
        clientAddress=msg.sender,
        feedbackIndex=feedbackIndex,
        version=version,
        index=index,
        weight=flowed - used,
    )
    return flowed - used


@internal
def _add(agentId: uint256, index: uint256, payment: uint256, flow: uint256):
    ground: uint256 = self._grounds[agentId][msg.sender][index]
    assert (ground & LANE) + payment <= LANE and (ground >> 112) + flow <= LANE, "grounds: weight overflow"
    self._grounds[agentId][msg.sender][index] = ground + payment + (flow << 112)
    if not self._known[agentId][msg.sender]:
        self._known[agentId][msg.sender] = True
        place: uint256 = self.clientCount[agentId]
        self.clientCount[agentId] = place + 1
        self._clients[agentId][place] = msg.sender


@internal
@pure
def _twelve(sum: uint256) -> Bytes[12]:
    return slice(convert(sum, bytes32), 20, 12)


@internal
@pure
def _rating(word: uint256) -> int256:
    # The ReputationRegistry's layout: value (128 bits, two's complement) | decimals (8) | ...
    rating: int256 = convert(word & (2**128 - 1), int256)
    if rating >= 2**127:
        rating -= 2**128
    return rating * convert(10 ** (18 - ((word >> 128) & 255)), int256)


@internal
@pure
def _with(
    so_far: IFeedbackGrounds.Grounded, rating: int256, weight: uint256
) -> IFeedbackGrounds.Grounded:
    if weight == 0:
        return so_far
    # 1e38 * 2**113 * 64 clients * 256 entries stays below 2**254.
    return IFeedbackGrounds.Grounded(
        count=so_far.count + 1,
        weight=so_far.weight + weight,
        sum=so_far.sum + rating * convert(weight, int256),
        mean=0,
    )


@internal
@pure
def _meant(total: IFeedbackGrounds.Grounded) -> IFeedbackGrounds.Grounded:
    if total.weight == 0:
        return total
    return IFeedbackGrounds.Grounded(
        count=total.count,
        weight=total.weight,
        sum=total.sum,
        mean=total.sum // convert(total.weight, int256),
    )
