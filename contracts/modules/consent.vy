# pragma version ~=0.4.3
"""
@title consent
@license GNU Affero General Public License v3.0 only
@notice Whether somebody signed: a key (ECDSA), or a contract by its own rule (ERC-1271).
"""

_VALID_SIGNATURE: constant(bytes4) = 0x1626ba7e
# Half the order of secp256k1: a larger s is another form of a signature that has a smaller one.
_HALF_ORDER: constant(uint256) = 57896044618658097711785492504343953926418782139537452191302581570759080747168


@internal
@view
def _consents(signer: address, digest: bytes32, signature: Bytes[1024]) -> bool:
    """
    @dev Whether `signature` is the signer's on the digest. A message must name its signer: two contracts of one key
         accept each other's signatures.
    """
    if len(signature) == 65:
        r: uint256 = extract32(signature, 0, output_type=uint256)
        s: uint256 = extract32(signature, 32, output_type=uint256)
        v: uint256 = convert(slice(signature, 64, 1), uint256)
        # What ecrecover cannot recover is the zero address.
        if s <= _HALF_ORDER and signer != empty(address) and ecrecover(digest, v, r, s) == signer:
            return True
    if not signer.is_contract:
        return False
    success: bool = False
    answer: Bytes[32] = b""
    success, answer = raw_call(
        signer,
        abi_encode(digest, signature, method_id=_VALID_SIGNATURE),
        max_outsize=32,
        is_static_call=True,
        revert_on_failure=False,
    )
    return success and len(answer) == 32 and convert(answer, bytes32) == convert(_VALID_SIGNATURE, bytes32)
