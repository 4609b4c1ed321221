"""Names that are nearly alike."""

import pytest

from models.doubts.names import misspelt_name, nearest_name


@pytest.mark.parametrize(
    ("name", "others", "nearest"),
    [
        ("employees", ["Number of employees", "city"], "Number of employees"),
        ("employees", ["Employees ", "employees_history"], "Employees "),
        ("annual_revenue", ["AnnualRevenue", "revenue"], "AnnualRevenue"),
        ("industry", ["industrie", "sector"], "industrie"),
        ("owner", ["city", "plan"], None),
        ("plan", [], None),
    ],
)
def test_nearest_name(name: str, others: list[str], nearest: str | None) -> None:
    assert nearest_name(name, others) == nearest


@pytest.mark.parametrize(
    ("name", "others", "misspelt"),
    [
        ("Employees", ["employees", "seats"], "employees"),
        ("annual-revenue", ["annual_revenue"], "annual_revenue"),
        ("employes", ["employees"], "employees"),
        ("company", ["company_size"], None),
        ("colour", ["employees"], None),
    ],
)
def test_misspelt_name(name: str, others: list[str], misspelt: str | None) -> None:
    assert misspelt_name(name, others) == misspelt
