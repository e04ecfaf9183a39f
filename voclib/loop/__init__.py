"""Closing the loop: the clocks of cases, who owns them, and which voices never became one."""
