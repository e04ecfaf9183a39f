"""Files into rows of text: whatever was exported is opened, and no row is lost."""
