# pragma version ~=0.4.3
"""
@notice A wallet for tests that tries to send a call while it is asked for its signature, and to say yes afterwards.
"""

target: address
data: Bytes[4096]


@external
def prepare(target: address, data: Bytes[4096]):
    self.target = target
    self.data = data


@external
def isValidSignature(digest: bytes32, signature: Bytes[1024]) -> bytes4:
    # In a static call this fails without taking the wallet's answer with it.
    done: bool = raw_call(self.target, self.data, revert_on_failure=False)
    return 0x1626ba7e if done else 0xffffffff


@external
def run(target: address, data: Bytes[4096]):
    raw_call(target, data)
