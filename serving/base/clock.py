"""The service's clock. Everything below the service receives the time as an argument."""

import time


def clock_us() -> int:
    """Current time in microseconds UTC."""
    return time.time_ns() // 1000
