"""Errors of the model room; serving/api/errors.py translates them."""


class NoModel(Exception):
    """No model is in use; `refusal` is the reason why the promoted one was refused, if it was."""

    def __init__(self, refusal: str | None = None) -> None:
        super().__init__("no model is in use")
        self.refusal = refusal
