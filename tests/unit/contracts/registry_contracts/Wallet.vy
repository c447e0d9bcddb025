# pragma version ~=0.4.3
"""
@notice A contract for tests: a wallet that accepts one digest or signature length (ERC-1271), and takes agents or not.
"""

accepted: public(bytes32)
takes: public(bool)
answer: public(bytes4)


@deploy
def __init__(takes: bool):
    self.takes = takes
    self.answer = 0x1626ba7e


@external
def accept(digest: bytes32, answer: bytes4):
    self.accepted = digest
    self.answer = answer


@external
@view
def isValidSignature(digest: bytes32, signature: Bytes[1024]) -> bytes4:
    return self.answer if digest == self.accepted else 0xffffffff


@external
@view
def onERC721Received(operator: address, sender: address, id: uint256, data: Bytes[1024]) -> bytes4:
    return 0x150b7a02 if self.takes else 0x00000000


@external
def run(target: address, data: Bytes[4096]):
    raw_call(target, data)
