# pragma version ~=0.4.3
# pragma optimize gas
# pragma evm-version prague
"""
@title IdentityRegistry
@license GNU Affero General Public License v3.0 only
@notice Agents as ERC-721 tokens (ERC-8004): a number, an owner, the URI of a registration file, metadata, and a wallet
        that proved itself by a signature. Agents count from 0. There is no owner of the registry and no upgrade.
@dev The token's storage is written here rather than taken from snekmate's erc721, whose enumeration and roles would
     cost every registration four slots. An agent is one word:

         owner (160 bits) | the wallet is the owner (bit 160) | a wallet of its own (161) | an approved spender (162)

     so that a registration stores no wallet, and a transfer, which drops wallet and approval, touches neither slot.
"""

from ethereum.ercs import IERC165
from ethereum.ercs import IERC721
from snekmate.utils import eip712_domain_separator

from interfaces import IIdentityRegistry

implements: IERC165
implements: IIdentityRegistry

initializes: eip712_domain_separator

exports: eip712_domain_separator.eip712Domain


interface IERC721Receiver:
    def onERC721Received(operator: address, sender: address, id: uint256, data: Bytes[1024]) -> bytes4: nonpayable


name: public(constant(String[13])) = "AgentIdentity"
symbol: public(constant(String[5])) = "AGENT"

# ERC-165, ERC-721 and its metadata extension.
_INTERFACES: constant(bytes4[3]) = [0x01ffc9a7, 0x80ac58cd, 0x5b5e139f]
_RECEIVED: constant(bytes4) = 0x150b7a02
_VALID_SIGNATURE: constant(bytes4) = 0x1626ba7e
_WALLET_TYPE_HASH: constant(bytes32) = keccak256(
    "AgentWalletSet(uint256 agentId,address newWallet,address owner,uint256 deadline)"
)
_WALLET_KEY: constant(String[11]) = "agentWallet"
_MAX_DELAY: constant(uint256) = 300
# Half the order of secp256k1: a larger s is another form of a signature that has a smaller one.
_HALF_ORDER: constant(uint256) = 57896044618658097711785492504343953926418782139537452191302581570759080747168

_ADDRESS: constant(uint256) = 2**160 - 1
_OWNERS_WALLET: constant(uint256) = 2**160
_OWN_WALLET: constant(uint256) = 2**161
_APPROVED: constant(uint256) = 2**162

# Agents registered so far, and the next one's number.
count: public(uint256)
balanceOf: public(HashMap[address, uint256])
isApprovedForAll: public(HashMap[address, HashMap[address, bool]])
_agents: HashMap[uint256, uint256]
# wallet (160 bits) | deadline of the last signature used (96)
_wallets: HashMap[uint256, uint256]
_spenders: HashMap[uint256, address]
_uris: HashMap[uint256, String[8192]]
_metadata: HashMap[uint256, HashMap[String[64], Bytes[1024]]]


@deploy
def __init__():
    eip712_domain_separator.__init__("ERC8004IdentityRegistry", "1")


# ---------------------------------------------------------------- registration


@external
def register(agentURI: String[8192] = "", metadata: DynArray[IIdentityRegistry.MetadataEntry, 8] = []) -> uint256:
    """
    @notice Registers an agent that the caller owns; its wallet is the caller until another proves itself.
    @param agentURI Where its registration file is: http(s):, ipfs:, or the file itself as a data: URI.
    @param metadata Further entries; the key "agentWallet" is refused.
    @return The agent's number.
    """
    id: uint256 = self.count
    self.count = id + 1
    self._agents[id] = convert(msg.sender, uint256) | _OWNERS_WALLET
    self.balanceOf[msg.sender] += 1
    if len(agentURI) != 0:
        self._uris[id] = agentURI
    log IERC721.Transfer(sender=empty(address), receiver=msg.sender, token_id=id)
    log IIdentityRegistry.Registered(agentId=id, agentURI=agentURI, owner=msg.sender)
    self._say_wallet(id, self._packed(msg.sender))
    for entry: IIdentityRegistry.MetadataEntry in metadata:
        self._set_metadata(id, entry.metadataKey, entry.metadataValue)
    # Last, so that a receiver that calls back finds the agent whole.
    self._check_receiver(empty(address), msg.sender, id, b"")
    return id


@external
def setAgentURI(agentId: uint256, newURI: String[8192]):
    """
    @notice Replaces where the registration file is. Owner, operator or approved spender.
    @param agentId The agent.
    @param newURI The new place.
    """
    self._check_authorized(agentId)
    self._uris[agentId] = newURI
    log IIdentityRegistry.URIUpdated(agentId=agentId, newURI=newURI, updatedBy=msg.sender)


