"""What the commands on a page print.  `python -m tests.docs.transcripts` writes it into the pages."""

import contextlib
import io
import re
import shlex
import tempfile
from pathlib import Path

from tests.docs.pages import PAGES, ROOT, Block, blocks_of, text_of

from interlock_cli.main import main

JUDGING = ("check", "prove", "bmc", "explore", "simulate")


def transcript(block: Block, folder: Path) -> str:
    """Run the commands of a block in a folder that has the page's files; times are left out."""
    for name, text in block.files.items():
        (folder / name).write_text(text, encoding="utf-8")
    output = io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        for line in block.text.splitlines():
            if line.startswith("$ interlock "):
                print(line)
                arguments = shlex.split(line)[2:]
                main([*arguments, "--no-time"] if arguments[0] in JUDGING else arguments)
    lines = (line.rstrip() for line in output.getvalue().splitlines())
    return re.sub(r"\n+(?=\n\$|\Z)", "", "\n".join(lines)) + "\n"


def rewrite() -> None:
    """Bring the transcripts of all pages up to date."""
    for page in PAGES:
        text = text_of(page)
        for block in blocks_of(page, text):
            if block.language == "console":
                with tempfile.TemporaryDirectory() as folder:
                    text = text.replace(block.text, transcript(block, Path(folder)))
        (ROOT / page).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    rewrite()
