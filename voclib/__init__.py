"""Customer-voice research."""
