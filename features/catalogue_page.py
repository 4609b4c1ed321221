"""docs/reference/features.md: the catalogue for people, of an example with a column of every sort.

`python -m features.catalogue_page` prints it; a test compares the file with it.
"""

import sys
from itertools import groupby

import numpy as np

from features.attributes.attributes import Attribute
from features.attributes.category_rates import SHRINKAGE, CategoryTables
from features.attributes.combinations import SHRINKAGE as COMBINED
from features.attributes.combinations import Combinations
from features.attributes.identity import UNIQUE
from features.attributes.kinds import FITS
from features.attributes.learn import (
    CHANGE_COLUMNS,
    LEAST_CHANGED,
    LEAST_LEADS,
    MANY_LEVELS,
    MOST_LEVELS,
    MOST_PICKS,
)
from features.catalogue import catalogue
from features.feature import NO_VALUE, Feature
from features.interactions.interactions import HALF_LIVES_DAYS, InteractionVocabulary
from features.interactions.learn import KEPT_CHANNELS, KEPT_KINDS, LEAST_ROWS
from features.vocabulary import Vocabulary
from history.config.config import FunnelConfig

STAGES = ("new", "qualified", "proposal")
DATE = ("days_ahead", "days_after_creation", "weekday", "week")
CATEGORY = ("value", "share", "past_leads", "win_rate")

INTRODUCTION = f"""# Features

<!-- Written by `python -m features.catalogue_page`; a test holds this page to the code. -->

What the models know of a lead at an instant, `as_of`. The columns of a model depend on its training leads: this page
shows those of an example with the stages {", ".join(STAGES)}, one interaction kind (`demo`), one channel (`phone`), and
the attributes `company size` (a number), `newsletter` (true or false), `planned close` (a date), `industry` (a
category), `tools` (several picks in a cell) and `owner`. A real model has these columns for each of its own.

- **Point in time.** A row counts if it happened and was recorded by `as_of`. Windows are (as_of - w, as_of]. One
  function computes a lead alone and a million together, to the same bits.
- **Missing** is a value of its own: not a number, or category code 0. Code 1 is a category that is too rare for a code
  of its own or was never seen in training; codes from 2 are the model's categories, most frequent first.
- **Learned from training leads only**, each read at its latest training instant: up to {KEPT_KINDS} kinds and
  {KEPT_CHANNELS} channels with at least {LEAST_ROWS} interactions (the rest are counted together; a channel in
  one-to-one correspondence with a kind is not counted again), up to {MOST_LEVELS} categories an attribute with at least
  {LEAST_LEADS} leads each, and the usual days in each stage of leads that went on.
- **Activity decay.** Each interaction counts 1 when it happens and halves every {HALF_LIVES_DAYS[0]}
  (`activity_decay_{HALF_LIVES_DAYS[0]}d`) or {HALF_LIVES_DAYS[1]} days. `activity_trend` compares the last 7
  days with the mean week of the four before.
- **Kinds of attributes** are inferred: boolean (true, false, 1, 0), number, date, else category, if at least
  {FITS:.0%} of the values fit. Codes such as 01 make a column a category. `[attributes.types]` overrides. A column that
  is empty, constant, or different for nearly every lead gives no feature; `check` lists such columns.
- **Numbers and dates as people write them** (`$6,500.00`, `6.500,00 EUR`, `(500)`, `1,2 Mio`, `12 %`, `7 Mar 2026`,
  `31.12.2026`, `12/31/2026 2:05 PM`) are read if the whole column, or else `[formats]`, leaves no choice of decimal
  mark, currency, unit, and order of day and month; else `misread_attribute` names what is open. `check` lists how a
  column is written, and the model reads a request's value the same way.
- **Several picks in one cell** (`ERP;BI`, `A, B`, `["x","y"]`) are a set: one column a pick that at least {LEAST_LEADS}
  leads have, up to {MOST_PICKS} a column, and one of their number. Picks are separated by `;`, `|`, line breaks or
  commas and must recur; commas also need picks without a place of their own, so that `Smith, John` and
  `Berlin, Germany` stay one text. `[attributes.types]` settles it with `set` or `category`.
- **Identity** is never learned: `[attributes] identity`, e-mail addresses, phone numbers and links of one lead each,
  long ids, and columns in which at least {UNIQUE:.0%} of the leads have a text of their own. `check` lists them with
  the form of their values; a kind in `[attributes.types]` makes one a feature. A column whose values recur is a
  feature, whatever its name. Of `account_id` only what is known of the account's other leads is learned.
- **Attributes valid at as_of**: the value at creation until a visible change replaces or clears it. `mutable` ones are
  read from their changes only. `sensitive` and `ignore`d ones are never features. Columns of changes need
  {LEAST_CHANGED} leads with a change.
- **Win rates** of owner, account, source and every category that leads share, and past leads of those with at least
  {MANY_LEVELS} values: leads created at least one horizon before as_of, judged by outcomes visible then, under their
  value at the time of their decision (or at the end of the horizon). The rate is shrunk to that of all leads:
  (wins + {SHRINKAGE:g} x base rate) / (leads + {SHRINKAGE:g}). Training looks them up as they stood at each row's own
  instant; a model carries them frozen at its T.
- **Combinations** of two attributes with win rates are columns where a test on the training rows is sure of them by
  three standard errors: up to ten, such as two owners who win with different industries. A column is the odds of a win
  of the two values together, divided by the odds that the win rates of each suggest; 1 is what is expected. It counts
  the snapshots of leads on training's grid of past instants, as known at each row's own instant and with {COMBINED:g}
  snapshots at the expected rate added.
- **The month** (and the week of a date) is a column only if training spans a year: before that it only tells the date.
- **Days to the end of a month or quarter** are blanked in training that spans fewer than two of them: on the first pass
  they tell the date.
- **Names** are lower-case ASCII, derived from the data's own; two equal names get a digest behind them.
- **Direction** is given only if more surely helps (+1) or hurts (-1) in any funnel.
- **Reasons** are sentences: the phrase with its value, and "raises the chance" or "lowers the chance".
"""

