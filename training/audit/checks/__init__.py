"""Tests of one column of attributes: what each would show if the outcome had written it."""
