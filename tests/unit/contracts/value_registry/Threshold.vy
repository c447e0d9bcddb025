# pragma version ~=0.4.3
"""
@notice A contract for tests: says whatever threshold it is told to, in the place of the HomophilyVote.
"""

threshold: public(uint256)


@deploy
def __init__(threshold: uint256):
    self.threshold = threshold


@external
def set(threshold: uint256):
    self.threshold = threshold
