"""The one error that rooms without a chain share."""


class InputError(ValueError):
    """What was given cannot be used: the text says what was wrong, and what is accepted. Nothing has changed."""
