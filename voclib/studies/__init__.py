"""Studies: a question and tables in, a Study out."""
