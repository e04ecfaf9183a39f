"""Closing the loop: the clocks of cases, who owns them, and which voices never became one.

Each page has a package, as in `voclib.studies`; what several pages ask (clocks, working time, rules of departments, contracts) stands here.
"""
