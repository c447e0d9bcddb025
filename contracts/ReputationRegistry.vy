# pragma version ~=0.4.3
# pragma optimize gas
# pragma evm-version prague
"""
@title ReputationRegistry
@license GNU Affero General Public License v3.0 only
@notice Feedback on agents (ERC-8004): anybody but the agent's own people gives a number with up to two tags, may take
        it back, and anybody may answer it. What is said here costs nothing but gas; FeedbackGrounds says which of it
        somebody paid for.
@dev A feedback is one word, and tags are numbers (see modules/tags.vy):

         value (128 bits, two's complement) | decimals (8) | revoked (8) | tag1 (56) | tag2 (56)

     Loops are over lists that the caller names. A client's own entries are the one list that another can grow, so no
     more than its newest 1,024 count, and a summary over a hostile client has a bounded price.
"""

from interfaces import IIdentityRegistry
from interfaces import IReputationRegistry
from modules import tags

implements: IReputationRegistry

initializes: tags

MAX_CLIENTS: constant(uint256) = 256  # that one call may name
MAX_LISTED: constant(uint256) = 1_024  # clients that getClients returns
MAX_READ: constant(uint256) = 256  # entries that readAllFeedback returns
WINDOW: constant(uint256) = 1_024  # newest entries of a client that count
MAX_DECIMALS: constant(uint8) = 18
MAX_VALUE: constant(int128) = 10**38
_VALUE: constant(uint256) = 2**128 - 1
_REVOKED: constant(uint256) = 2**136
_TAG: constant(uint256) = 2**56 - 1

_identity: immutable(address)

# agent -> client -> number of entries
_last: HashMap[uint256, HashMap[address, uint256]]
# agent -> client -> index, from 1 -> word
_feedback: HashMap[uint256, HashMap[address, HashMap[uint256, uint256]]]
# agent -> number of clients; agent -> place, from 0 -> client
clientCount: public(HashMap[uint256, uint256])
_clients: HashMap[uint256, HashMap[uint256, address]]
# agent -> client -> index -> responder, the zero address for all of them -> number of responses
_responses: HashMap[uint256, HashMap[address, HashMap[uint256, HashMap[address, uint256]]]]


@deploy
def __init__(identity: address):
    """
    @param identity The IdentityRegistry, for ever.
    """
    assert identity != empty(address), "reputation: identity is the zero address"
    _identity = identity


# ---------------------------------------------------------------- feedback


@external
def giveFeedback(
    agentId: uint256,
    rating: int128,
    ratingDecimals: uint8,
    tag1: String[64],
    tag2: String[64],
    endpoint: String[2048],
    feedbackURI: String[4096],
    feedbackHash: bytes32,
):
    """
    @notice Says something about an agent. Neither its owner nor whoever may act for it can.
    @param agentId The agent; reverts if there is none.
    @param rating The number, times 10 ** ratingDecimals; at most 1e38 in size.
    @param ratingDecimals 0 to 18.
    @param tag1 What it is about.
    @param tag2 What it is about.
    @param endpoint Where the agent served.
    @param feedbackURI Where more is said.
    @param feedbackHash Hash of what is said there.
    """
    assert ratingDecimals <= MAX_DECIMALS, "reputation: more than 18 decimals"
    assert rating <= MAX_VALUE and rating >= -MAX_VALUE, "reputation: value beyond 1e38"
    assert not staticcall IIdentityRegistry(_identity).isAuthorizedOrOwner(
        msg.sender, agentId
    ), "reputation: caller acts for the agent"
    index: uint256 = self._last[agentId][msg.sender] + 1
    self._last[agentId][msg.sender] = index
    if index == 1:
        place: uint256 = self.clientCount[agentId]
        self.clientCount[agentId] = place + 1
        self._clients[agentId][place] = msg.sender
    self._feedback[agentId][msg.sender][index] = (
        (convert(convert(rating, bytes32), uint256) & _VALUE)
        | (convert(ratingDecimals, uint256) << 128)
        | (tags._number(tag1) << 144)
        | (tags._number(tag2) << 200)
    )
    log IReputationRegistry.NewFeedback(
        agentId=agentId,
        clientAddress=msg.sender,
        feedbackIndex=convert(index, uint64),
        value=rating,
        valueDecimals=ratingDecimals,
        indexedTag1=tag1,
        tag1=tag1,
        tag2=tag2,
        endpoint=endpoint,
        feedbackURI=feedbackURI,
        feedbackHash=feedbackHash,
    )


