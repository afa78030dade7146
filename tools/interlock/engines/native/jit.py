"""From LLVM's language to functions that Python can call."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import binding, ir

Compiled = Callable[..., Any]
"""A machine-code function; the interpreter is free for other threads while it runs."""


class Library:
    """The machine code of one module; it must live as long as its functions are called."""

    def __init__(self, module: ir.Module, *, level: int = 2) -> None:
        binding.initialize_native_target()
        binding.initialize_native_asmprinter()
        target = binding.Target.from_default_triple()
        machine = target.create_target_machine(
            opt=level, cpu=binding.get_host_cpu_name(), features=binding.get_host_cpu_features().flatten(), jit=True
        )
        module.triple = binding.get_default_triple()
        parsed = binding.parse_assembly(str(module))
        parsed.verify()
        options = binding.create_pipeline_tuning_options(speed_level=level)
        options.loop_vectorization = False
        options.slp_vectorization = False
        binding.create_pass_builder(machine, options).getModulePassManager().run(
            parsed, binding.create_pass_builder(machine, options)
        )
        self._engine = binding.create_mcjit_compiler(parsed, machine)
        self._engine.finalize_object()

    def function(self, name: str, result: Any, params: Sequence[Any]) -> Compiled:  # noqa: ANN401 - ctypes
        """A public function of the module, with its C types."""
        return ctypes.CFUNCTYPE(result, *params)(self._engine.get_function_address(name))
