"""The funnel as it stands at T and what happened in a period: stages, deals, leaks, attention."""