@external
def revokeFeedback(agentId: uint256, feedbackIndex: uint64):
    """
    @notice Takes back what the caller said.
    @param agentId The agent.
    @param feedbackIndex Which entry of the caller's, from 1.
    """
    index: uint256 = self._check_index(agentId, msg.sender, feedbackIndex)
    word: uint256 = self._feedback[agentId][msg.sender][index]
    assert word & _REVOKED == 0, "reputation: already revoked"
    self._feedback[agentId][msg.sender][index] = word | _REVOKED
    log IReputationRegistry.FeedbackRevoked(
        agentId=agentId, clientAddress=msg.sender, feedbackIndex=feedbackIndex
    )


@external
def appendResponse(
    agentId: uint256,
    clientAddress: address,
    feedbackIndex: uint64,
    responseURI: String[4096],
    responseHash: bytes32,
):
    """
    @notice Answers an entry. Anybody may.
    @param agentId The agent.
    @param clientAddress Who gave the feedback.
    @param feedbackIndex Which entry of that client, from 1.
    @param responseURI Where the answer is; not empty.
    @param responseHash Hash of what is said there.
    """
    index: uint256 = self._check_index(agentId, clientAddress, feedbackIndex)
    assert len(responseURI) != 0, "reputation: response without a URI"
    self._responses[agentId][clientAddress][index][msg.sender] += 1
    self._responses[agentId][clientAddress][index][empty(address)] += 1
    log IReputationRegistry.ResponseAppended(
        agentId=agentId,
        clientAddress=clientAddress,
        feedbackIndex=feedbackIndex,
        responder=msg.sender,
        responseURI=responseURI,
        responseHash=responseHash,
    )


# ---------------------------------------------------------------- views of the standard


@external
@view
def getIdentityRegistry() -> address:
    """
    @notice The registry whose agents this is about.
    """
    return _identity


@external
@view
def getLastIndex(agentId: uint256, clientAddress: address) -> uint64:
    """
    @notice Number of entries a client gave on an agent.
    @param agentId The agent.
    @param clientAddress The client.
    """
    return convert(self._last[agentId][clientAddress], uint64)


@external
@view
def readFeedback(
    agentId: uint256, clientAddress: address, feedbackIndex: uint64
) -> (int128, uint8, String[64], String[64], bool):
    """
    @notice One entry. Reverts if there is none.
    @param agentId The agent.
    @param clientAddress The client.
    @param feedbackIndex Which entry, from 1.
    @return (value, its decimals, first tag, second tag, whether it was revoked).
    """
    word: uint256 = self._feedback[agentId][clientAddress][
        self._check_index(agentId, clientAddress, feedbackIndex)
    ]
    return (
        self._value(word),
        self._decimals(word),
        tags._text((word >> 144) & _TAG),
        tags._text(word >> 200),
        word & _REVOKED != 0,
    )


