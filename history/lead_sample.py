"""A history that holds a sample of a folder's leads: of which leads, and the warning that says so."""

from dataclasses import asdict, dataclass

from history.base.warnings import Warning


@dataclass(frozen=True)
class LeadSample:
    """The leads of a history are one in `one_in` of the `of_leads` leads of its folder, by a hash of their ids.

    is_wanted: the share was asked for, not made necessary by the memory.
    """

    one_in: int
    leads: int
    of_leads: int
    is_wanted: bool = False

    def to_dict(self) -> dict[str, int]:
        """The counts, JSON-ready."""
        return {name: value for name, value in asdict(self).items() if name != "is_wanted"}

    def warning(self) -> Warning:
        """The warning that figures, counts and models are of these leads alone."""
        more = f"--one-in {self.one_in // 2} takes more" if self.one_in > 2 else "--one-in 1 takes all"
        reason = (
            "as --one-in says"
            if self.is_wanted
            else f"more would not fit into memory, or teach little: with more memory {more}"
        )
        detail = (
            f"trained on {self.leads:,} of {self.of_leads:,} leads, one in {self.one_in} by a hash of their ids; "
            f"{reason}. Every row was read and checked; figures and counts are of these leads"
        )
        return Warning("sampled_leads", "leads", detail, evidence=self.to_dict())


def sample_warnings(sample: LeadSample | None) -> list[Warning]:
    """The warning of a sample; none for all leads."""
    return [] if sample is None else [sample.warning()]
