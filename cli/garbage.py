"""How often long commands look for objects that refer to each other and are of no use."""

import gc

AFTER = 50_000  # objects that have come and not gone; Python's own number is 700


def collect_rarely() -> None:
    """Makes the search for garbage rare, for the rest of the process.

    Imports leave next to none and are most of the objects that are searched, and arrays go with their last reference:
    the search took 1.8 of 40 seconds of a training.
    """
    gc.set_threshold(AFTER)
