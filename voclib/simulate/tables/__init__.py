"""The sample company's standard tables, read off the one world."""