@external
def setMetadata(agentId: uint256, metadataKey: String[64], metadataValue: Bytes[1024]):
    """
    @notice Sets a metadata entry. Owner, operator or approved spender; the key "agentWallet" is refused.
    @param agentId The agent.
    @param metadataKey Name of the entry.
    @param metadataValue Its content.
    """
    self._check_authorized(agentId)
    self._set_metadata(agentId, metadataKey, metadataValue)


# ---------------------------------------------------------------- wallet


@external
def setAgentWallet(agentId: uint256, newWallet: address, deadline: uint256, signature: Bytes[1024]):
    """
    @notice Sets the wallet an agent is paid at, with that wallet's consent. Owner, operator or approved spender.
    @dev The signed words have no nonce. A deadline at or before the last one used is refused, so that no consent
         counts twice; it costs nothing, the deadline stands in the wallet's slot.
    @param agentId The agent.
    @param newWallet The wallet.
    @param deadline Until when the consent holds, in seconds; at most 300 from now.
    @param signature EIP-712 signature of AgentWalletSet by the wallet: ECDSA (65 bytes), or whatever its contract
           accepts (ERC-1271).
    """
    owner: address = self._check_authorized(agentId)
    assert newWallet != empty(address), "identity: wallet is the zero address"
    assert block.timestamp <= deadline, "identity: consent is expired"
    assert deadline <= block.timestamp + _MAX_DELAY, "identity: deadline more than 300 seconds ahead"
    assert deadline > self._wallets[agentId] >> 160, "identity: deadline not after the last one used"
    digest: bytes32 = eip712_domain_separator._hash_typed_data_v4(
        keccak256(abi_encode(_WALLET_TYPE_HASH, agentId, newWallet, owner, deadline))
    )
    assert self._consents(newWallet, digest, signature), "identity: invalid signature of the wallet"
    self._wallets[agentId] = (deadline << 160) | convert(newWallet, uint256)
    self._agents[agentId] = (self._agents[agentId] & ~_OWNERS_WALLET) | _OWN_WALLET
    self._say_wallet(agentId, self._packed(newWallet))


@external
def unsetAgentWallet(agentId: uint256):
    """
    @notice Leaves an agent without a wallet. Owner, operator or approved spender.
    @param agentId The agent.
    """
    self._check_authorized(agentId)
    self._agents[agentId] &= ~(_OWNERS_WALLET | _OWN_WALLET)
    self._say_wallet(agentId, b"")


# ---------------------------------------------------------------- ERC-721


@external
def approve(to: address, agentId: uint256):
    """
    @notice Lets an address act for one agent, instead of whoever could before. Owner or operator.
    @param to The spender; the zero address for nobody.
    @param agentId The agent.
    """
    owner: address = self._owner(agentId)
    assert msg.sender == owner or self.isApprovedForAll[owner][msg.sender], "identity: caller is not owner nor operator"
    if to == empty(address):
        self._agents[agentId] &= ~_APPROVED
    else:
        self._agents[agentId] |= _APPROVED
        self._spenders[agentId] = to
    log IERC721.Approval(owner=owner, approved=to, token_id=agentId)


@external
def setApprovalForAll(operator: address, approved: bool):
    """
    @notice Lets an operator act for all agents of the caller, or no longer.
    @param operator The operator.
    @param approved Whether it may.
    """
    assert operator != empty(address), "identity: operator is the zero address"
    self.isApprovedForAll[msg.sender][operator] = approved
    log IERC721.ApprovalForAll(owner=msg.sender, operator=operator, approved=approved)


@external
def transferFrom(owner: address, to: address, agentId: uint256):
    """
    @notice Hands an agent on; its wallet is forgotten, for it was the old owner's word.
    @param owner The owner.
    @param to The new one.
    @param agentId The agent.
    """
    self._transfer(owner, to, agentId)


@external
def safeTransferFrom(owner: address, to: address, agentId: uint256, data: Bytes[1024] = b""):
    """
    @notice As transferFrom; a contract that receives must accept.
    @param owner The owner.
    @param to The new one.
    @param agentId The agent.
    @param data For the receiver.
    """
    self._transfer(owner, to, agentId)
    self._check_receiver(owner, to, agentId, data)


# ---------------------------------------------------------------- views


@external
@view
def ownerOf(agentId: uint256) -> address:
    """
    @notice Owner of an agent. Reverts if there is no such agent.
    @param agentId The agent.
    """
    return self._owner(agentId)


@external
@view
def getApproved(agentId: uint256) -> address:
    """
    @notice Who may act for one agent besides owner and operators; the zero address for nobody.
    @param agentId The agent.
    """
    self._owner(agentId)
    return self._spender(agentId)


@external
@view
def isAuthorizedOrOwner(spender: address, agentId: uint256) -> bool:
    """
    @notice Whether an address may act for an agent. Reverts if there is no such agent.
    @param spender The address.
    @param agentId The agent.
    """
    return self._authorized(spender, self._owner(agentId), agentId)


