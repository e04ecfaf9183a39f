"""Studies: a question and tables in, a Study out.

A small study is a module, and its words are a second one: `mine.py` and `mine_text.py`, as `voc new study` writes them. One that has grown is a
package of its name: the study itself in its `__init__`, its parts beside it, its words in `text`, its tables and captions in `tables` and `captions`,
what has to hold in `checks`. What several studies share (clusters, names of regions) stands here.
"""
