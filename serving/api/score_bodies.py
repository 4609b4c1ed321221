"""Bodies of score requests: limits first, then every problem of each lead."""

from collections.abc import Iterator
from typing import Any

import msgspec

from history.records.json_rows import interactions_of_json
from history.text.outcome_words import NO_WORDS, OutcomeWords
from serving.api.records import LEAD, without_known_word
from serving.base.limits import MAX_INTERACTIONS, MAX_LEAD_BYTES, MAX_LEADS
from serving.base.problems import Problem, error, invalid, too_large
from serving.http.strict_json import read_json, read_valid, read_valid_but
from serving.model.scoring import Lead

_WITHOUT_INTERACTIONS = LEAD.decoder_without("interactions")


def read_lead(content: bytes, words: OutcomeWords = NO_WORDS) -> Lead:
    """The lead that strict JSON encodes; raises Problem 413 for too many rows, 422 with every problem.

    A valid lead, the usual one, is checked while it is decoded; its interactions mostly become a log at once.
    """
    quickly = _read_usual(content)
    if quickly is not None:
        return quickly
    value = read_valid(content, LEAD.decoder)
    if value is not None and LEAD.has_finite_numbers(value):
        lead: Lead = value
        return lead
    return check_lead(read_json(content), words=words)


def _read_usual(content: bytes) -> Lead | None:
    """A valid lead with its interactions as a log; None if they, or the lead, need the slower reading."""
    value = read_valid_but("interactions", content, _WITHOUT_INTERACTIONS)
    if value is None or not LEAD.has_finite_numbers(value) or not _is_utf_8(content):
        return None
    lead: dict[str, Any] = value
    if "interactions" in lead:
        log = interactions_of_json(lead["interactions"], MAX_INTERACTIONS)
        if log is None:
            return None
        lead["interactions"] = log
    return lead


def _is_utf_8(content: bytes) -> bool:
    """True for UTF-8, also where the decoder has not looked."""
    if content.isascii():
        return True
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def check_lead(value: Any, loc: tuple[str | int, ...] = ("body",), words: OutcomeWords = NO_WORDS) -> Lead:
    """The value as a lead; raises Problem 413 for too many rows, 422 with every problem.

    words: the model's own for outcomes.
    """
    check_lengths(value)
    errors = LEAD.problems(value, loc)
    if errors:
        raise invalid(without_known_word(errors, (*loc, "outcome", "outcome"), _outcome_word(value), words))
    lead: Lead = value
    return lead


def _outcome_word(value: Any) -> object:
    outcome = value.get("outcome") if type(value) is dict else None
    return outcome.get("outcome") if type(outcome) is dict else None


def check_lengths(value: Any) -> None:
    """Raises Problem 413 if a lead has too many rows in one of its tables."""
    if type(value) is not dict:
        return
    for key in ("interactions", "stages", "attribute_changes"):
        rows = value.get(key)
        if type(rows) is list and len(rows) > MAX_INTERACTIONS:
            raise too_large(
                f"A lead may have {MAX_INTERACTIONS} {key}, this one has {len(rows)}; send the latest."
            )


def check_batch(value: Any, content: bytes, words: OutcomeWords = NO_WORDS) -> Iterator[Lead | Problem]:
    """The leads of a batch in order, checked lazily, with a Problem in the place of each invalid one.

    Raises Problem for the batch itself: not {leads: [...]}, or more than `MAX_LEADS`.
    """
    if type(value) is not dict:
        raise invalid([error(["body"], "expected an object with the key leads")])
    errors = [error(["body", key], "unknown key") for key in value if key != "leads"]
    if type(value.get("leads")) is not list:
        message = "missing" if "leads" not in value else "expected a list of leads"
        errors.append(error(["body", "leads"], message))
    if errors:
        raise invalid(errors)
    leads = value["leads"]
    if len(leads) > MAX_LEADS:
        raise too_large(f"A batch may have {MAX_LEADS} leads, this one has {len(leads)}; send several.")
    sizes = _sizes(content) if len(content) > MAX_LEAD_BYTES else [0] * len(leads)
    return (_checked(lead, i, size, words) for i, (lead, size) in enumerate(zip(leads, sizes, strict=True)))


def _checked(value: Any, index: int, size: int, words: OutcomeWords) -> Lead | Problem:
    try:
        if size > MAX_LEAD_BYTES:
            raise too_large(f"A lead may have {MAX_LEAD_BYTES} bytes, this one has {size}.")
        return check_lead(value, ("body", "leads", index), words)
    except Problem as problem:
        return problem


class _Batch(msgspec.Struct):
    leads: list[msgspec.Raw]


_SIZES = msgspec.json.Decoder(_Batch)


def _sizes(content: bytes) -> list[int]:
    """Bytes of each lead of a batch, without decoding the leads."""
    return [len(memoryview(raw)) for raw in _SIZES.decode(content).leads]
