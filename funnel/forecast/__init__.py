"""Wins and revenue of coming calendar periods, with intervals and an explanation."""
