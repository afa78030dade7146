"""Pages of documentation as their tests see them: code blocks with what is claimed of them, and tests that are named.

A block's first line may carry options behind the language:

    ```ilk                                  accepted without any diagnostic
    ```ilk expect=E0504,E0505               exactly these diagnostics
    ```ilk judged                           everything that is judged is as the block itself expects
    ```ilk verdict=coverage:violated        these properties get these verdicts
    ```ilk file=buffer.ilk                  a file that later blocks of the page use, and that its commands read
    ```console                              a command and what it prints, without times
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "docs/README.md", "docs/language.md", "docs/semantics.md")


@dataclass(frozen=True)
class Block:
    """A fenced block: where it is, its language and options, and its text."""

    page: str
    line: int
    language: str
    options: dict[str, str]
    text: str
    files: dict[str, str] = field(repr=False)
    """Files that earlier blocks of the page made, and this one."""

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def name(self) -> str:
        return self.options.get("file", "example.ilk")


def text_of(page: str) -> str:
    path = ROOT / page
    return path.read_text(encoding="utf-8") if path.exists() else ""


def blocks(language: str) -> list[Block]:
    return [block for page in PAGES for block in blocks_of(page, text_of(page)) if block.language == language]


def blocks_of(page: str, text: str) -> list[Block]:
    found: list[Block] = []
    files: dict[str, str] = {}
    for match in re.finditer(r"^```(\w+)([^\n]*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        pairs = (option.partition("=") for option in match[2].split())
        options = {name: value for name, _, value in pairs}
        if "file" in options:
            files = {**files, options["file"]: match[3]}
        line = text.count("\n", 0, match.start()) + 1
        found.append(Block(page, line, match[1], options, match[3], files))
    return found


def named_tests(text: str) -> list[str]:
    """Tests that a page names, each in code quotes."""
    return re.findall(r"`(test_\w+)`", text)
