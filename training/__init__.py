"""Training: may look past as_of, in labels.py only; writes bundles, runs and reports."""
