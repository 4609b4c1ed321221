"""docs/reference/features.md: the catalogue for people, of an example that has a column of every sort.

`python -m features.catalogue_page` prints it; a test holds the file to it.
"""

import sys
from itertools import groupby

import numpy as np

from features.attributes import Attribute
from features.catalogue import catalogue
from features.category_rates import SHRINKAGE, CategoryTables
from features.feature import IN_FAVOUR, NO_VALUE, Feature
from features.interactions import Spoken
from features.learn_attributes import LEAST_CHANGED, LEAST_LEADS, MANY_LEVELS, MOST_LEVELS
from features.learn_interactions import KEPT_CHANNELS, KEPT_KINDS, LEAST_ROWS
from features.parsing import FITS
from features.vocabulary import Vocabulary
from history.config import FunnelConfig

STAGES = ("new", "qualified", "proposal")
DATE = ("days_ahead", "days_after_creation", "weekday", "week")
CATEGORY = ("value", "share", "past_leads", "win_rate")
CHANGED = ("changes", "days_since_change")

INTRODUCTION = f"""# Features

<!-- Written by `python -m features.catalogue_page`; a test holds this page to the code. -->

What the models know of a lead at an instant, `as_of`. The columns of a model depend on what its training leads
held: this page shows those of an example with the stages {", ".join(STAGES)}, one interaction kind (`demo`),
one channel (`phone`), and the attributes `company size` (a number), `newsletter` (true or false), `planned
close` (a date), `industry` (a category) and `owner`. A real model has these columns for each of its own.

- **Point in time.** A row counts when it happened and was recorded by `as_of`. Windows are (as_of - w, as_of].
  One function computes a lead alone and a million together, to the same bits.
- **Missing** is a value of its own: not a number, or category code 0. Code 1 is a category too rare to have its
  own code or never seen in training; codes from 2 are the model's categories, most frequent first.
- **Learned from training leads only**, each read at the latest instant at which it trains: up to {KEPT_KINDS}
  kinds and {KEPT_CHANNELS} channels with at least {LEAST_ROWS} interactions (the rest are counted
  together; a channel that only echoes one kind is not counted again), up
  to {MOST_LEVELS} categories an attribute with at least {LEAST_LEADS} leads each, and the usual days in each
  stage of leads that went on.
- **Kinds of attributes** are inferred: boolean (true, false, 1, 0), number, date, else category, when at least
  {FITS:.0%} of the values fit. Codes such as 01 make a column a category. `[attributes.types]` overrides. A
  column that is empty, constant, or different for nearly every lead gives no feature, and `check` says so.
- **Attributes valid at as_of**: the value at creation until a visible change replaces or clears it. `mutable`
  ones are read from their changes only. `sensitive` and `ignore`d ones are never features. Counts of changes
  need {LEAST_CHANGED} leads with a change.
- **Past leads and win rates** of owner, account, source and categories with at least {MANY_LEVELS} values:
  leads created at least one horizon before as_of, judged by outcomes visible then, under the value they had
  when they were decided (or at the end of the horizon). The rate is shrunk to that of all leads: (wins +
  {SHRINKAGE:g} x base rate) / (leads + {SHRINKAGE:g}). Training looks them up as they stood at each row's own
  instant; a model carries them frozen at its T.
- **The month** (and the week of a date) is a column only where training spans a year: before that it is but a
  clock.
- **Days to the end of a month or quarter** are blanked in training that spans fewer than two of them: on the
  first pass they tell the date.
- **Names** are lower-case ASCII, made of the data's own; where two would be one, a digest is put behind them.
- **Direction** is given only where more surely helps (+1) or hurts (-1) in any funnel.
"""

TITLES = {
    "stages": "Stage progression",
    "engagement": "Engagement",
    "attributes": "Attributes",
    "calendar": "Calendar",
}


def example() -> Vocabulary:
    """A vocabulary with a column of every sort."""
    nothing = np.empty(0, dtype=np.int64)
    return Vocabulary(
        config=FunnelConfig(stages=STAGES),
        learned_at_us=0,
        n_leads=0,
        stage_medians=(None,) * len(STAGES),
        spoken=Spoken(("demo",), ("phone",), True, True, True, True, True),
        attributes=(
            Attribute("company size", "number", ("value",)),
            Attribute("industry", "category", CATEGORY),
            Attribute("newsletter", "boolean", ("value",)),
            Attribute("owner", "category", (*CATEGORY, *CHANGED)),
            Attribute("planned close", "date", (*DATE, *CHANGED)),
        ),
        tables=CategoryTables({}, np.zeros(1, dtype=np.int64), *[nothing] * 6),
        whole_year=True,
    )


def page() -> str:
    """The whole page as Markdown."""
    parts = [INTRODUCTION]
    for block, columns in groupby(catalogue(example()), key=lambda column: column.block):
        rows = "\n".join(map(_row, columns))
        parts.append(
            f"## {TITLES[block]}\n\n| name | unit | direction | says | when missing |\n|---|---|---|---|---|\n{rows}\n"
        )
    return "\n".join(parts)


def _row(column: Feature) -> str:
    says = column.up.removesuffix(IN_FAVOUR).format(value="**x**")
    missing = "" if column.missing == NO_VALUE else column.missing.format()
    direction = {1: "+1", -1: "-1", 0: ""}[column.direction]
    unit = column.unit if column.kind == "number" else f"{column.unit}, as code"
    return f"| `{column.name}` | {unit} | {direction} | {says} | {missing} |"


if __name__ == "__main__":
    sys.stdout.write(page())
