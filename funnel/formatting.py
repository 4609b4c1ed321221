"""Numbers as text, the same on the terminal, on pages and in reports; a dash for a missing value."""


def format_percent(share: float | None) -> str:
    """A share (0 to 1) in per cent with one decimal."""
    return "-" if share is None else f"{100 * share:.1f} %"


def format_number(value: float | None) -> str:
    """Three significant digits; from 1,000 on whole, with thousands separators."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
