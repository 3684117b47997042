"""What trust.py asks of a kernel around each test. Never imported: the text is sent to the kernel, and a function of it is called there.

listed   which function is behind each name that a test leans on, as a number for each
enter    from here on, cells run in a copy of the notebook's names
leave    and from here on no longer; what a test has defined is kept
"""

import importlib
import sys
import types

LEAVE_OUT = ("snnlab.lab", "snnlab.plots")  # pictures, which no test leans on
SHELL = ("run_cell", "run_cell_async", "run_ast_nodes", "run_code", "transform_cell", "transform_ast", "compile")
OF_THE_MOMENT = ("input",)  # the kernel makes a new one for each cell
KERNEL = ("do_execute", "execute_request", "send_response")


def load(watched):
    """Loads the modules that are watched, where they are installed, and what snnlab loads when first used."""
    for name in watched:
        try:
            module = importlib.import_module(name)
        except ImportError:
            continue
        for each in module.__all__ if name == "snnlab" else ():
            if f"snnlab.{each}" not in LEAVE_OUT:
                getattr(module, each)


def functions(owner):
    """What can be called, or stands for something that is computed, in a module or a class: the identity of each."""
    return {
        name: id(value)
        for name, value in list(vars(owner).items())
        if name not in OF_THE_MOMENT and (callable(value) or hasattr(type(value), "__get__"))
    }


def listed(watched):
    """The functions of the modules that are watched, of their classes that tests use, and of the shell that runs the cells."""
    shell = get_ipython()  # noqa: F821  (each kernel has it)
    owners = {}
    for name, module in list(sys.modules.items()):
        if name in watched or (name.startswith("snnlab.") and "snnlab" in watched and not name.startswith(LEAVE_OUT)):
            owners[f"module {name}"] = functions(module)
    classes = [
        getattr(sys.modules[name], part)
        for name, part in (("torch", "Tensor"), ("numpy", "ndarray"))
        if name in watched and name in sys.modules
    ]
    classes += [
        each for each in (*type(shell).__mro__, *type(shell.kernel).__mro__) if each.__module__.startswith(("IPython", "ipykernel"))
    ]
    for module in [module for name, module in sys.modules.items() if f"module {name}" in owners and name.startswith("snnlab.")]:
        classes += [each for each in vars(module).values() if isinstance(each, type) and each.__module__ == module.__name__]
    owners |= {f"class {each.__module__}.{each.__qualname__}": functions(each) for each in classes}
    manager = shell.input_transformer_manager
    changes = (*shell.ast_transformers, *manager.cleanup_transforms, *manager.line_transforms, *manager.token_transformers)
    called_before = [each for event in ("pre_execute", "pre_run_cell") for each in shell.events.callbacks[event]]
    owners["class of this shell"] = {name: id(vars(shell)[name]) for name in SHELL if name in vars(shell)} | {
        "kernel": [id(vars(shell.kernel)[name]) for name in KERNEL if name in vars(shell.kernel)],
        "changes to the text of a cell": [id(each) for each in (*changes, *shell.input_transformers_post)],
        "exceptions of its own": [str(each) for each in shell.custom_exceptions],
        "called before a cell": [id(each) for each in called_before],
        "trace": [str(sys.gettrace()), str(sys.getprofile())],
    }
    return owners


def enter(imports):
    """Cells run in a copy of the notebook's names, in which nothing covers a name of Python's own, and imports are made anew."""
    shell = get_ipython()  # noqa: F821
    page = shell.user_module
    own = set(vars(sys.modules["builtins"])) - {"__name__", "__doc__", "__package__", "__loader__", "__spec__", "exit", "quit", "open"}
    copied = types.ModuleType(page.__name__)
    copied.__dict__.update({name: value for name, value in vars(page).items() if name not in own})
    exec(imports, copied.__dict__)
    shell.answers = (page, dict(copied.__dict__))
    shell.user_module, shell.user_ns = copied, copied.__dict__


def leave():
    """Cells run with the notebook's names again, and with those that a test has defined; whether there was a test."""
    shell = get_ipython()  # noqa: F821
    page, before = shell.__dict__.pop("answers")
    tested = shell.user_ns
    shell.user_module, shell.user_ns = page, page.__dict__
    page.__dict__.update({name: value for name, value in tested.items() if name not in before or before[name] is not value})
    return page.__dict__.pop("_ended", None)