TITLES = {
    "stages": "Stage progression",
    "engagement": "Interactions",
    "attributes": "Attributes",
    "calendar": "Calendar",
    "combinations": "Combinations",
}
HEADER = "| name | unit | direction | in a reason | if missing |\n|---|---|---|---|---|"
DIRECTIONS = {1: "+1", -1: "-1", 0: ""}


def example() -> Vocabulary:
    """A vocabulary with a column of every sort, as `INTRODUCTION` describes it."""
    nothing = np.empty(0, dtype=np.int64)
    return Vocabulary(
        config=FunnelConfig(stages=STAGES),
        learned_at_us=0,
        n_leads=0,
        stage_medians=(None,) * len(STAGES),
        interactions=InteractionVocabulary(
            kinds=("demo",),
            channels=("phone",),
            pools_kinds=True,
            pools_channels=True,
            directions=True,
            values=True,
            any=True,
        ),
        attributes=(
            Attribute("company size", "number", ("value",)),
            Attribute("industry", "category", CATEGORY),
            Attribute("newsletter", "boolean", ("value",)),
            Attribute("owner", "category", (*CATEGORY, *CHANGE_COLUMNS)),
            Attribute("planned close", "date", (*DATE, *CHANGE_COLUMNS)),
            Attribute("tools", "set", ("value",), levels=("ERP",)),
        ),
        tables=CategoryTables({}, np.zeros(1, dtype=np.int64), *[nothing] * 6),
        whole_year=True,
        combinations=Combinations((("industry", "owner"),)),
    )


def page() -> str:
    """The whole page as Markdown."""
    parts = [INTRODUCTION]
    for block, columns in groupby(catalogue(example()), key=lambda column: column.block):
        rows = "\n".join(map(_row, columns))
        parts.append(f"## {TITLES[block]}\n\n{HEADER}\n{rows}\n")
    return "\n".join(parts)


def _row(column: Feature) -> str:
    unit = column.unit if column.kind == "number" else f"{column.unit}, as code"
    direction = DIRECTIONS[column.direction]
    phrase = column.phrase.format(value="**x**")
    missing = "" if column.missing == NO_VALUE else column.missing.format()
    return f"| `{column.name}` | {unit} | {direction} | {phrase} | {missing} |"


if __name__ == "__main__":
    sys.stdout.write(page())