@external
@view
def tokenURI(agentId: uint256) -> String[8192]:
    """
    @notice Where an agent's registration file is. Reverts if there is no such agent.
    @param agentId The agent.
    """
    self._owner(agentId)
    return self._uris[agentId]


@external
@view
def getMetadata(agentId: uint256, metadataKey: String[64]) -> Bytes[1024]:
    """
    @notice A metadata entry; empty if it was never set. "agentWallet" is the wallet's 20 bytes.
    @param agentId The agent.
    @param metadataKey Name of the entry.
    """
    if metadataKey == _WALLET_KEY:
        wallet: address = self._wallet(agentId)
        if wallet == empty(address):
            return b""
        return self._packed(wallet)
    return self._metadata[agentId][metadataKey]


@external
@view
def getAgentWallet(agentId: uint256) -> address:
    """
    @notice Where an agent is paid; the zero address if it has no wallet, or there is no such agent.
    @param agentId The agent.
    """
    return self._wallet(agentId)


@external
@view
def supportsInterface(interface_id: bytes4) -> bool:
    """
    @notice ERC-165.
    @param interface_id The interface.
    """
    return interface_id in _INTERFACES


@external
@view
def getVersion() -> String[5]:
    """
    @notice Version of the ERC-8004 contracts that this one behaves as.
    """
    return "2.0.0"


# ---------------------------------------------------------------- internal


@internal
@view
def _owner(id: uint256) -> address:
    word: uint256 = self._agents[id]
    assert word != 0, "identity: no such agent"
    return convert(word & _ADDRESS, address)


@internal
@view
def _spender(id: uint256) -> address:
    if self._agents[id] & _APPROVED == 0:
        return empty(address)
    return self._spenders[id]


@internal
@view
def _wallet(id: uint256) -> address:
    word: uint256 = self._agents[id]
    if word & _OWNERS_WALLET != 0:
        return convert(word & _ADDRESS, address)
    if word & _OWN_WALLET != 0:
        return convert(self._wallets[id] & _ADDRESS, address)
    return empty(address)


@internal
@view
def _authorized(spender: address, owner: address, id: uint256) -> bool:
    # Nobody is the zero address, and a spender is it when there is none.
    return spender != empty(address) and (
        spender == owner or self.isApprovedForAll[owner][spender] or spender == self._spender(id)
    )


@internal
@view
def _check_authorized(id: uint256) -> address:
    owner: address = self._owner(id)
    assert self._authorized(msg.sender, owner, id), "identity: caller may not act for the agent"
    return owner


@internal
def _set_metadata(id: uint256, key: String[64], content: Bytes[1024]):
    assert key != _WALLET_KEY, "identity: agentWallet is set by its signature"
    self._metadata[id][key] = content
    log IIdentityRegistry.MetadataSet(
        agentId=id, indexedMetadataKey=key, metadataKey=key, metadataValue=content
    )


@internal
def _say_wallet(id: uint256, wallet: Bytes[20]):
    log IIdentityRegistry.MetadataSet(
        agentId=id, indexedMetadataKey=_WALLET_KEY, metadataKey=_WALLET_KEY, metadataValue=wallet
    )


@internal
def _transfer(owner: address, to: address, id: uint256):
    actual: address = self._check_authorized(id)
    assert owner == actual, "identity: not the owner's agent"
    assert to != empty(address), "identity: receiver is the zero address"
    self.balanceOf[owner] -= 1
    self.balanceOf[to] += 1
    self._agents[id] = convert(to, uint256)
    log IERC721.Transfer(sender=owner, receiver=to, token_id=id)
    self._say_wallet(id, b"")


@internal
def _check_receiver(sender: address, to: address, id: uint256, data: Bytes[1024]):
    if to.is_contract:
        answer: bytes4 = extcall IERC721Receiver(to).onERC721Received(msg.sender, sender, id, data)
        assert answer == _RECEIVED, "identity: receiver refuses agents"


@internal
@pure
def _packed(account: address) -> Bytes[20]:
    return slice(convert(account, bytes32), 12, 20)


@internal
@view
def _consents(wallet: address, digest: bytes32, signature: Bytes[1024]) -> bool:
    if len(signature) == 65:
        r: uint256 = extract32(signature, 0, output_type=uint256)
        s: uint256 = extract32(signature, 32, output_type=uint256)
        v: uint256 = convert(slice(signature, 64, 1), uint256)
        if s <= _HALF_ORDER and ecrecover(digest, v, r, s) == wallet:
            return True
    if not wallet.is_contract:
        return False
    success: bool = False
    answer: Bytes[32] = b""
    success, answer = raw_call(
        wallet,
        abi_encode(digest, signature, method_id=_VALID_SIGNATURE),
        max_outsize=32,
        is_static_call=True,
        revert_on_failure=False,
    )
    return success and len(answer) == 32 and convert(answer, bytes32) == convert(_VALID_SIGNATURE, bytes32)
