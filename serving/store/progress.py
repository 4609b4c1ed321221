"""Progress of long operations on the store."""

from collections.abc import Callable

# Called with a text such as "loading 500 leads" and the share that is done, 0 to 1.
Progress = Callable[[str, float], None]
