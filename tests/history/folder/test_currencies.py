"""Amounts in several currencies are refused with the line that mends it; one currency is read as before."""

from pathlib import Path

import pytest

from history.base.errors import InvalidInput
from history.history import History
from history.read import read_folder


def folder(tmp_path: Path, leads: str, outcomes: str, config: str = "") -> Path:
    (tmp_path / "leads.csv").write_text(leads, encoding="utf-8")
    (tmp_path / "outcomes.csv").write_text(outcomes, encoding="utf-8")
    (tmp_path / "funnel.toml").write_text(config, encoding="utf-8")
    return tmp_path


def deals(currencies: str, title: str = "CurrencyIsoCode", amounts: str = "100 16000 7") -> str:
    """Outcomes of three leads with these currencies: two wins, then a loss."""
    rows = zip("abc", ("won", "won", "lost"), amounts.split(), currencies.split(), strict=True)
    lines = [f'{lead},{outcome},2026-03-12,"{amount}",{code}' for lead, outcome, amount, code in rows]
    return "\n".join([f"lead_id,outcome,closed_at,amount,{title}", *lines])


LEADS = "lead_id,created_at\na,2026-03-02\nb,2026-03-02\nc,2026-03-02\n"
LEADS_OF_TWO = "lead_id,created_at,Currency\na,2026-03-02,EUR\nb,2026-03-02,JPY\nc,2026-03-02,EUR\n"
PLAIN = "lead_id,outcome,closed_at,amount\na,won,2026-03-12,100\nb,won,2026-03-12,16000\n"


def amounts_of(history: History) -> list[float]:
    return [float(amount) for amount in history.outcomes.amount]


@pytest.mark.parametrize(
    ("leads", "outcomes", "source"),
    [
        (LEADS, deals("EUR JPY EUR"), "CurrencyIsoCode"),
        (LEADS, deals("EUR JPY EUR", "Deal currency"), "Deal currency"),
        (LEADS_OF_TWO, PLAIN, "Currency of leads"),
        (LEADS_OF_TWO.replace("Currency", "field_9"), PLAIN, "field_9 of leads"),
        (LEADS, deals("x x x", "note", "100€ ¥16000 7€"), "the signs of amount"),
    ],
    ids=["outcomes", "any name", "leads", "by its values", "signs"],
)
def test_two_currencies_are_refused(tmp_path: Path, leads: str, outcomes: str, source: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        read_folder(folder(tmp_path, leads, outcomes))
    (problem,) = refusal.value.problems
    assert (
        f"in 2 currencies by {'the column ' if 'signs' not in source else ''}{source}: EUR (1), JPY (1)"
        in problem
    )
    assert "[columns.outcomes] amount = " in problem


def test_converted_column_of_the_file_is_named_and_then_read(tmp_path: Path) -> None:
    outcomes = "\n".join(
        [
            "lead_id,outcome,closed_at,amount,currency,Amount (converted)",
            "a,won,2026-03-12,100,EUR,100",
            "b,won,2026-03-12,16000,JPY,98",
        ]
    )
    with pytest.raises(
        InvalidInput, match=r'the file has\): \[columns.outcomes\] amount = "Amount \(converted\)"'
    ):
        read_folder(folder(tmp_path, LEADS, outcomes))
    mend = '[columns.outcomes]\namount = "Amount (converted)"\n'
    assert amounts_of(read_folder(folder(tmp_path, LEADS, outcomes, mend))) == [100, 98]


def test_ignored_currency_column_is_not_compared(tmp_path: Path) -> None:
    mend = '[attributes]\nignore = ["Currency", "CurrencyIsoCode"]\n'
    history = read_folder(folder(tmp_path, LEADS_OF_TWO, deals("EUR JPY EUR"), mend))
    assert amounts_of(history)[:2] == [100, 16000]


@pytest.mark.parametrize(
    "outcomes",
    [
        deals("EUR eur JPY"),
        deals("EUR € JPY"),
        deals(" EUR JPY EUR", amounts="100 - 7"),
        deals("1.0 1.1 1", "rate"),
    ],
    ids=["case", "sign", "no amount", "rate"],
)
def test_one_currency_of_wins_is_read(tmp_path: Path, outcomes: str) -> None:
    assert amounts_of(read_folder(folder(tmp_path, LEADS, outcomes.replace('"-"', ""))))[0] == 100


def test_second_currency_after_t_does_not_count(tmp_path: Path) -> None:
    later = deals("EUR JPY EUR").replace("b,won,2026-03-12", "b,won,2026-05-12")
    data = folder(tmp_path, LEADS, later)
    assert amounts_of(read_folder(data, as_of_us=1_775_000_000_000_000))[0] == 100
    with pytest.raises(InvalidInput, match="2 currencies"):
        read_folder(data)


def test_currencies_of_leads_without_amounts_are_warned_of(tmp_path: Path) -> None:
    history = read_folder(folder(tmp_path, LEADS_OF_TWO, "lead_id,outcome,closed_at\na,won,2026-03-12\n"))
    (warning,) = history.warnings
    assert (warning.code, warning.subject) == ("several_currencies", "Currency")
    assert "EUR (2), JPY (1)" in warning.detail


@pytest.mark.parametrize(
    ("outcomes", "mend"),
    [
        (deals("EUR EUR EUR"), '[funnel] currency = "EUR". If amount is converted to USD already'),
        (deals("x x x", "note", "100€ €16000 7€"), '[funnel] currency = "EUR".'),
    ],
    ids=["column", "signs"],
)
def test_another_currency_than_that_of_the_funnel_is_refused(
    tmp_path: Path, outcomes: str, mend: str
) -> None:
    """Amounts in euros were shown as dollars."""
    with pytest.raises(InvalidInput) as refusal:
        read_folder(folder(tmp_path, LEADS, outcomes, '[funnel]\ncurrency = "USD"'))
    (problem,) = refusal.value.problems
    assert "are in EUR by" in problem
    assert mend in problem


@pytest.mark.parametrize(
    ("currency", "outcomes"),
    [
        ("eur", deals("EUR EUR EUR")),
        ("CAD", deals("x x x", "note", "$100 $16000 $7")),
        ("Euro", deals("EUR EUR EUR")),
        ("EUR", deals("x x x", "note")),
    ],
    ids=["case", "shared sign", "a word", "no currency"],
)
def test_currency_of_the_funnel_is_no_problem(tmp_path: Path, currency: str, outcomes: str) -> None:
    history = read_folder(folder(tmp_path, LEADS, outcomes, f'[funnel]\ncurrency = "{currency}"'))
    assert amounts_of(history)[:2] == [100.0, 16000.0]
