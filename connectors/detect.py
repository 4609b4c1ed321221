"""Tells from their columns which system wrote some files; `python -m connectors.detect SOURCE...` prints it as JSON."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path

from connectors.formats.sources import Source, open_sources
from connectors.reading.recognise import recognise
from connectors.run import SYSTEMS
from history.base.errors import InvalidInput


@dataclass(frozen=True)
class Match:
    """A system that knows some of the files: which of its objects each holds, and how many columns it knows."""

    system: str
    kinds: dict[str, str]
    columns: int


def detect(sources: Sequence[Source]) -> list[Match]:
    """The systems that know any of the sources, the best first: most columns known, then most files."""
    matches = [match for system in SYSTEMS if (match := _match(system, sources)).kinds]
    return sorted(matches, key=lambda match: (-match.columns, -len(match.kinds)))


def _match(system: str, sources: Sequence[Source]) -> Match:
    kinds, columns = {}, 0
    for source in sources:
        found = recognise(source, import_module(SYSTEMS[system]).KINDS)
        if found is not None:
            kinds[source.file] = found.kind.name
            columns += len(found.columns)
    return Match(system, kinds, columns)


def main(paths: Sequence[str]) -> int:
    """0 and the matches; 1 and the reason on stderr if a file cannot be read."""
    try:
        matches = detect(open_sources([Path(path) for path in paths]))
    except InvalidInput as refusal:
        sys.stderr.write(f"Error: {refusal}\n")
        return 1
    sys.stdout.write(json.dumps({"matches": [asdict(match) for match in matches]}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