@external
@view
def getSummary(
    agentId: uint256, clientAddresses: DynArray[address, 256], tag1: String[64], tag2: String[64]
) -> (uint64, int128, uint8):
    """
    @notice How many entries named clients gave that still stand, and their mean.
    @dev The mean is taken in 18 decimals, then given in the most frequent number of decimals (the smallest on a tie),
         truncated toward zero; what an int128 cannot hold is given as its largest or smallest.
    @param agentId The agent.
    @param clientAddresses Whose entries count; 1 to 256, or anybody could fill the summary. The newest 1,024 of each.
    @param tag1 Only entries with this first tag; empty for any.
    @param tag2 Only entries with this second tag; empty for any.
    @return (number of entries, mean, its decimals).
    """
    assert len(clientAddresses) != 0, "reputation: name the clients"
    filter1: uint256 = tags._filter(tag1)
    filter2: uint256 = tags._filter(tag2)
    count: uint256 = 0
    sum: int256 = 0
    frequencies: uint256[19] = empty(uint256[19])
    for client: address in clientAddresses:
        last: uint256 = self._last[agentId][client]
        first: uint256 = self._first(last)
        for index: uint256 in range(first, last + 1, bound=WINDOW):
            word: uint256 = self._feedback[agentId][client][index]
            if word & _REVOKED != 0 or not self._matches(word, filter1, filter2):
                continue
            decimals: uint256 = (word >> 128) & 255
            sum += convert(self._value(word), int256) * convert(10 ** (18 - decimals), int256)
            frequencies[decimals] += 1
            count += 1
    if count == 0:
        return 0, 0, 0
    mode: uint256 = 0
    for decimals: uint256 in range(1, 19):
        if frequencies[decimals] > frequencies[mode]:
            mode = decimals
    mean: int256 = sum // convert(count, int256) // convert(10 ** (18 - mode), int256)
    mean = max(min(mean, convert(max_value(int128), int256)), convert(min_value(int128), int256))
    return convert(count, uint64), convert(mean, int128), convert(mode, uint8)


@external
@view
def readAllFeedback(
    agentId: uint256,
    clientAddresses: DynArray[address, 256],
    tag1: String[64],
    tag2: String[64],
    includeRevoked: bool,
) -> (
    DynArray[address, 256],
    DynArray[uint64, 256],
    DynArray[int128, 256],
    DynArray[uint8, 256],
    DynArray[String[64], 256],
    DynArray[String[64], 256],
    DynArray[bool, 256],
):
    """
    @notice Entries of some clients, the first 256 that match.
    @param agentId The agent.
    @param clientAddresses Whose; the agent's first 256 clients if empty.
    @param tag1 Only entries with this first tag; empty for any.
    @param tag2 Only entries with this second tag; empty for any.
    @param includeRevoked Whether those taken back are among them.
    @return (clients, indices, values, decimals, first tags, second tags, whether revoked), entry by entry.
    """
    filter1: uint256 = tags._filter(tag1)
    filter2: uint256 = tags._filter(tag2)
    named: DynArray[address, MAX_CLIENTS] = clientAddresses
    if len(named) == 0:
        for place: uint256 in range(min(self.clientCount[agentId], MAX_CLIENTS), bound=MAX_CLIENTS):
            named.append(self._clients[agentId][place])
    clients: DynArray[address, MAX_READ] = []
    indices: DynArray[uint64, MAX_READ] = []
    values: DynArray[int128, MAX_READ] = []
    decimals: DynArray[uint8, MAX_READ] = []
    tag1s: DynArray[String[64], MAX_READ] = []
    tag2s: DynArray[String[64], MAX_READ] = []
    revoked: DynArray[bool, MAX_READ] = []
    for client: address in named:
        last: uint256 = self._last[agentId][client]
        first: uint256 = self._first(last)
        for index: uint256 in range(first, last + 1, bound=WINDOW):
            if len(clients) == MAX_READ:
                break
            word: uint256 = self._feedback[agentId][client][index]
            gone: bool = word & _REVOKED != 0
            if (gone and not includeRevoked) or not self._matches(word, filter1, filter2):
                continue
            clients.append(client)
            indices.append(convert(index, uint64))
            values.append(self._value(word))
            decimals.append(self._decimals(word))
            tag1s.append(tags._text((word >> 144) & _TAG))
            tag2s.append(tags._text(word >> 200))
            revoked.append(gone)
    return clients, indices, values, decimals, tag1s, tag2s, revoked


