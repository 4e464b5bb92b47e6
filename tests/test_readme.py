"""The README's example does what it says."""

import re
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def test_the_example_prints_the_numbers_beside_it(capsys):
    source = re.search(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.S).group(1)
    exec(compile(source, str(README), "exec"), {})
    printed = capsys.readouterr().out.splitlines()
    promised = re.findall(r"^print\(.*\)\s+# (.*)$", source, re.M)
    assert printed == promised
    assert len(printed) >= 3
    assert len(source.splitlines()) <= 15
