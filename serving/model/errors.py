"""Errors of the model room; serving/api/errors.py translates them."""


class NoModel(Exception):
    """No model is in use; `refusal` is the reason why the promoted one was refused, if it was.

    is_loading: the promoted one is being tried and loaded, which takes seconds.
    """

    def __init__(self, refusal: str | None = None, is_loading: bool = False) -> None:
        super().__init__("no model is in use")
        self.refusal = refusal
        self.is_loading = is_loading
