"""The one error of an expression: what is wrong, a picture of where, and what to try."""

SHOWN = 60  # characters of the text in the picture, on each side of the mistake at most


def _visible(text: str) -> str:
    """The text with each character that does not print, or moves the line, as one that keeps its place."""
    return "".join(c if c.isprintable() else " " if c.isspace() else "?" for c in text)


class ExpressionError(ValueError):
    """A mistake in a typed expression, at `column` (from 0) of `text`; `reason` says what is wrong and what to try."""

    def __init__(self, reason: str, text: str, column: int):
        super().__init__(reason, text, column)
        self.reason = reason
        self.text = text
        self.column = column

    def __str__(self):
        first = max(0, self.column - SHOWN)
        last = self.column + SHOWN
        before = ("..." if first else "") + _visible(self.text[first : self.column])
        after = _visible(self.text[self.column : last]) + ("..." if last < len(self.text) else "")
        return f"{self.reason}\n    {before}{after}\n    {' ' * len(before)}^"
