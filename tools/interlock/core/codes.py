"""The one registry of diagnostic codes.

E01xx lexing and syntax, E02xx names and modules, E03xx types, E04xx statements and steps, E05xx processes and walks,
E06xx properties, scopes, expectations and scenarios, E09xx files and usage; W the same ranges as warnings.
docs/diagnostics.md is generated from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal as OneOf


@dataclass(frozen=True, slots=True)
class Code:
    """A kind of diagnostic: its stable name, what it means and what to do, for the reference page."""

    name: str
    title: str
    explanation: str
    severity: OneOf["error", "warning"] = "error"


_CODES: tuple[Code, ...] = (
    Code("E0101", "unexpected text", "The parser met something that cannot stand there; it names what could."),
    Code("E0102", "unexpected end of file", "A declaration or block is not closed."),
    Code("E0103", "character that no token starts with", "A character outside the language, such as a NUL or `$`."),
    Code("E0104", "not UTF-8", "The file is not valid UTF-8 text."),
    Code("E0105", "nested too deeply", "Brackets or blocks are nested deeper than the front end accepts."),
    Code("E0106", "ambiguous `!=`", "`x!= y` can be read as `x != y` or as `x! = y`; a space decides."),
    Code("E0107", "chained comparison", "`a < b < c` does not mean what it seems to; write `a < b and b < c`."),
    Code("E0108", "reserved word as a name", "Keywords cannot name a declaration, label or variable."),
    Code("E0109", "missing module header", "A file begins with `module NAME`."),
    Code(
        "E0110", "operator where it cannot be", "A quantifier or `not` is no operand of a comparison or of arithmetic."
    ),
    Code("E0111", "option of an option", "`T??` has no meaning of its own; `T?` already has `none`."),
    Code("E0112", "number too long", "A number of more digits than any bound needs."),
    Code("E0113", "operator of another language", "`==`, `&&`, `->` and the like are written `=`, `and`, `implies`."),
    Code("E0114", "comment of another language", "Comments start with `--`, doc comments with `---`."),
    Code("E0115", "unknown word", "A word stands where only certain words can, and is close to one of them."),
    Code("E0116", "superfluous `;`", "`;` joins the statements of one step and stands nowhere else."),
    Code("E0117", "`=` for an assignment", "A statement assigns with `:=`; `=` compares."),
    Code("E0118", "`:=` for `=`", "`:=` assigns in steps; initial values, definitions and comparisons have `=`."),
    Code("E0119", "closing bracket without an opening one", "Nothing is open that this bracket could close."),
    Code("E0120", "bracket not closed", "A bracket lacks its partner; the second place shows the opening one."),
    Code("E0121", "verb of another language", "There are two verbs: `await` blocks, `assert` obliges."),
    Code("E0122", "missing `::`", "`::` stands between the variables of a quantifier and its formula."),
    Code("E0123", "missing `;`", "Statements of one step are separated by `;`."),
    Code("E0124", "condition without a name", "Properties and assertions have names, by which verdicts speak of them."),
    Code("E0125", "missing type", "A declaration states its type: `var x: Bool = false`."),
    Code("E0126", "missing `:`", "A name is followed by `:` before its condition, steps or type."),
    Code("E0127", "late local", "The locals of a process come before its first step."),
    Code(
        "E0128", "at the wrong level", "A declaration in a process, a statement outside of a step, or a step outside."
    ),
    Code("E0129", "file too long", "A specification is not read beyond a million characters."),
    Code("E0201", "unknown name", "Nothing of that name is declared here or opened by a `use`."),
    Code("E0202", "built-in name declared", "Names such as `at`, `done`, `result` and `next` exist in every module."),
    Code("E0203", "shadowing", "A variable may not take a name that already has a meaning where it is bound."),
    Code("E0204", "declared twice", "Two declarations of one module bear the same name."),
    Code("E0205", "not an instance", "A dotted type goes through instances: `n.Item`."),
    Code("E0206", "not a type", "Something other than a sort or enum stands where a type is needed."),
    Code("E0207", "action used as code", "Actions happen by themselves; operations are called."),
    Code("E0208", "index missing", "An instance declared `as n(l: Lru)` is selected by its arguments: `n(l).x`."),
    Code("E0209", "no such member", "The thing before the dot has no member of that name."),
    Code("E0210", "process arguments missing", "A local belongs to one process: `init(l).a`."),
    Code("E0211", "no such local", "The process has no local or loop variable of that name."),
    Code("E0212", "not callable", "Arguments were given to something that takes none."),
    Code("E0213", "no such step or region", "Labels and regions are resolved in the process that is named."),
    Code("E0214", "process without result", "`result` is read of a process that is declared without a type."),
    Code("E0215", "no such walk", "Walks are loops (by the region's name) and cursors of the process that is named."),
    Code(
        "E0216",
        "process kind unknown",
        "`at`, `inside`, `result`, `visited`, `owed` need a process constructor or `self`.",
    ),
    Code("E0217", "names clash", "Two opened modules (or a module and its user) give one name two meanings."),
    Code("E0218", "recursive define", "A define is expanded where it is used, so it cannot use itself."),
    Code(
        "E0219",
        "instance without a name",
        "A module with parameters or arguments makes a new instance, which needs a name.",
    ),
    Code(
        "E0220", "value of a module parameter", "A parameter stands for the owner's symbol, which has its value there."
    ),
    Code("E0221", "wrong number of module arguments", "A `use` gives one argument for each parameter of the module."),
    Code("E0222", "sort argument needed", "A sort parameter takes a sort, an enum or another type."),
    Code("E0223", "ordered sort needed", "The module's parameter is declared `ordered`."),
    Code(
        "E0224", "argument of another shape", "A predicate or var parameter needs something with the same parameters."
    ),
    Code("E0225", "constant needed", "A const parameter takes something that never changes."),
    Code("E0226", "variable needed", "A `var` parameter is written by the module, so the owner must pass a var."),
    Code("E0301", "wrong type", "An expression has another type than its place needs."),
    Code("E0302", "set needed", "Something that is no set stands where a set is needed."),
    Code("E0303", "set without element type", "`{}` needs a place that says what its elements are."),
    Code(
        "E0304", "range of a variable", "Variables range over sorts, enums, Bool and ranges, never over Int or options."
    ),
    Code("E0305", "set out of place", "Set literals and comprehensions stand right of `:=`, `in` and `=` only."),
    Code("E0306", "none of what", "`none` needs a place that says which option it is."),
    Code("E0307", "none is not in this type", "Only an option, `T?`, has `none`."),
    Code("E0308", "no self here", "`self` is the process that takes the step."),
    Code("E0309", "unwrap in a formula", "`!` obliges code; a formula says `x = a implies ..`."),
    Code("E0310", "unwrap of a plain value", "Only an option can be unwrapped."),
    Code("E0311", "prime out of place", "Primed terms speak of the state after a step."),
    Code("E0312", "never equal", "The two sides of `=` have types that share no value."),
    Code("E0313", "no order", "Only numbers and elements of ordered sorts can be compared with `<`."),
    Code("E0315", "set or walk as a type", "Sets and walks are held by declarations only."),
    Code("E0316", "empty range", "The end of a range lies before its start."),
    Code("E0317", "bound of a range", "The end of a range is a number or a const without parameters."),
    Code("E0318", "no first element", "Only an ordered sort has `.first`."),
    Code("E0319", "wrong number of arguments", "A call or application gives as many arguments as are declared."),
    Code("E0320", "binder out of place", "`x: S` as an argument belongs left of `:=`."),
    Code("E0321", "not a value", "A process, module, set, operation or lock stands where a value is needed."),
    Code("E0322", "stored process", "A process cannot be the value of a var; a relation over processes can."),
    Code("E0323", "unusable index", "Symbols are indexed by sorts, enums, Bool and ranges."),
    Code("E0324", "unwrap of a bound variable", "`!` obliges one value, and a quantified variable stands for many."),
    Code(
        "W0301",
        "functions close a cycle of sorts",
        "Total functions lead from a sort back to itself, so a prover can build ever new elements. Options do not.",
        "warning",
    ),
    Code("E0401", "unreachable statement", "A jump ends its step, so nothing may follow it in its block."),
    Code("E0402", "where without a bound argument", "`where` restricts what a bulk assignment binds."),
    Code("E0403", "statement without effect", "An expression is not a statement unless it calls an operation."),
    Code("E0405", "bulk havoc", "`havoc` takes one place, or a whole symbol without arguments."),
    Code("E0406", "prime of another symbol", "`such that` may prime only what is havocked."),
    Code("E0407", "which section", "`with m` needs an instance that has just one section."),
    Code("E0408", "not a lock", "`with`, `acquire` and `release` take a section."),
    Code("E0409", "section taken in two steps", "A section with a `request` cannot be acquired within one step."),
    Code("E0410", "no such label", "`goto` names a step or region of the same process."),
    Code("E0411", "break outside a loop", "`break` leaves the innermost `for`, `while` or `loop`."),
    Code("E0412", "jump out of atomic code", "Operations, sections and actions cannot jump between steps."),
    Code("E0413", "result missing", "The operation is declared to return a value."),
    Code("E0414", "result without a type", "A value is returned by something declared without a type."),
    Code("E0415", "ghost decides", "A ghost exists for the proof and may not influence anything that is not a ghost."),
    Code("E0416", "ghost update may fail", "Updates of ghosts are total, so that erasing ghosts changes nothing."),
    Code("E0417", "member cannot be written", "A local is written by its own process."),
    Code("E0418", "not a place", "Only a var, ghost or local (with its arguments) can be written."),
    Code("E0419", "not writable", "Constants, parameters, loop variables and `let` names never change."),
    Code("E0420", "path without a result", "Every path of an operation with a type ends in `return`."),
    Code(
        "E0421",
        "action without a process",
        "An action that uses `self`, or calls what does, has no process to stand for it.",
    ),
    Code("E0422", "recursive operation", "Operations are expanded in place."),
    Code("E0423", "no result to use", "The operation returns nothing."),
    Code("E0424", "write after havoc", "A `havoc` is the last write to its symbol in a step."),
    Code("E0501", "label used twice", "Labels and regions are unique in a process."),
    Code(
        "E0502", "local without a value", "An indexed local of a sort or enum needs an initial value or an option type."
    ),
    Code(
        "E0503", "loop variables of two types", "Loops of one process that share a variable's name share the variable."
    ),
    Code("E0504", "shared state between steps", "Control between steps reads constants, parameters and locals only."),
    Code("E0505", "unwrap between steps", "`!` needs a step that it obliges."),
    Code("E0506", "cycle without a step", "A loop must take a step before it comes round again."),
    Code("E0507", "jump into a region", "A label inside a `with` or `for` cannot be jumped to from outside it."),
    Code("E0508", "branch without a step", "A branch of `either` between steps begins with a step."),
    Code("E0509", "local read before it is set", "A local of a sort or enum has no value until a step assigns it."),
    Code("E0510", "empty process", "A process has at least one step."),
    Code("W0501", "unreachable step", "No path of the process leads to the step.", "warning"),
    Code("E0601", "property declared twice", "Each property has a name of its own, since `expect` names it."),
    Code("E0602", "scenario of what", "A line of a scenario begins with a process or action."),
    Code("E0603", "unknown bound", "A scope gives sizes of sorts and values of integer constants."),
    Code("E0604", "empty sort", "Sorts are never empty."),
    Code("E0605", "unknown property", "`expect` names a property, an assert, or `p.unwrap`, `p.range`, `deadlock`."),
    Code("E0606", "expected twice", "A property has one expected verdict."),
    Code("E0607", "assert and property share a name", "Both would be judged under one name."),
    Code("E0608", "initial value depends on state", "Initial values read constants and parameters."),
    Code("E0609", "axiom about what changes", "Axioms speak of constants; what changes is claimed by invariants."),
    Code("E0610", "abstract system has errors", "The module that is refined must be right by itself."),
    Code("E0611", "abstract system with processes", "What is refined has actions only."),
    Code("E0612", "abstract variable not mapped", "Every variable of the abstract system needs a meaning here."),
    Code("E0613", "no such abstract variable", "The mapping names a variable that the abstract system does not have."),
    Code("E0614", "mapping needs names", "The left side of a mapping binds one new name for each argument."),
    Code("E0615", "no such abstract action", "The right side of `=>` is an action of the abstract system."),
    Code("E0616", "mapping of a step", "The left side of `=>` is a step of a process, or an action."),
    Code(
        "E0617",
        "no counterpart",
        "Sorts and constants of the abstract system, and variables that are not mapped, are those of the same name and "
        "type here.",
    ),
    Code("E0618", "value outside the type", "A scope gives a constant a value of its type."),
    Code("E0901", "no such file", "A file or folder that was named does not exist."),
    Code("E0902", "no specification here", "A folder was named that has no .ilk file in it or below."),
    Code("E0903", "unreadable file", "The file is there and cannot be read."),
    Code("E0904", "module not found", "No file for a used module; the message lists where it was looked for."),
    Code("E0905", "modules use each other", "Uses form a cycle, so no order of meaning exists."),
    Code("E0906", "header does not match", "The file where a used module should be begins with another name."),
    Code("E0921", "unknown scope", "`--scope` names a scope that the file does not declare."),
    Code("E0922", "unknown name in a scope", "`--scope Sort=2` names a sort or integer constant of the module."),
    Code("E0923", "unusable size", "The size of a sort is from 1 to 64, the value of a constant is within its type."),
    Code("E0924", "unknown property", "`--property` names a property that the module does not have."),
    Code("E0925", "file exists", "`interlock new` never overwrites a file."),
    Code("E0926", "unusable module name", "A module's name is letters, digits and `_`, a letter first."),
    Code("E0927", "output cannot be written", "The file or standard output cannot be written, as on a full disk."),
    Code("E0928", "unknown action in a weight", "`--weight` names neither an action nor a process of the module."),
    Code("E0929", "internal error", "A fault of Interlock, not of the input; please report it with the input."),
    Code("E0930", "nothing to draw", "The state graph of this scope is too large to be looked at, or there is none."),
    Code("E0931", "unusable folder", "`--spill` or `--checkpoint` names a folder that cannot be used for it."),
    Code("E0932", "checkpoint of another search", "Model, scope, properties and reductions must be as they were."),
    Code("E0933", "damaged checkpoint", "The folder does not hold what was written there, so it is not trusted."),
    Code("E0934", "not for a checkpoint", "A checkpoint is of one search: one file, one scope, in machine code."),
    Code("E0935", "nothing to compare", "A design is a module that has processes and says what it expects of them."),
    Code("E0936", "unusable marks", 'A `marks.toml` gives assertions their columns: `in_bounds = "P6"`, one a line.'),
    Code("E0937", "nothing to test", "Cases are made of steps, in a finite scope in which there is an initial state."),
    Code("E0938", "not a file of cases", "`interlock testgen` reads and replaces only files that it has written."),
    Code("E0940", "no binding", "Nothing says how candidates are called and observed for that specification."),
    Code("E0941", "no such candidate", "MODULE:CLASS names no class, or its module cannot be imported."),
    Code(
        "E0942",
        "unusable workload or token",
        "Threads stand between `|`, operations between `;`: init(0) | activate(0).",
    ),
    Code(
        "W0943",
        "shared state outside of the runtime",
        "Plain attributes and containers change without a step, so no schedule tells orders of changes apart.",
        "warning",
    ),
    Code("E0944", "candidate that breaks unchanged", "What kills its mutants may be its own mistake: mend it first."),
    Code("E0945", "nothing to mutate", "No statement that could be changed stands on these lines of the module."),
    Code("E0946", "unusable table of candidates", "A `candidates.toml` tells how candidates are bound and run."),
    Code("E0950", "unusable line in a log", "A log has one JSON object on each line: a header, then events."),
    Code("E0951", "unknown field in a log", "A field of one's own begins with `_`; others are those of the format."),
    Code("E0952", "unknown action in a log", "An event names an action, a process or a step of the specification."),
    Code("E0953", "arguments do not fit", "`args` are the parameters of the action, in order or by their names."),
    Code("E0954", "no such value", "A value in a log belongs to the type of the parameter or variable it is for."),
    Code(
        "E0955", "unusable order of events", "All events have clocks, or intervals, or neither, and lines follow them."
    ),
    Code("E0956", "empty log", "A log without events says nothing about anything."),
    Code("E0957", "not an ITF trace", "The Informal Trace Format is a JSON object with `vars` and `states`."),
    Code("E0958", "unknown variable in a log", "`state` names variables of the specification, with their arguments."),
    Code("E0959", "too many elements in a log", "The log names more elements than the scope that was asked for has."),
    Code("E0970", "candidate not started", "The command that `interlock run` was given cannot be started."),
    Code("E0971", "not the protocol", "A candidate writes lines of docs/processes.md to its output and nothing else."),
    Code("E0972", "candidate crashed", "It was ended by a signal, or failed; its log may lack its last events."),
    Code("E0973", "candidate hangs", "It did not say that the run is done in the time that it was given."),
    Code("E0974", "candidate ended early", "Its output was over before it had said that the run is done."),
    Code("E0975", "candidate says too much", "A run has more events than were allowed."),
    Code("E0976", "candidate refuses", "The candidate says that it cannot do, or go on with, what it was asked."),
)

REGISTRY: dict[str, Code] = {code.name: code for code in _CODES}
"""Every code by its name."""
