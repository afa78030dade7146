"""The C candidates, built once; without a compiler or liburcu their tests are skipped, and say so."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "impl/c"
NO_LIBURCU = "there is no liburcu here (Debian: apt-get install liburcu-dev)"
_PROBE = "#include <urcu/urcu-mb.h>\nint main(void) { urcu_mb_register_thread(); return 0; }\n"


def lacking(folder: Path, *options: str) -> str:
    """Why nothing can be built here with these options, or the empty string."""
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None or shutil.which("make") is None:
        return "there is no C compiler, or no make, here (Debian: apt-get install gcc libc6-dev make)"
    probe = folder / "probe"
    built = subprocess.run(
        [compiler, "-xc", "-", "-o", probe, *options, "-lurcu-mb", "-pthread"],
        input=_PROBE, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if built.returncode != 0:
        return NO_LIBURCU if not options else f"{options[0]} cannot be linked here"
    ran = subprocess.run([probe], capture_output=True, text=True, check=False)
    return "" if ran.returncode == 0 else f"a program with {options} does not run here: {ran.stderr.strip()[:200]}"


@pytest.fixture(scope="session")
def built(tmp_path_factory) -> Callable[[str], Path]:
    """Builds a variant of the list_lru, once."""
    folder = tmp_path_factory.mktemp("c")
    missing: dict[str, str] = {}

    def build(variant: str) -> Path:
        sanitizer = {"tsan": ("-fsanitize=thread",), "asan": ("-fsanitize=address",)}.get(variant[:4], ())
        kind = "".join(sanitizer)
        if kind not in missing:
            missing[kind] = lacking(folder, *sanitizer)
        if missing[kind]:
            pytest.skip(missing[kind])
        program = folder / variant
        done = subprocess.run(
            ["make", "-s", "-C", SOURCE, f"BUILD={folder}", program], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return program

    return build
