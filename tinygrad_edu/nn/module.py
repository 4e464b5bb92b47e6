"""Parameter, Module, Sequential: a network is an object whose attributes are its parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..backend import to_host
from ..ops.images import is_whole
from ..tensor import Tensor, asarray, tensor


class Parameter(Tensor):
    """A tensor that a network learns: it requires gradients, and its Module finds it by itself.

    It copies data, so that learning changes nobody else's array.
    """

    __slots__ = ()

    def __init__(self, data: Any) -> None:
        super().__init__(tensor(data)._data, requires_grad=True)


def check_sizes(layer: str, **sizes: Any) -> None:
    """Refuse a size of a layer that is no whole number of at least 1."""
    for name, size in sizes.items():
        if not is_whole(size, 1):
            raise ValueError(f"{layer}: {name} is a whole number of at least 1, not {size!r}")


class Module:
    """A part of a network. Its parameters and sub-modules are its attributes, in order of making.

    A subclass sets them in __init__ and computes its output in forward(); model(x) calls that.
    Tensors among the attributes that are no Parameters are buffers: kept and saved, not learned.
    """

    training = True

    def __setattr__(self, name: str, value: Any) -> None:
        before = vars(self).get(name)
        if isinstance(value, Tensor) and not isinstance(value, Parameter):
            learned = value.requires_grad and value.op is None
            if isinstance(before, Parameter) or learned:
                raise TypeError(
                    f"{type(self).__name__}.{name} would be a Tensor that no optimizer finds; "
                    f"assign an nn.Parameter, or write new numbers into it with .{name}.data = …"
                )
        super().__setattr__(name, value)

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """The output for these inputs; every Module defines its own."""
        raise TypeError(
            f"{type(self).__name__} does not define forward(self, x): a Module computes its output "
            "there, for example `def forward(self, x): return self.layer(x)`"
        )

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        result = self.forward(*inputs, **options)
        if result is None:
            raise TypeError(
                f"{type(self).__name__}.forward() gave None; end it with `return` and the output"
            )
        return result

    # --- what it is made of

    def children(self) -> Iterator[tuple[str, Module]]:
        """Each sub-module that is an attribute, with its name."""
        for name, value in vars(self).items():
            if isinstance(value, Module):
                yield name, value
            elif isinstance(value, list | tuple | dict | set | frozenset):
                _refuse_hidden_parts(self, name, value)

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """This module under its prefix, then every module inside it: "0", "block.linear", …"""
        yield prefix, self
        for name, child in self.children():
            yield from child.named_modules(f"{prefix}.{name}" if prefix else name)

    def named_tensors(self) -> Iterator[tuple[str, Tensor]]:
        """Every parameter and buffer once, as "layer.weight", in order of making."""
        seen: dict[Tensor, str] = {}
        for prefix, module in self.named_modules():
            for name, value in vars(module).items():
                if isinstance(value, Tensor) and value not in seen:
                    seen[value] = f"{prefix}.{name}" if prefix else name
        return ((name, value) for value, name in seen.items())

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Every Parameter once, as "layer.weight", in order of making."""
        return ((name, x) for name, x in self.named_tensors() if isinstance(x, Parameter))

    def parameters(self) -> Iterator[Parameter]:
        """Every Parameter once, in order of making."""
        return (parameter for _, parameter in self.named_parameters())

    # --- how it runs

    def train(self, mode: bool = True) -> Module:
        """Behave as in training (dropout on, say), all the way down; returns itself."""
        for _, module in self.named_modules():
            module.training = mode
        return self

    def eval(self) -> Module:
        """Behave as in use: the opposite of train(); returns itself."""
        return self.train(False)

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.parameters():
            parameter.grad = None

    def to(self, device: str) -> Module:
        """Move all parameters, their gradients and all buffers to a device; returns itself."""
        for _, x in self.named_tensors():
            x._data = x.detach().to(device)._data
            x.mark_changed()
            x.grad = None if x.grad is None else x.grad.detach().to(device)
        return self

    # --- its state

    def state_dict(self) -> dict[str, np.ndarray]:
        """A copy of every parameter and buffer by name, as NumPy arrays."""
        return {name: np.array(to_host(x._data)) for name, x in self.named_tensors()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over the values of a state_dict.

        Raises:
            ValueError: where names are missing or unknown, or a shape or dtype differs; nothing is
                loaded then.
        """
        if not isinstance(state, Mapping):
            raise TypeError(
                f"load_state_dict() takes a dict of arrays, not a {type(state).__name__}; of a "
                "file of te.save it is te.load(path), of another model model.state_dict()"
            )
        own = dict(self.named_tensors())
        wrong = [f"it lacks {name!r}" for name in own if name not in state]
        wrong += [f"it has {name!r}, which the model lacks" for name in state if name not in own]
        for name in own:
            if name not in state:
                continue
            given, wanted = state[name], own[name]
            if not hasattr(given, "dtype"):
                wrong.append(f"{name!r} is a {type(given).__name__} and no array")
                continue
            for what in ("shape", "dtype"):
                if getattr(given, what) != getattr(wanted, what):
                    wrong.append(
                        f"{name!r} has {what} {getattr(given, what)} "
                        f"where the model has {getattr(wanted, what)}"
                    )
        if wrong:
            raise ValueError(
                f"this state does not fit the {type(self).__name__}: {'; '.join(wrong)}. "
                "Build the model exactly as it was when the state was saved"
            )
        for name, x in own.items():
            x.data = asarray(state[name]).to(x.device)._data

    # --- printing

    def extra_repr(self) -> str:
        """What stands between the brackets of repr(); a layer names its sizes here."""
        return ""

    def __repr__(self) -> str:
        lines = [
            f"  ({name}): " + repr(child).replace("\n", "\n  ") for name, child in self.children()
        ]
        own = self.extra_repr()
        inside = "\n".join(["", *([f"  {own}"] if own else []), *lines, ""]) if lines else own
        return f"{type(self).__name__}({inside})"


@contextmanager
def in_mode(model: Module, training: bool) -> Iterator[None]:
    """The model in train() or eval(), and afterwards every part of it as it was."""
    before = [(module, module.training) for _, module in model.named_modules()]
    model.train(training)
    try:
        yield
    finally:
        for module, mode in before:
            module.training = mode


def _refuse_hidden_parts(module: Module, name: str, value: Any) -> None:
    for part in value.values() if isinstance(value, dict) else value:
        if isinstance(part, Module | Parameter):
            raise TypeError(
                f"{type(module).__name__}.{name} is a {type(value).__name__} with layers in it; an "
                "optimizer would not find them there. Use nn.ModuleList or nn.Sequential"
            )
        if isinstance(part, list | tuple | dict):
            _refuse_hidden_parts(module, name, part)


class ModuleList(Module):
    """A list of modules that its owner finds: for layers that forward() goes through itself."""

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        for module in modules:
            self.append(module)

    def append(self, module: Module) -> None:
        """Put a module at the end."""
        if not isinstance(module, Module):
            mend = "For a function such as te.relu there is a layer, nn.ReLU()"
            if isinstance(module, type):
                mend = f"Make one of the class with brackets: {module.__name__}()"
            elif isinstance(module, list | tuple):
                mend = "Unpack a list with a star: nn.Sequential(*layers)"
            raise TypeError(
                f"{type(self).__name__} takes modules; number {len(self)} is a "
                f"{type(module).__name__}. {mend}"
            )
        setattr(self, str(len(self)), module)

    def __iter__(self) -> Iterator[Module]:
        return (part for part in vars(self).values() if isinstance(part, Module))

    def __len__(self) -> int:
        return sum(1 for _ in self.children())

    def __getitem__(self, position: int) -> Module:
        return list(self)[position]


class Sequential(ModuleList):
    """Modules one after another: the output of each is the input of the next."""

    def __init__(self, *modules: Module) -> None:
        super().__init__(modules)

    def forward(self, x: Any) -> Any:
        """The last module's output."""
        for module in self:
            x = module(x)
        return x
