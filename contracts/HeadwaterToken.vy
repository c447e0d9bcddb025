# pragma version ~=0.4.3
# pragma optimize gas
# pragma evm-version prague
"""
@title HeadwaterToken
@license GNU Affero General Public License v3.0 only
@notice The token that Headwater emits: ERC-20, EIP-2612 permits and EIP-3009 authorisations. One minter, the
        Treasury, fixed for ever at construction; a hard cap below 2**96 wei, so that every amount of money fits
        96 bits everywhere. There is no owner and no setter.
@dev snekmate's erc20 module needs an `ownable`; neither its owner nor its minter list is reachable from outside,
     because none of the functions that read them is exported.
"""

from snekmate.auth import ownable
from snekmate.tokens import erc20
from snekmate.utils import ecdsa
from snekmate.utils import eip712_domain_separator

from interfaces import IHeadwaterToken

implements: IHeadwaterToken

initializes: ownable
initializes: erc20[ownable := ownable]
uses: eip712_domain_separator

# Withheld on purpose: mint and set_minter (the minter is fixed), transfer_ownership, renounce_ownership and owner
# (there is no owner), is_minter, burn and burn_from (supply only grows).
exports: (
    erc20.IERC20,
    erc20.IERC20Detailed,
    erc20.permit,
    erc20.nonces,
    erc20.DOMAIN_SEPARATOR,
    erc20.eip712Domain,
)

_TRANSFER_TYPE_HASH: constant(bytes32) = keccak256(
    "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
)
_RECEIVE_TYPE_HASH: constant(bytes32) = keccak256(
    "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
)
_CANCEL_TYPE_HASH: constant(bytes32) = keccak256("CancelAuthorization(address authorizer,bytes32 nonce)")

_CANCELED: constant(bytes32) = 0x0000000000000000000000000000000000000000000000000000000000000001

MAX_CAP: constant(uint256) = 2**96 - 1

minter: public(immutable(address))
cap: public(immutable(uint256))

# keccak(authorizer, nonce) -> EIP-712 struct hash of what was used, _CANCELED, or empty. A payment can so be shown later to
# whoever knows its words (FeedbackGrounds), for the price of the flag that the standard asks for.
_authorizations: HashMap[bytes32, bytes32]


@deploy
def __init__(minter_: address, cap_: uint256, genesis_holder: address, genesis_supply: uint256):
    """
    @notice Creates the token and mints the genesis supply.
    @param minter_ The Treasury: the only address that may ever mint.
    @param cap_ Largest total supply in wei; at most 2**96 - 1.
    @param genesis_holder Receives the genesis supply, from which participants get their first stake.
    @param genesis_supply Wei minted now; at most the cap.
    """
    assert minter_ != empty(address), "token: minter is the zero address"
    assert cap_ != 0 and cap_ <= MAX_CAP, "token: cap not in 1..2**96-1"
    assert genesis_supply <= cap_, "token: genesis above the cap"
    minter = minter_
    cap = cap_
    ownable.__init__()
    erc20.__init__("Headwater", "HEAD", 18, "Headwater", "1")
    if genesis_supply != 0:
        erc20._mint(genesis_holder, genesis_supply)


@external
def mint(to: address, amount: uint256):
    """
    @notice Mints new tokens. Only the Treasury, and never above the cap.
    @param to Receiver.
    @param amount Wei.
    """
    assert msg.sender == minter, "token: caller is not the minter"
    assert erc20.totalSupply + amount <= cap, "token: cap exceeded"
    erc20._mint(to, amount)


@external
def transferWithAuthorization(
    owner: address,
    to: address,
    amount: uint256,
    valid_after: uint256,
    valid_before: uint256,
    nonce: bytes32,
    v: uint8,
    r: bytes32,
    s: bytes32,
):
    """
    @notice Executes a transfer that `owner` signed (EIP-3009). Anybody may submit it.
    @param owner Payer and signer.
    @param to Payee.
    @param amount Wei.
    @param valid_after Valid strictly after this time (seconds).
    @param valid_before Valid strictly before this time (seconds).
    @param nonce Chosen by the signer, used once.
    @param v Signature.
    @param r Signature.
    @param s Signature.
    """
    self._use_authorization(_TRANSFER_TYPE_HASH, owner, to, amount, valid_after, valid_before, nonce, v, r, s)
    erc20._transfer(owner, to, amount)


