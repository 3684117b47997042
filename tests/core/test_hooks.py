import copy
import inspect
import pickle

import pytest
from torch import nn

from snnlab.core.hooks import Hook, StateHook
from snnlab.core.module import Module


class Doubler(Module):
    def forward(self, x):
        return 2 * x


class Counting(StateHook):
    """Counts its runs on the module, at the top of the list where it is."""

    def hook(self, module):
        module.runs = getattr(module, "runs", 0) + 1


class Behind:
    """A hook that copies leave behind, as a monitor's."""

    stays_behind = True

    def __call__(self, *_):
        pass


def watched(**kwargs):
    seen = []
    hook = Hook(lambda module, args: seen.append(("pre", args)), lambda module, args, output: seen.append(("post", args, output)), **kwargs)
    module = Doubler()
    hook.register(module)
    return module, hook, seen


# ----------------------------------------------------------------------------------------------------------------------------- Hook


def test_a_hook_runs_before_and_after_the_call():
    module, hook, seen = watched()
    assert hook.registered
    assert module(3) == 6
    assert seen == [("pre", (3,)), ("post", (3,), 6)]


def test_what_a_hook_returns_does_not_change_the_call():
    module = Doubler()
    Hook(lambda module, args: (100,), lambda module, args, output: 100).register(module)
    assert module(3) == 6


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("train_update", [True, False])
@pytest.mark.parametrize("eval_update", [True, False])
def test_a_hook_runs_in_the_modes_it_was_given(training, train_update, eval_update):
    module, _, seen = watched(train_update=train_update, eval_update=eval_update)
    module.train(training)(1)
    assert len(seen) == (2 if (train_update if training else eval_update) else 0)


def test_a_hook_is_taken_off_and_put_on_again_elsewhere():
    module, hook, seen = watched()
    hook.deregister()
    hook.deregister()
    module(1)
    assert (hook.registered, seen) == (False, [])
    other = Doubler()
    hook.register(other)
    other(1)
    assert len(seen) == 2
    assert not module._forward_hooks


def test_a_hook_that_is_on_is_not_put_on_twice():
    module, hook, seen = watched()
    with pytest.raises(RuntimeError, match=r"Hook is registered already. Call deregister\(\) first"):
        hook.register(Doubler())
    module(1)
    assert len(seen) == 2


def test_a_copied_hook_is_taken_off_the_copied_module():
    module, hook, seen = watched()
    copied, copied_hook = copy.deepcopy((module, hook))
    copied_hook.deregister()
    copied(1)
    assert seen == []
    module(1)
    assert len(seen) == 2


def test_a_hook_needs_a_function_and_a_module():
    with pytest.raises(RuntimeError, match="prehook and posthook are both None: give at least one"):
        Hook()
    with pytest.raises(TypeError, match=r"module must be a torch.nn.Module, but is 3 \(int\)"):
        Hook(print).register(3)


# ------------------------------------------------------------------------------------------------------------------------- StateHook


def test_a_state_hook_says_what_it_does():
    with pytest.raises(TypeError, match="abstract"):
        StateHook(nn.Identity())
    with pytest.raises(TypeError, match=r"module must be a torch.nn.Module, but is None"):
        Counting(None)


def test_a_state_hook_follows_its_module_while_registered():
    module = Doubler()
    hook = Counting(module)
    module(1)
    assert not hasattr(module, "runs")
    hook.register()
    hook.register()
    module(1)
    assert (hook.registered, module.runs) == (True, 1)
    hook.deregister()
    hook.deregister()
    module(1)
    assert (hook.registered, module.runs) == (False, 1)


@pytest.mark.parametrize("as_prehook", [True, False])
def test_a_state_hook_runs_on_the_side_of_the_call_it_was_given(as_prehook):
    class Late(Doubler):
        def forward(self, x):
            return getattr(self, "runs", 0)

    module = Late()
    Counting(module, as_prehook=as_prehook).register()
    assert module(1) == (1 if as_prehook else 0)
    assert module.runs == 1


