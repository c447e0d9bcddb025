# pragma version ~=0.4.3
# pragma optimize gas
# pragma evm-version prague
"""
@title ValidationRegistry
@license GNU Affero General Public License v3.0 only
@notice Requests to validators and their answers (ERC-8004): an agent's people ask, the validator they named answers
        with 0 to 100, as often as it likes; the last answer counts.
@dev A request is two words and, once an answer has a hash, three; tags are numbers (see modules/tags.vy):

         validator (160 bits) | response (8) | has responded (8) | time of the last change (40) | tag (40)
         agent

     The key of a request is the hash that its agent chose, and the first to use a hash has it, so an agent makes its
     hash of something nobody can foresee (see SPEC section 15).
"""

from interfaces import IIdentityRegistry
from interfaces import IValidationRegistry
from modules import tags

implements: IValidationRegistry

initializes: tags

MAX_VALIDATORS: constant(uint256) = 256  # that one call may name
MAX_LISTED: constant(uint256) = 1_024  # requests that one call returns or sums up
_ADDRESS: constant(uint256) = 2**160 - 1
_ANSWERED: constant(uint256) = 2**168
_TIME: constant(uint256) = 2**40 - 1

_identity: immutable(address)

_requests: HashMap[bytes32, uint256]
_agents: HashMap[bytes32, uint256]
_hashes: HashMap[bytes32, bytes32]
# agent or validator -> number of requests; and place, from 0 -> request
agentRequestCount: public(HashMap[uint256, uint256])
validatorRequestCount: public(HashMap[address, uint256])
_of_agent: HashMap[uint256, HashMap[uint256, bytes32]]
_of_validator: HashMap[address, HashMap[uint256, bytes32]]


@deploy
def __init__(identity: address):
    """
    @param identity The IdentityRegistry, for ever.
    """
    assert identity != empty(address), "validation: identity is the zero address"
    _identity = identity


@external
def validationRequest(validatorAddress: address, agentId: uint256, requestURI: String[4096], requestHash: bytes32):
    """
    @notice Asks a validator about an agent. The agent's owner, or who may act for it.
    @param validatorAddress Who is asked.
    @param agentId The agent; reverts if there is none.
    @param requestURI Where the request is.
    @param requestHash Its hash, and its key from now on: nobody can have used it before.
    """
    assert validatorAddress != empty(address), "validation: validator is the zero address"
    assert staticcall IIdentityRegistry(_identity).isAuthorizedOrOwner(
        msg.sender, agentId
    ), "validation: caller may not act for the agent"
    assert self._requests[requestHash] == 0, "validation: request exists"
    self._requests[requestHash] = convert(validatorAddress, uint256) | (block.timestamp << 176)
    self._agents[requestHash] = agentId
    place: uint256 = self.agentRequestCount[agentId]
    self.agentRequestCount[agentId] = place + 1
    self._of_agent[agentId][place] = requestHash
    place = self.validatorRequestCount[validatorAddress]
    self.validatorRequestCount[validatorAddress] = place + 1
    self._of_validator[validatorAddress][place] = requestHash
    log IValidationRegistry.ValidationRequest(
        validatorAddress=validatorAddress, agentId=agentId, requestURI=requestURI, requestHash=requestHash
    )


