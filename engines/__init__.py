"""Engines: processes and machines that share the work on parts of the leads. Knows no features and no models."""
