"""From LLVM's language to functions that Python can call.

Code is compiled in one of two ways.  `quick` takes a fraction of a second whatever the size; `full` makes code several
times as fast and takes seconds for a specification with hundreds of properties.  So a large model begins with quick
code, and a process of its own (`Optimisation`) compiles the same text fully while the search is on.
"""

from __future__ import annotations

import ctypes
import subprocess
import sys
from collections.abc import Callable, Sequence
from tempfile import TemporaryFile
from typing import Any
from typing import Literal as OneOf

from llvmlite import binding, ir

Compiled = Callable[..., Any]
"""A machine-code function; the interpreter is free for other threads while it runs."""

Way = OneOf["quick", "full"]

LARGE = 150_000
"""Characters of a module's text from which on compiling it fully is worth avoiding for short runs."""


class Library:
    """The machine code of one module; it must live as long as its functions are called."""

    def __init__(self, machine: Any, module: Any) -> None:  # noqa: ANN401 - llvmlite has no types
        self._engine = binding.create_mcjit_compiler(module, machine)
        self._engine.finalize_object()

    @classmethod
    def of(cls, module: ir.Module) -> Library:
        """Compile a module fully."""
        return cls.compile(text_of(module))

    @classmethod
    def compile(cls, text: str, way: Way = "full") -> Library:
        """Compile a module's text."""
        machine = _machine(way)
        return cls(machine, _optimised(text, machine, way))

    @classmethod
    def load(cls, data: bytes) -> Library:
        """The machine code that `compiled` has made, perhaps in another process."""
        library = cls(_machine("full"), binding.parse_assembly(""))
        library.add(data)
        return library

    def add(self, data: bytes) -> None:
        """Put in the functions of an object file."""
        self._engine.add_object_file(binding.ObjectFileRef.from_data(data))
        self._engine.finalize_object()

    def function(self, name: str, result: Any, params: Sequence[Any]) -> Compiled:  # noqa: ANN401 - ctypes
        """A public function of the module, with its C types."""
        return ctypes.CFUNCTYPE(result, *params)(self._engine.get_function_address(name))


class Optimisation:
    """Compiles a text fully in another process, which `stop` ends at any time."""

    def __init__(self, text: str) -> None:
        self._source = TemporaryFile()  # noqa: SIM115 - it lives as long as the process does
        self._source.write(text.encode())
        self._source.seek(0)
        self._object = TemporaryFile()  # noqa: SIM115
        self._process = subprocess.Popen(  # noqa: S603 - this very interpreter
            [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}; import {__name__} as jit; jit.main()"],
            stdin=self._source,
            stdout=self._object,
            stderr=subprocess.DEVNULL,
        )

    def result(self) -> Library | None:
        """The machine code, once it is there; None before, and if the process has failed."""
        if self._process.poll() != 0:
            return None
        self._object.seek(0)
        return Library.load(self._object.read())

    @property
    def over(self) -> bool:
        """Whether nothing more is to be waited for."""
        return self._process.poll() is not None

    def stop(self) -> None:
        """End the process if it is still at work."""
        self._process.kill()
        self._process.wait()
        self._source.close()
        self._object.close()


def text_of(module: ir.Module) -> str:
    """A module's text for this machine."""
    module.triple = binding.get_default_triple()
    return str(module)


def compiled(text: str, way: Way = "full") -> bytes:
    """An object file with the machine code of a module's text."""
    machine = _machine(way)
    return bytes(machine.emit_object(_optimised(text, machine, way)))


def main() -> None:
    """Compile a text from standard input to an object file on standard output."""
    sys.stdout.buffer.write(compiled(sys.stdin.buffer.read().decode()))


def _machine(way: Way) -> Any:  # noqa: ANN401 - llvmlite has no types
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    target = binding.Target.from_default_triple()
    name, features = binding.get_host_cpu_name(), binding.get_host_cpu_features().flatten()
    return target.create_target_machine(opt=0 if way == "quick" else 2, cpu=name, features=features, jit=True)


def _optimised(text: str, machine: Any, way: Way) -> Any:  # noqa: ANN401
    module = binding.parse_assembly(text)
    options = binding.create_pipeline_tuning_options(speed_level=2)
    options.loop_vectorization = False
    options.slp_vectorization = False
    builder = binding.create_pass_builder(machine, options)
    if way == "full":
        passes = builder.getModulePassManager()
    else:
        passes = binding.create_new_module_pass_manager()
        passes.add_sroa_pass()
        passes.add_simplify_cfg_pass()
        passes.add_instruction_combine_pass()
        passes.add_simplify_cfg_pass()
    passes.run(module, builder)
    return module
