"""Rows of text into rows of the data standard: renamed, rewritten, dated, and each traceable to its file."""
