"""Where a path lies: an empty one is no folder."""

from __future__ import annotations

import pytest

import voclib
from voclib.errors import ParameterError


@pytest.mark.parametrize("root", ["", "/somewhere"])
def test_an_empty_path_is_refused_in_words(monkeypatch: pytest.MonkeyPatch, root: str) -> None:
    """It would be the repository itself, and a dictionary read from a folder ends in a traceback."""
    monkeypatch.setenv("VOC_ROOT", root)
    with pytest.raises(ParameterError, match="The path of a file or folder is empty; name one, for example  dictionary_file: params"):
        voclib.locate("")
    assert voclib.locate("params/rules/aspects.yml").name == "aspects.yml"