@external
def receiveWithAuthorization(
    owner: address,
    to: address,
    amount: uint256,
    valid_after: uint256,
    valid_before: uint256,
    nonce: bytes32,
    v: uint8,
    r: bytes32,
    s: bytes32,
):
    """
    @notice As transferWithAuthorization, but only the payee may submit it, so that nobody can run ahead of a
            contract that books the payment in the same call.
    @param owner Payer and signer.
    @param to Payee; must be the caller.
    @param amount Wei.
    @param valid_after Valid strictly after this time (seconds).
    @param valid_before Valid strictly before this time (seconds).
    @param nonce Chosen by the signer, used once.
    @param v Signature.
    @param r Signature.
    @param s Signature.
    """
    assert to == msg.sender, "token: caller must be the payee"
    self._use_authorization(_RECEIVE_TYPE_HASH, owner, to, amount, valid_after, valid_before, nonce, v, r, s)
    erc20._transfer(owner, to, amount)


@external
def cancelAuthorization(authorizer: address, nonce: bytes32, v: uint8, r: bytes32, s: bytes32):
    """
    @notice Voids an authorisation that has not been used. Anybody may submit the signer's word.
    @param authorizer Signer of the authorisation.
    @param nonce Its nonce.
    @param v Signature.
    @param r Signature.
    @param s Signature.
    """
    key: bytes32 = keccak256(abi_encode(authorizer, nonce))
    assert self._authorizations[key] == empty(bytes32), "token: authorization is used or canceled"
    self._check_signature(authorizer, keccak256(abi_encode(_CANCEL_TYPE_HASH, authorizer, nonce)), v, r, s)
    self._authorizations[key] = _CANCELED
    log IHeadwaterToken.AuthorizationCanceled(authorizer=authorizer, nonce=nonce)


@external
@view
def authorizationState(authorizer: address, nonce: bytes32) -> bool:
    """
    @notice Whether an authorisation was used or canceled (EIP-3009).
    @param authorizer Its signer.
    @param nonce Its nonce.
    """
    return self._authorizations[keccak256(abi_encode(authorizer, nonce))] != empty(bytes32)


@external
@view
def authorization(authorizer: address, nonce: bytes32) -> bytes32:
    """
    @notice What became of an authorisation.
    @param authorizer Its signer.
    @param nonce Its nonce.
    @return Empty if it is open; 1 if it was canceled; else the EIP-712 struct hash of the transfer that was paid.
    """
    return self._authorizations[keccak256(abi_encode(authorizer, nonce))]


@internal
def _use_authorization(
    type_hash: bytes32,
    owner: address,
    to: address,
    amount: uint256,
    valid_after: uint256,
    valid_before: uint256,
    nonce: bytes32,
    v: uint8,
    r: bytes32,
    s: bytes32,
):
    # The x402 tools diagnose a failed payment by matching these texts.
    assert block.timestamp > valid_after, "token: authorization is not yet valid"
    assert block.timestamp < valid_before, "token: authorization is expired"
    key: bytes32 = keccak256(abi_encode(owner, nonce))
    assert self._authorizations[key] == empty(bytes32), "token: authorization is used or canceled"
    struct_hash: bytes32 = keccak256(abi_encode(type_hash, owner, to, amount, valid_after, valid_before, nonce))
    self._check_signature(owner, struct_hash, v, r, s)
    self._authorizations[key] = struct_hash
    log IHeadwaterToken.AuthorizationUsed(authorizer=owner, nonce=nonce)


@internal
@view
def _check_signature(signer: address, struct_hash: bytes32, v: uint8, r: bytes32, s: bytes32):
    digest: bytes32 = eip712_domain_separator._hash_typed_data_v4(struct_hash)
    recovered: address = ecdsa._recover_vrs(digest, convert(v, uint256), convert(r, uint256), convert(s, uint256))
    assert recovered != empty(address) and recovered == signer, "token: invalid signature"
