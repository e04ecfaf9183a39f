"""What is true and what is fast, measured."""
