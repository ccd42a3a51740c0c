"""What a user is told when what they gave cannot work."""


class UserError(Exception):
    """Something the user gave cannot be used; the message says what, which value, and what would do.

    The command prints the message alone (no traceback) and exits with code 2.
    """
