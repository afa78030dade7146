"""A candidate that does one thing wrong, or right: `misbehaving.py WHAT`."""

import json
import os
import signal
import subprocess
import sys
import time

HELLO = {"schema": "interlock-process/1", "name": "misbehaving"}


def tell(*objects):
    sys.stdout.write("".join(json.dumps(found) + "\n" for found in objects))
    sys.stdout.flush()


def event(action, thread, begin=None):
    stamp = {} if begin is None else {"begin": begin, "end": begin + 1, "thread": thread}
    return {"action": action, "args": [thread], **stamp}


def rounds(count):
    """Lock and unlock, by two threads in turns: each hands over its events at once when the run is over."""
    of = {
        thread: [event(action, thread, 10 * (2 * n + number) + place)
                 for n in range(count) for place, action in ((0, "ask"), (2, "take"), (4, "free"))]
        for number, thread in enumerate(("a", "b"))
    }  # fmt: skip
    return [*of["b"], *of["a"]]


RIGHT = rounds(2)
WRONG = [event("ask", "a"), event("take", "a"), event("ask", "b"), event("take", "b")]


def main(what):
    if what == "silent":
        time.sleep(60)
    if what == "no_hello":
        tell({"hello": "world"})
    if what == "other_schema":
        tell({**HELLO, "schema": "interlock-process/9"})
    if what == "mistyped_hello":
        tell({**HELLO, "hiden": ["free"]})
    if what == "hides":
        tell({**HELLO, "hidden": ["free", "ask"]})
    else:
        tell(HELLO)
    if what == "does_not_read":
        time.sleep(60)
    if what == "writes_before_it_reads":
        for n in range(3_000):
            tell({"state": {}, "begin": n - 3_000, "end": n - 3_000, "_": "x" * 100})
    for line in sys.stdin:
        serve(what, json.loads(line))
    if what == "goes_on_at_the_end":
        time.sleep(60)
    if what == "fails_at_the_end":
        sys.exit(9)


def serve(what, request):
    done = {"run": request["run"], "done": True}
    match what:
        case "wrong":
            tell(*WRONG, done)
        case "hides":
            tell(event("take", "a"), event("take", "b"), done)
        case "hangs":
            tell(*RIGHT[:3])
            time.sleep(60)
        case "hangs_in_a_line":
            sys.stdout.write('{"action": "as')
            sys.stdout.flush()
            time.sleep(60)
        case "killed":
            tell(*RIGHT)
            os.kill(os.getpid(), signal.SIGSEGV)
        case "killed_when_wrong":
            tell(*WRONG)
            os.kill(os.getpid(), signal.SIGSEGV)
        case "fails":
            print("assertion failed: x != NULL", file=sys.stderr)
            sys.exit(3)
        case "ends":
            tell(*RIGHT)
            sys.exit(0)
        case "ends_in_a_line":
            sys.stdout.write('{"action": "as')
            sys.stdout.flush()
            os._exit(0)
        case "closes_its_output":
            os.close(1)
            time.sleep(60)
        case "prints":
            print("debug: here", flush=True)
        case "bytes":
            os.write(1, b"\xff\xfe\x00\n")
        case "list":
            tell([1, 2])
        case "deep":
            print("[" * 100_000, flush=True)
        case "long_line":
            os.write(1, b" " * 1_200_000 + b"\n")
            time.sleep(60)
        case "other_run":
            tell({"run": request["run"] + 1, "done": True})
        case "floods":
            while True:
                tell(*RIGHT)
        case "no_such_action":
            tell(event("tkae", "a"), done)
        case "half_stamped":
            tell(event("ask", "a"), event("take", "a", 5), done)
        case "no_time":
            tell({**event("ask", "a"), "begin": float("nan"), "end": 1e400}, done)
        case "nothing":
            tell(done)
        case "refuses":
            tell(*RIGHT, {"run": request["run"], "error": "there is no operation \x1b[31mjump"})
        case "refuses_when_wrong":
            tell(*WRONG, {"run": request["run"], "error": "a list was not freed"})
        case "leaves_a_child":
            child = subprocess.Popen(["sleep", "600"])
            print(f"child {child.pid}", file=sys.stderr, flush=True)
            os._exit(4)
        case "echoes":
            print(json.dumps(request), file=sys.stderr, flush=True)
            sys.exit(5)
        case "crashes_in_the_second_run" if request["run"] == 2:
            os.kill(os.getpid(), signal.SIGABRT)
        case _:
            tell(*RIGHT, done)


if __name__ == "__main__":
    main(sys.argv[1])
