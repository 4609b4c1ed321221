"""Tests of the whole table of attributes: what the outcome wrote, told by all columns together."""
