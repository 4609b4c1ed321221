"""Declared objects: fields with their labels, found by name, without the wrapper of a loader."""

import re

from connectors.reading.declare import Kind, ObjectKind, Trap, times, trapped, used

DEAL = ObjectKind(
    "Deal",
    (
        *used("Id", "Amount|Deal Amount", kind=Kind.NUMBER),
        *times("Closed|Close Date"),
        *trapped(Trap.TODAY, "Stage"),
    ),
    needs=("Id", ("Closed", "Stage")),
    wrapper=re.compile(r"^properties\."),
)


def test_name_may_bring_its_labels() -> None:
    field = DEAL.field("Amount")
    assert field is not None
    assert (field.labels, field.kind, field.trap) == (("Deal Amount",), Kind.NUMBER, Trap.USED)
    assert DEAL.field("Deal Amount") is None


def test_fields_of_a_trap_are_those_alone() -> None:
    assert [field.name for field in DEAL.trapped(Trap.TODAY)] == ["Stage"]
    assert [field.name for field in DEAL.trapped(Trap.USED)] == ["Id", "Amount", "Closed"]


def test_wrapper_is_no_part_of_a_name() -> None:
    assert DEAL.bare("properties.Amount") == "Amount"
    assert DEAL.bare("Amount") == "Amount"
