# pragma version ~=0.4.3
"""
@notice A contract for tests: makes two calls in one transaction, so in one block.
"""


@external
def run(target: address, first: Bytes[1024], second: Bytes[4096]):
    raw_call(target, first)
    raw_call(target, second)
