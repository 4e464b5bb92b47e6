"""The formulas of an operation, from its docstring, written with the names of its tensors.

A docstring says  `y = a / b.   ∂/∂a = 1/b   ∂/∂b = −y/b`; of x2 = x0 / x1 that makes the formula
`x0 / x1` and the rules `∂x2/∂x0 = 1/x1` and `∂x2/∂x1 = −x2/x1`.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from typing import Any

from ..tensor import Tensor

Names = Mapping[Tensor, str]

_RULE = re.compile(r"∂(?:y(_\w)?)?/∂([A-Za-z]+)(_\w)?\s*[=:]\s*(.*)")  # ∂/∂a = …, ∂y_i/∂a_j = …
_EXPONENT = re.compile("[⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹]*[ᵃᵇ][⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹ᵃᵇ]*")  # one that names an input
_LOWERED = str.maketrans("⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹ᵃᵇ", "−+0123456789ab")


def call(x: Tensor, names: Names) -> str:
    """The call that made x: `sum(x3, axis=0)`. Options at their defaults are left out."""
    operation: Any = x.op
    parameters = inspect.signature(operation).parameters
    inputs = [_named(y, names) for y in x.inputs] or ["…"]
    options = [
        f"{name}={_option(value)}"
        for name, value in x.options.items()
        if repr(value) != repr(parameters[name].default)
    ]
    return f"{operation.__name__}({', '.join(inputs + options)})"


def formula(x: Tensor, names: Names) -> str:
    """What the operation that made x computes."""
    return _written(_parts(x.op)[0].removeprefix("y = ").rstrip("."), x, names)


def rule(x: Tensor, position: int, names: Names) -> str:
    """The derivative of x with respect to one of its inputs, or how the gradient goes back."""
    match = _rules(x.op).get(position)
    if match is None:
        words = [part for part in _parts(x.op)[1:] if not _RULE.fullmatch(part)]
        sent = "; ".join(words) or f"as written in the source of {x.op.__name__}()"  # type: ignore[union-attr]
        sent = re.sub(r"^vjp\(g\) = ", "sends ", sent)
        return _written(sent.removeprefix("∂: "), x, names)
    derivative = _written(match[4], x, names)
    if re.search(r"\bg\b", match[4]):  # a product with g, as with matrices
        return f"sends {derivative}"
    above, below = names[x] + (match[1] or ""), _named(x.inputs[position], names)
    return f"∂{above}/∂{below}{match[3] or ''} = {derivative}"


def _parts(operation: Any) -> list[str]:
    """The formula in the docstring, then its rules for the gradient, one by one."""
    first, *others = inspect.cleandoc(operation.__doc__ or "").split("\n\n")
    parts = [" ".join(part.split()) for part in re.split(" {3,}", first)]
    rules = [" ".join(part.split()) for other in others for part in re.split(" {3,}", other)]
    return parts + [part for part in rules if _RULE.fullmatch(part)]


def _rules(operation: Any) -> dict[int, re.Match[str]]:
    """The rule ∂/∂a = … of each input that has one, by the position of the input."""
    inputs = _input_names(operation)
    found = [match for part in _parts(operation) if (match := _RULE.fullmatch(part))]
    return {inputs.index(m[2]) if m[2] in inputs else k: m for k, m in enumerate(found)}


def _input_names(operation: Any) -> list[str]:
    parameters = inspect.signature(operation).parameters.values()
    return [p.name for p in parameters if p.kind is p.POSITIONAL_ONLY]


def _written(formula: str, x: Tensor, names: Names) -> str:
    """A formula with the names of tensors for its letters: `e⁻ᵃ` becomes `e^(−x3)`."""
    letters = dict(enumerate(_input_names(x.op)))
    letters |= {position: match[2] for position, match in _rules(x.op).items()}  # W for weight
    words = {letter: _named(x.inputs[position], names) for position, letter in letters.items()}
    words.setdefault("y", names[x])
    formula = _EXPONENT.sub(lambda match: _raised(match[0].translate(_LOWERED)), formula)
    pattern = rf"(?<![A-Za-z0-9_])({'|'.join(words)})(?![A-Za-z0-9])"
    return re.sub(pattern, lambda match: words[match[1]], formula)


def _raised(exponent: str) -> str:
    return f"^{exponent}" if len(exponent) == 1 else f"^({exponent})"


def _named(y: Any, names: Names) -> str:
    """The name of a tensor; a number itself, in brackets where it has a sign."""
    if isinstance(y, Tensor):
        return names[y]
    number = f"{y:g}" if isinstance(y, float) else str(y)
    return f"({number})" if number.startswith("-") else number


def _option(value: Any) -> str:
    """An option as it would be typed; a slice as 1:3, an index tensor in a key as array."""
    if isinstance(value, slice):
        ends = [value.start, value.stop] + [value.step] * (value.step is not None)
        return ":".join("" if end is None else str(end) for end in ends)
    if isinstance(value, tuple):
        return f"({', '.join(map(_option, value))}{',' * (len(value) == 1)})"
    if value is Ellipsis:
        return "..."
    return value.__name__ if isinstance(value, type) else str(value)
