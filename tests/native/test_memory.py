"""Memory outside of Python's heap, and how much of it there is."""

import ctypes
import os

import pytest

from interlock.engines.native.memory import (
    OutOfMemory,
    Words,
    _groups,
    _system,
    available,
    disk_left,
    format_size,
    parse_size,
    resident,
)


def test_words_are_zero_and_stay_where_they_are(tmp_path):
    for path in (None, tmp_path / "words"):
        words = Words(1 << 22, path)
        view = words.words()
        words.ensure(1 << 20)
        assert view[0] == view[1 << 16] == 0
        view[1 << 16] = 2**64 - 1
        assert ctypes.c_uint64.from_address(words.address + 8 * (1 << 16)).value == 2**64 - 1
        view.release()
        words.release()


def test_a_file_keeps_its_words(tmp_path):
    for expected in (0, 7):
        words = Words(1 << 21, tmp_path / "words")
        words.ensure(4096)
        view = words.words()
        assert view[3] == expected
        view[3] = 7
        view.release()
        words.release()


def test_more_is_reserved_than_there_is():
    words = Words(1 << 40)
    view = words.words()
    view[(1 << 36)] = 1
    view.release()
    words.release()


def test_what_cannot_be_reserved_is_said():
    with pytest.raises(OutOfMemory, match="does not give"):
        Words(1 << 62)


def test_a_file_beyond_the_disk_is_said_and_the_disk_is_not_filled(tmp_path, monkeypatch):
    monkeypatch.setattr("interlock.engines.native.memory.disk_left", lambda _: 1 << 28)
    words = Words(1 << 30, tmp_path / "words")
    words.ensure(1 << 20)
    with pytest.raises(OutOfMemory, match="the disk would be full"):
        words.ensure(1 << 30)
    words.release()
    assert (tmp_path / "words").stat().st_blocks * 512 <= 1 << 27


def test_a_tenth_of_the_disk_is_left_to_others(tmp_path):
    found = os.statvfs(tmp_path)
    assert disk_left(tmp_path) <= max(
        0, found.f_bavail * found.f_frsize - found.f_blocks * found.f_frsize // 10 + (1 << 30)
    )


def test_available_is_the_least_of_system_and_groups(tmp_path):
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 9 kB\nMemAvailable:      1000 kB\n")
    assert _system(meminfo) == 1000 * 1024
    membership, root = tmp_path / "cgroup", tmp_path / "fs"
    membership.write_text("4:memory:/box/inner\n3:cpu:/\n0::/unit\n")
    assert _groups(membership, root) == []
    for folder, limit, used in (("unit", "5000", "1000"), ("", "max", "9000")):
        (root / folder).mkdir(parents=True, exist_ok=True)
        (root / folder / "memory.max").write_text(limit + "\n")
        (root / folder / "memory.current").write_text(used + "\n")
    (root / "unit" / "memory.stat").write_text("anon 7\ninactive_file 500\n")
    (root / "memory" / "box").mkdir(parents=True)
    (root / "memory" / "box" / "memory.limit_in_bytes").write_text("800\n")
    (root / "memory" / "box" / "memory.usage_in_bytes").write_text("100\n")
    assert sorted(_groups(membership, root)) == [700, 4500]
    assert 0 < available() < 1 << 50
    assert 0 < resident() < 1 << 40


@pytest.mark.parametrize(
    ("text", "size"),
    [("4G", 4 << 30), ("512M", 512 << 20), ("1.5GiB", 3 << 29), ("1000000", 10**6), (" 2 kb ", 2048), ("1T", 1 << 40)],
)
def test_sizes(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "G", "4X", "-1G", "4 GG", "1e9"])
def test_bad_sizes(text):
    with pytest.raises(ValueError, match="is no size"):
        parse_size(text)


def test_sizes_are_written_as_people_read_them():
    assert [format_size(n) for n in (12, 2048, 3 << 20, 3 << 29)] == ["12 bytes", "2.0 kB", "3.0 MB", "1.5 GB"]
