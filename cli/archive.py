"""What a forecast or a funnel said, kept as a snapshot in the home."""

from collections.abc import Mapping
from typing import Any

from cli.options import home, now_us
from cli.output import say


def keep(record: Mapping[str, Any] | None) -> str | None:
    """Keeps a snapshot in the home and says so; a home that is not there, or cannot be written, ends nothing."""
    from funnel.archive import save

    if record is None:
        say(
            "not kept as a snapshot: groups of this column may name one lead; --by stage, owner or source is kept"
        )
        return None
    if not home().is_dir():
        return None
    try:
        name = save(home(), record, now_us())
    except OSError as error:
        say(f"not kept as a snapshot: {error.filename or home()}: {error.strerror}")
        return None
    say(f"kept as snapshot {name}")
    return name
