"""Leaks: figures that became worse than before or are worse than elsewhere, tested and sized in revenue."""
