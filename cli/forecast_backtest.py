"""`leadcast backtest --forecast`: the forecast made again at past dates, beside three baselines and what
came.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.options import train_options
from cli.output import emit, say, say_table
from cli.progress import Progress, progress

if TYPE_CHECKING:
    from features.event_log import History

ORIGINS = 6
FIGURES = ("cells", "mae", "bias", "pinball", "coverage", "interval_score")


def backtest_forecast(
    history: "History", options: Mapping[str, Any], report: Path | None, tell: Progress
) -> dict[str, Any]:
    """Replays and writes the page; the result as JSON-ready values."""
    from funnel.forecast import Asked
    from funnel.forecast_periods import DEFAULT_COUNT
    from training.forecast_backtest import forecast_replay, past_origins

    count = options["periods"] or DEFAULT_COUNT[options["period"]]
    asked = Asked(options["period"], count)
    given = options["at_us"] or past_origins(history, asked, options["origins"] or ORIGINS)
    result = forecast_replay(
        history, given, asked, train_options(options), lambda text, share: tell(text, 0.02 + 0.9 * share)
    )
    if report is not None:
        from cli.whole_file import write_text
        from funnel.forecast_figures import replay_page

        write_text(replay_page(result, history.config.currency), report)
    return result


def run(
    read: Callable[[], "History"], options: Mapping[str, Any], report: Path | None, as_json: bool
) -> None:
    """The command: `read` gives the history once the progress bar is there."""
    with progress() as tell:
        tell("reading the data", 0.0)
        history = read()
        result = backtest_forecast(history, options, report, tell)
    for left in result["skipped"]:
        say(f"{left['as_of'][:10]} left out: {left['reason']}")
    say(f"{len(result['origins'])} past dates, {options['period']}s:")
    for what in ("wins", "revenue"):
        if what in result:
            say(f"\n{what}, all periods:")
            say_table(
                ("", *FIGURES), [(name, *(m.get(f) for f in FIGURES)) for name, m in result[what].items()]
            )
            say(f"\n{what}, forecast by period ahead:")
            steps = result[what]["forecast"]["by_step"]
            say_table(("step", *FIGURES), [(s["step"], *(s.get(f) for f in FIGURES)) for s in steps])
    if report is not None:
        say(f"\nreport: {report}")
    if as_json:
        emit(result)
