"""A forecast as people read it: records, a flat table, explanation, warnings, plots."""