@external
def validationResponse(
    requestHash: bytes32, response: uint8, responseURI: String[4096], responseHash: bytes32, tag: String[64]
):
    """
    @notice Answers a request; again, if the validator has changed its mind. Only the validator that was asked.
    @param requestHash The request.
    @param response 0 to 100.
    @param responseURI Where more is said.
    @param responseHash Hash of what is said there.
    @param tag What the answer is about.
    """
    word: uint256 = self._request(requestHash)
    assert msg.sender == convert(word & _ADDRESS, address), "validation: caller was not asked"
    assert response <= 100, "validation: response above 100"
    self._requests[requestHash] = (
        (word & _ADDRESS)
        | (convert(response, uint256) << 160)
        | _ANSWERED
        | (block.timestamp << 176)
        | (tags._number(tag) << 216)
    )
    self._hashes[requestHash] = responseHash
    log IValidationRegistry.ValidationResponse(
        validatorAddress=msg.sender,
        agentId=self._agents[requestHash],
        requestHash=requestHash,
        response=response,
        responseURI=responseURI,
        responseHash=responseHash,
        tag=tag,
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
def getValidationStatus(requestHash: bytes32) -> (address, uint256, uint8, bytes32, String[64], uint256):
    """
    @notice State of a request. Reverts if there is none. A response of 0 may be an answer or none: see hasResponse.
    @param requestHash The request.
    @return (validator, agent, response, hash of the response, tag, time of the last change in seconds).
    """
    word: uint256 = self._request(requestHash)
    return (
        convert(word & _ADDRESS, address),
        self._agents[requestHash],
        convert((word >> 160) & 255, uint8),
        self._hashes[requestHash],
        tags._text(word >> 216),
        (word >> 176) & _TIME,
    )


@external
@view
def getSummary(
    agentId: uint256, validatorAddresses: DynArray[address, 256], tag: String[64]
) -> (uint64, uint8):
    """
    @notice How many of an agent's newest 1,024 requests were answered, and the mean answer, rounded down.
    @param agentId The agent.
    @param validatorAddresses Whose answers count; empty for anybody's: the agent chooses whom it asks, so name them.
    @param tag Only answers with this tag; empty for any.
    @return (number of answers, mean).
    """
    number: uint256 = tags._filter(tag)
    count: uint256 = 0
    sum: uint256 = 0
    total: uint256 = self.agentRequestCount[agentId]
    first: uint256 = total - MAX_LISTED if total > MAX_LISTED else 0
    for place: uint256 in range(first, total, bound=MAX_LISTED):
        word: uint256 = self._requests[self._of_agent[agentId][place]]
        if word & _ANSWERED == 0 or (number != 0 and number != word >> 216):
            continue
        if len(validatorAddresses) != 0 and convert(word & _ADDRESS, address) not in validatorAddresses:
            continue
        sum += (word >> 160) & 255
        count += 1
    if count == 0:
        return 0, 0
    return convert(count, uint64), convert(sum // count, uint8)


@external
@view
def getAgentValidations(agentId: uint256) -> DynArray[bytes32, 1024]:
    """
    @notice An agent's first 1,024 requests; the others by getAgentValidationsFrom.
    @param agentId The agent.
    """
    return self._agent_page(agentId, 0)


@external
@view
def getValidatorRequests(validatorAddress: address) -> DynArray[bytes32, 1024]:
    """
    @notice The first 1,024 requests to a validator; the others by getValidatorRequestsFrom.
    @param validatorAddress The validator.
    """
    return self._validator_page(validatorAddress, 0)


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
def hasResponse(requestHash: bytes32) -> bool:
    """
    @notice Whether a request was answered; tells an answer of 0 from none.
    @param requestHash The request.
    """
    return self._requests[requestHash] & _ANSWERED != 0


@external
@view
def getAgentValidationsFrom(agentId: uint256, start: uint256) -> DynArray[bytes32, 1024]:
    """
    @notice A page of an agent's requests: up to 1,024, oldest first.
    @param agentId The agent.
    @param start Place of the first, from 0.
    """
    return self._agent_page(agentId, start)


@external
@view
def getValidatorRequestsFrom(validatorAddress: address, start: uint256) -> DynArray[bytes32, 1024]:
    """
    @notice A page of the requests to a validator: up to 1,024, oldest first.
    @param validatorAddress The validator.
    @param start Place of the first, from 0.
    """
    return self._validator_page(validatorAddress, start)


# ---------------------------------------------------------------- internal


@internal
@view
def _request(requestHash: bytes32) -> uint256:
    word: uint256 = self._requests[requestHash]
    assert word != 0, "validation: no such request"
    return word


@internal
@view
def _agent_page(agentId: uint256, start: uint256) -> DynArray[bytes32, 1024]:
    found: DynArray[bytes32, MAX_LISTED] = []
    count: uint256 = self.agentRequestCount[agentId]
    if start < count:
        for place: uint256 in range(start, min(count, start + MAX_LISTED), bound=MAX_LISTED):
            found.append(self._of_agent[agentId][place])
    return found


@internal
@view
def _validator_page(validator: address, start: uint256) -> DynArray[bytes32, 1024]:
    found: DynArray[bytes32, MAX_LISTED] = []
    count: uint256 = self.validatorRequestCount[validator]
    if start < count:
        for place: uint256 in range(start, min(count, start + MAX_LISTED), bound=MAX_LISTED):
            found.append(self._of_validator[validator][place])
    return found
