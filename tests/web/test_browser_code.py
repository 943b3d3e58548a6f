"""The browser code's own tests, and the check that no text stands outside the catalogues."""

from __future__ import annotations

import subprocess
from pathlib import Path

UI = Path(__file__).parents[2] / "web" / "ui"
NODE = UI.parents[1] / "tools" / "with-node"


def test_what_the_browser_code_decides_by_itself() -> None:
    run = subprocess.run([NODE, "npm", "--prefix", UI, "run", "--silent", "test"], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def test_a_text_in_the_code_is_found(tmp_path: Path) -> None:
    (tmp_path / "bad.tsx").write_text(
        "const a = (on: boolean) => (\n"
        '  <p aria-label="one" class="fine">\n'
        '    two {on ? t.fine : "three"} {on && `four ${on}`} {fine("fine")} {a === "fine" ? 1 : 2} ·\n'
        "  </p>\n"
        ");\n"
        'const b = { label: "five", kind: "fine" };\n'
        'const c = "Prøv igen";\n'
    )
    run = subprocess.run(
        [NODE, "node", UI / "scripts" / "untranslated.mjs", tmp_path], capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    for text in ("one", "two", "three", "four", "five", "Prøv igen"):
        assert f"“{text}”" in run.stderr, run.stderr
    assert "fine" not in run.stderr