@pytest.mark.parametrize("training", [True, False])
def test_a_state_hook_runs_in_the_modes_it_was_given(training):
    module = Doubler().train(training)
    Counting(module, train_update=not training, eval_update=training).register()
    module(1)
    assert not hasattr(module, "runs")


def test_a_call_of_a_state_hook_runs_it_if_it_is_on_or_forced():
    module = Doubler()
    hook = Counting(module)
    hook()
    assert not hasattr(module, "runs")
    hook(force=True)
    hook.register()
    hook()
    assert module.runs == 2


@pytest.mark.parametrize("way", [copy.deepcopy, lambda pair: pickle.loads(pickle.dumps(pair))])
@pytest.mark.parametrize("as_prehook", [True, False])
@pytest.mark.parametrize("monitored", [True, False])
def test_a_copy_has_a_state_hook_of_its_own_that_can_be_taken_off(way, as_prehook, monitored):
    module = Doubler()
    hook = Counting(module, as_prehook=as_prehook)
    hook.register()
    if monitored:
        (module.register_forward_pre_hook if as_prehook else module.register_forward_hook)(Behind())
    copied, copied_hook = way((module, hook))
    copied(1)
    assert copied_hook.module is copied
    assert (copied.runs, hasattr(module, "runs")) == (1, False)
    copied_hook.deregister()
    copied(1)
    assert (copied.runs, copied_hook.registered, hook.registered) == (1, False, True)
    module(1)
    assert module.runs == 1
    copied_hook.register()
    copied(1)
    assert copied.runs == 2


def test_a_module_keeps_the_state_hook_that_limits_it():
    module = Doubler()
    Counting(module).register()
    copied = copy.deepcopy(module)
    for each in (module, copied):
        each(1)
        assert each.runs == 1


def test_a_state_hook_is_no_submodule_and_no_state():
    module = Doubler()
    module.limit = Counting(module)
    module.limit.register()
    assert len(list(module.modules())) == 1
    assert list(module.state_dict()) == []


@pytest.mark.parametrize(
    ("kind", "signature"),
    [
        (Hook, "prehook=None posthook=None *train_update=True *eval_update=True *prehook_kwargs=None *posthook_kwargs=None"),
        (StateHook, "module *as_prehook=False *train_update=True *eval_update=True"),
    ],
)
def test_arguments_come_in_this_order_with_these_defaults(kind, signature):
    parameters = inspect.signature(kind).parameters.values()
    found = " ".join(
        ("*" if each.kind is each.KEYWORD_ONLY else "") + each.name + ("" if each.default is each.empty else f"={each.default}")
        for each in parameters
    )
    assert found == signature


def test_keywords_for_torch_say_how_a_hook_is_called():
    order, module = [], Doubler()
    Hook(posthook=lambda *_: order.append("first")).register(module)
    Hook(posthook=lambda *_: order.append("second"), posthook_kwargs={"prepend": True}).register(module)
    Hook(lambda module, args, kwargs: order.append((args, kwargs)), prehook_kwargs={"with_kwargs": True}).register(module)
    module(x=3)
    assert order == [((), {"x": 3}), "second", "first"]


def test_a_posthook_may_run_where_the_call_fails():
    seen, module = [], Doubler()
    Hook(posthook=lambda *_: seen.append("sometimes")).register(module)
    Hook(posthook=lambda *_: seen.append("always"), posthook_kwargs={"always_call": True}).register(module)
    with pytest.raises(TypeError, match="unsupported operand"):
        module(None)
    assert seen == ["always"]


@pytest.mark.parametrize("name", ["prehook_kwargs", "posthook_kwargs"])
def test_a_keyword_that_torch_does_not_take_is_refused_at_once(name):
    with pytest.raises(
        TypeError, match=rf"{name} may hold prepend, with_kwargs.*, but holds 'perpend'. Leave it out, or check its spelling"
    ):
        Hook(print, print, **{name: {"perpend": True}})


@pytest.mark.parametrize("name", ["prehook", "posthook"])
def test_what_cannot_be_called_is_no_hook(name):
    with pytest.raises(TypeError, match=rf"{name} must be a function or None, but is 3 \(int\)"):
        Hook(**{name: 3})
