# pragma version ~=0.4.3
"""
@title tags
@license GNU Affero General Public License v3.0 only
@notice Tags by number: each distinct text is stored once, by whoever uses it first, and named by its number from then on.
@dev Feedback and validations repeat a few tags for ever. A number of 40 to 56 bits fits into the word that is written
     anyway; the text would take two slots each time. Nobody can make another's tag dearer: a lookup is one read.
"""

# Number of a tag, from 1; 0 if nobody has used it.
_numbers: HashMap[String[64], uint256]
_texts: HashMap[uint256, String[64]]
_count: uint256


@internal
def _number(tag: String[64]) -> uint256:
    """
    @dev Number of a tag, given now if it is new; 0 for the empty one.
    """
    if len(tag) == 0:
        return 0
    number: uint256 = self._numbers[tag]
    if number == 0:
        number = self._count + 1
        self._count = number
        self._numbers[tag] = number
        self._texts[number] = tag
    return number


@internal
@view
def _filter(tag: String[64]) -> uint256:
    """
    @dev What to compare with: 0 for any tag, a number that no tag has for one that was never used.
    """
    if len(tag) == 0:
        return 0
    number: uint256 = self._numbers[tag]
    return number if number != 0 else max_value(uint256)


@internal
@view
def _text(number: uint256) -> String[64]:
    """
    @dev Text of a tag's number.
    """
    return self._texts[number] if number != 0 else ""
