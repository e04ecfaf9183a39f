"""Pages for one kind of reader: what the studies found, gathered for a decision."""
