"""The one kind of error that a user is meant to read."""


class HeadshotError(Exception):
    """What happened, in the user's words, and what to do next.

    The page shows it as a notice, the terminal as one line and exit code 2.
    """

    def __init__(self, what: str, todo: str = ""):
        self.what = what
        self.todo = todo
        super().__init__(f"{what} {todo}".strip())


class Cancelled(HeadshotError):
    """The user stopped the work; nothing was written."""

    def __init__(self):
        super().__init__("Stopped.", "Nothing was changed.")
