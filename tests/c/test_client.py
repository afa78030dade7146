"""interlock_client.c reads what the tool sends, and refuses anything else without a crash."""

import json
import random
import subprocess

import pytest

RIGHT = (
    b'{"run": 3, "seed": 1, "script": [["init(0)", "walk(0)"], ["activate(1)"]], "fail": [9], "hold": [["a", "b"]]}\n'
)


def told(program, text):
    return subprocess.run([program], input=text, capture_output=True, check=False, timeout=60)


def test_a_run(built):
    done = told(built("asan"), RIGHT)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stderr
    assert lines[0] == {"schema": "interlock-process/1", "name": "list_lru"}
    assert lines[-1] == {"run": 3, "done": True}
    assert {line["thread"] for line in lines[1:-1]} == {0, 1, 2}
    assert [line["args"] for line in lines if line.get("action") == "init"] == [["lru0"]]


@pytest.mark.parametrize("value", ["2", "true", '"fast"', "[]", '[[1, "]"], {"a": [2]}]', "{}", '{"a": null}'])
def test_fields_of_later_versions_are_passed_over(built, value):
    done = told(built("asan"), f'{{"run": 4, "speed": {value}, "script": [["init(0)"]]}}\n'.encode())
    assert json.loads(done.stdout.splitlines()[-1]) == {"run": 4, "done": True}


@pytest.mark.parametrize(
    "text",
    [
        b"{}\n",
        b"[]\n",
        b"no\n",
        b'{"run": 1, "threads": 0}\n',
        b'{"run": 1, "threads": 65, "operations": 1}\n',
        b'{"run": 1, "script": [["init"]]}\n',
        b'{"run": 1, "script": [["init(0"]]}\n',
        b'{"run": 1, "script": [["' + b"i" * 200 + b'(0)"]]}\n',
        b'{"run": 1, "script": [["fly(0)"]]}\n',
        b'{"run": 1, "script": [["init(7)"]]}\n',
        b'{"run": 1, "script": [["add(0)"]]}\n',
        b'{"run": 1, "script": [' + b"[]," * 70 + b"[]]}\n",
        b'{"run": 1, "threads": 1, "hold": [' + b'["a","b"],' * 20 + b"]}\n",
        b'{"run": 1, "threads": 1, "fail": [' + b"1," * 70 + b"]}\n",
        b'{"run": 1, "threads": 1, "fail": [\n',
        b'{"run": 1, "threads": 1, "speed": [[2, \n',
    ],
    ids=range(16),
)
def test_a_request_that_it_cannot_do(built, text):
    done = told(built("asan"), text)
    assert done.returncode == 2, done
    assert b"Sanitizer" not in done.stderr
    assert "error" in json.loads(done.stdout.splitlines()[-1])


def test_fuzz_requests_that_are_damaged(built):
    """Each ends with a run or an error, and never with a report of the sanitizers."""
    chance, program = random.Random(0), built("asan")
    for _ in range(100):
        text = bytearray(RIGHT)
        for _ in range(chance.randrange(1, 4)):
            place = chance.randrange(len(text) - 1)
            if chance.random() < 0.3:
                del text[place:-1]
            else:
                text[place] = chance.choice(b'{}[]",:() 019\\aZ')
            if len(text) < 2:
                break
        done = told(program, bytes(text))
        assert done.returncode in (0, 2), (bytes(text), done.stderr)
        assert b"Sanitizer" not in done.stderr, (bytes(text), done.stderr)
        assert b"runtime error" not in done.stderr, (bytes(text), done.stderr)
