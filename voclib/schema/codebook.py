"""`python -m voclib.schema.codebook` writes data/README.md; the text itself is `voclib.schema.codebook()`, made in `handbook`."""

from __future__ import annotations

from voclib.schema.handbook import write

if __name__ == "__main__":
    write()
