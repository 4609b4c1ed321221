"""Names of attributes in the table of changes: labels and API names of one column of leads are one attribute."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from history.config.schema import ACCOUNT, OWN_ATTRIBUTES

# Labels of CRMs for the attributes with a column of their own, in plain form.
LABELS: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        (
            *(
                "owner",
                "ownerid",
                "ownername",
                "opportunityowner",
                "opportunityownerid",
                "leadowner",
                "leadownerid",
            ),
            *("dealowner", "contactowner", "recordowner", "hubspotowner", "hubspotownerid"),
            *("assignedto", "assigneduser", "salesperson", "salesrep"),
            *("besitzer", "inhaber", "zuständig", "verkäufer", "vertriebsmitarbeiter"),
            *("propriétaire", "vendeur", "propietario", "vendedor"),
        ),
        "owner",
    ),
    **dict.fromkeys(("account", "accountid", "accountname", "companyid", "organizationid", "orgid"), ACCOUNT),
    **dict.fromkeys(("source", "leadsource", "originalsource", "hsanalyticssource", "leadquelle"), "source"),
}
LEAST_SIMILARITY: Final = 0.8  # of a name that is only pointed out


@dataclass(frozen=True)
class AttributeNames:
    """The canonical name of each name (n,) in the table, those read otherwise than written, and those nearly known."""

    names: Sequence[str]
    renamed: Mapping[str, str]
    near: Mapping[str, str]


def attribute_names(texts: Sequence[str], known: Iterable[str], mapping: Mapping[str, str]) -> AttributeNames:
    """Matches names (n,) with the attributes that are known.

    known: columns of leads by canonical name and names in funnel.toml. mapping: canonical name -> column of the file.
    A name counts as a known one if it is the same but for case, blanks, signs and a final __c, or a usual label of
    owner, source or account_id; if several known ones are, as none.
    """
    exact = {
        **{column: name for name, column in mapping.items()},
        **{name: name for name in (*known, *OWN_ATTRIBUTES)},
    }
    by_plain: dict[str, set[str]] = {}
    for text, name in exact.items():
        by_plain.setdefault(_plain(text), set()).add(name)
    names: list[str] = []
    renamed: dict[str, str] = {}
    near: dict[str, str] = {}
    for text in texts:
        match = exact.get(text) or _matched(_plain(text), by_plain)
        names.append(text if match is None else match)
        if match is None:
            close = get_close_matches(_plain(text), by_plain, n=1, cutoff=LEAST_SIMILARITY)
            if close:
                near[text] = min(by_plain[close[0]])
        elif match != text and text not in mapping.values():
            renamed[text] = match
    return AttributeNames(names, renamed, near)


def _matched(plain: str, by_plain: Mapping[str, set[str]]) -> str | None:
    same = by_plain.get(plain, set())
    if len(same) == 1:
        return next(iter(same))
    return None if same else LABELS.get(plain)


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name.removesuffix("__c").casefold())
