"""The sample company's raw files, as its systems would export them: headings, encodings, nested tickets, and planted dirt."""
