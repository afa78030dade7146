"""Tables of candidates: what they tell, what is wrong with them, and folders that come with candidates."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from interlock_conformance.candidates import CandidateError, candidate, shipped
from interlock_conformance.kinds import FILE, KindsError, kinds_of

ROOT = Path(__file__).parents[2]
GOOD = '[[kind]]\nname = "fifo"\nspecification = "fifo.ilk"\n'


@pytest.fixture
def folder(tmp_path):
    """A folder with a specification; what is given to it becomes its table."""
    shutil.copy(ROOT / "spec/queues/fifo.ilk", tmp_path)

    def write(text):
        (tmp_path / FILE).write_text(text)
        return tmp_path

    return write


def read(path):
    return Path(path).read_bytes()


def conform(*arguments, at=ROOT):
    command = [sys.executable, "-m", "interlock_cli", "conform", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=at)
    return done.returncode, done.stdout + done.stderr


def test_a_file_has_the_kinds_that_it_judges_or_judges_for_the_first():
    at = ROOT / "spec/list_lru"
    assert [kind.name for kind in kinds_of(at, read).kinds] == ["list_lru", "at_allocation"]
    assert [kind.name for kind in kinds_of(at / "at_allocation_base.ilk", read).kinds] == ["at_allocation"]
    (kind,) = kinds_of(at / "growth.ilk", read).kinds
    assert (kind.name, kind.specification, kind.refines) == ("list_lru", "growth.ilk", "abstract.ilk")
    assert kinds_of(ROOT / "spec/gallery", read) is None
    assert kinds_of(ROOT / "spec/gallery/peterson.ilk", read) is None


def test_who_comes_along_is_told_by_kind_and_the_broken_ones_say_what_catches_them():
    found = shipped(kinds_of(ROOT / "spec/queues", read))
    assert [(each.name, each.breaks) for each in found] == [("two_lock", None), ("exchanged_tail", "linearizable")]
    kinds = [each.kind.name for each in shipped(kinds_of(ROOT / "spec/list_lru", read))]
    assert kinds == sorted(kinds, reverse=True)


def test_a_folder_of_queues_is_run_as_one_of_list_lrus():
    code, said = conform("spec/queues", "-w", "put(0) | put(1); take()")
    assert code == 0, said
    assert "queues.two_lock:Queue" in said
    assert "queues.broken.exchanged_tail:Queue" in said


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("package = ", "it is no TOML"),
        ("", "it has no [[kind]]"),
        ('package = "queues"\n' + GOOD, "go together"),
        ("[kind]\n", "is not written [[kind]]"),
        ('kind = ["fifo"]\n', "is not written [[kind]]"),
        ('[[kind]]\nname = "fifo"\n', "has a `name` and a `specification`"),
        (GOOD + GOOD, "two kinds have the name `fifo`"),
        (GOOD + "workloads = 3\n", "`workloads` in [[kind]] 1 is no list of texts"),
        (GOOD + 'workloads = ["put(0)", 3]\n', "`workloads` in [[kind]] 1 is no list of texts"),
        (GOOD + "refines = true\n", "`refines` in [[kind]] 1 is no text"),
        (GOOD + 'refines = "fife.ilk"\n', "there is no file `fife.ilk`"),
        (GOOD + 'workload = ["put(0)"]\n', "`workload` in [[kind]] 1 means nothing"),
        ("packages = 1\n" + GOOD, "`packages` in the table means nothing"),
    ],
)
def test_a_table_that_cannot_be_used_is_a_diagnostic_of_its_file(folder, text, reason):
    at = folder(text)
    with pytest.raises(KindsError) as error:
        kinds_of(at, read)
    assert reason in str(error.value)
    code, said = conform(at)
    assert code == 2
    assert "error[E0946]" in said
    assert FILE in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('package = "no_such_queues"\nclass = "Queue"\n', "there is no package `no_such_queues`"),
        ('package = "queues"\nclass = "Queue"\n', ""),
    ],
)
def test_a_package_that_is_not_there_is_said(folder, text, reason):
    kinds = kinds_of(folder(text + GOOD), read)
    if reason:
        with pytest.raises(CandidateError, match=reason):
            shipped(kinds)
    else:
        assert len(shipped(kinds)) == 2


def test_a_module_of_the_package_that_cannot_be_imported_is_named(folder, monkeypatch):
    at = folder('package = "lame_queues"\nclass = "Queue"\n' + GOOD)
    (at / "lame_queues").mkdir()
    (at / "lame_queues/__init__.py").write_text("")
    (at / "lame_queues/lame.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(at)
    with pytest.raises(CandidateError, match=r"`lame_queues.lame` cannot be imported: ZeroDivisionError"):
        shipped(kinds_of(at, read))


def test_who_is_of_a_kind_that_the_table_does_not_have_is_told_so(folder):
    kinds = kinds_of(folder(GOOD), read)
    with pytest.raises(CandidateError, match="is of the kind 'at_allocation'; there are fifo"):
        candidate(kinds, "list_lru.xarray:ListLrus")


def test_a_folder_without_a_table_judges_nobody(tmp_path):
    code, said = conform(tmp_path, "queues.two_lock:Queue")
    assert code == 2
    assert "nothing says which specification" in said


def test_a_binding_that_is_not_there_is_said(folder):
    kinds = kinds_of(folder(GOOD + 'binding = "queues.two_lock:Nobody"\n'), read)
    with pytest.raises(CandidateError, match="has no class `Nobody`"):
        candidate(kinds, "queues.two_lock:Queue")