@external
@view
def getResponseCount(
    agentId: uint256, clientAddress: address, feedbackIndex: uint64, responders: DynArray[address, 256]
) -> uint64:
    """
    @notice Number of responses.
    @param agentId The agent.
    @param clientAddress To whose feedback; the zero address for the agent's first 256 clients.
    @param feedbackIndex To which entry; 0 for the newest 1,024.
    @param responders Whose; empty for anybody's.
    """
    if clientAddress != empty(address):
        return convert(
            self._count_responses(agentId, clientAddress, convert(feedbackIndex, uint256), responders), uint64
        )
    total: uint256 = 0
    for place: uint256 in range(min(self.clientCount[agentId], MAX_CLIENTS), bound=MAX_CLIENTS):
        total += self._count_responses(agentId, self._clients[agentId][place], 0, responders)
    return convert(total, uint64)


@external
@view
def getClients(agentId: uint256) -> DynArray[address, 1024]:
    """
    @notice An agent's first 1,024 clients; the others by getClientsFrom.
    @param agentId The agent.
    """
    return self._clients_from(agentId, 0)


@external
@view
def getVersion() -> String[5]:
    """
    @notice Version of the ERC-8004 contracts that this one behaves as.
    """
    return "2.0.0"


# ---------------------------------------------------------------- further views


@external
@view
def getClientsFrom(agentId: uint256, start: uint256) -> DynArray[address, 1024]:
    """
    @notice A page of an agent's clients: up to 1,024, in the order of their first feedback.
    @param agentId The agent.
    @param start Place of the first, from 0.
    """
    return self._clients_from(agentId, start)


@external
@view
def feedbackWord(agentId: uint256, client: address, index: uint256) -> uint256:
    """
    @notice An entry as it is stored, for contracts; 0 if there is none. The layout stands above.
    @param agentId The agent.
    @param client The client.
    @param index Which entry, from 1.
    """
    return self._feedback[agentId][client][index]


@external
@view
def tagFilter(tag: String[64]) -> uint256:
    """
    @notice Number of a tag as it stands in feedbackWord; 0 for the empty one, 2**256 - 1 for one that was never used.
    @param tag The tag.
    """
    return tags._filter(tag)


# ---------------------------------------------------------------- internal


@internal
@view
def _check_index(agentId: uint256, client: address, index: uint64) -> uint256:
    number: uint256 = convert(index, uint256)
    assert number != 0 and number <= self._last[agentId][client], "reputation: no such feedback"
    return number


@internal
@pure
def _first(last: uint256) -> uint256:
    return last - WINDOW + 1 if last > WINDOW else 1


@internal
@pure
def _matches(word: uint256, filter1: uint256, filter2: uint256) -> bool:
    return (filter1 == 0 or filter1 == (word >> 144) & _TAG) and (filter2 == 0 or filter2 == word >> 200)


@internal
@pure
def _value(word: uint256) -> int128:
    low: uint256 = word & _VALUE
    if low >> 127 == 0:
        return convert(low, int128)
    return convert(convert(low, int256) - 2**128, int128)


@internal
@pure
def _decimals(word: uint256) -> uint8:
    return convert((word >> 128) & 255, uint8)


@internal
@view
def _clients_from(agentId: uint256, start: uint256) -> DynArray[address, 1024]:
    found: DynArray[address, MAX_LISTED] = []
    count: uint256 = self.clientCount[agentId]
    if start < count:
        for place: uint256 in range(start, min(count, start + MAX_LISTED), bound=MAX_LISTED):
            found.append(self._clients[agentId][place])
    return found


@internal
@view
def _count_responses(
    agentId: uint256, client: address, index: uint256, responders: DynArray[address, 256]
) -> uint256:
    first: uint256 = index
    last: uint256 = index
    if index == 0:
        last = self._last[agentId][client]
        first = self._first(last)
    total: uint256 = 0
    for each: uint256 in range(first, last + 1, bound=WINDOW):
        if len(responders) == 0:
            total += self._responses[agentId][client][each][empty(address)]
        for responder: address in responders:
            # Under the zero address stand all of them together; nobody answers as it.
            if responder != empty(address):
                total += self._responses[agentId][client][each][responder]
    return total
