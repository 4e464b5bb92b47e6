"""Matrix products."""

from __future__ import annotations

import itertools
from typing import Any

from ..backend import Array
from ..tensor import Tensor, asarray, op
from .elementwise import mul
from .shape import expand_dims


@op
def matmul(xp: Any, a: Array, b: Array, /) -> Any:
    """a @ b, the matrix product over the last two axes.   ∂/∂a: g bᵀ   ∂/∂b: aᵀ g

    Leading axes are broadcast. A vector (n,) stands for a row on the left and for a column on the
    right, as in NumPy.
    """
    _check_inner(a, b)
    if a.ndim == b.ndim == 2:
        return a @ b, lambda g: g @ b.T, lambda g: a.T @ g
    a_row = a.reshape((1, a.shape[0])) if a.ndim == 1 else a  # (…, rows, inner)
    b_column = b.reshape((b.shape[0], 1)) if b.ndim == 1 else b  # (…, inner, columns)

    def full(g: Array) -> Array:  # (…, rows, columns)
        if a.ndim == 1:
            g = xp.expand_dims(g, -1 if b.ndim == 1 else -2)
        return xp.expand_dims(g, -1) if b.ndim == 1 else g

    def wrt_a(g: Array) -> Array:
        return full(g) @ xp.swapaxes(b_column, -1, -2)  # (…, rows, inner)

    def wrt_b(g: Array) -> Array:
        gb = xp.swapaxes(a_row, -1, -2) @ full(g)  # (…, inner, columns)
        return gb[..., 0] if b.ndim == 1 else gb

    return a @ b, wrt_a, wrt_b


def _check_inner(a: Array, b: Array) -> None:
    left, right = (getattr(x, "shape", ()) for x in (a, b))
    if not left or not right:
        raise ValueError(
            f"matmul needs vectors or matrices; it was given shapes {left} and {right}. "
            "To multiply by a number, use *"
        )
    inner = right[-2 if len(right) > 1 else -1]
    if left[-1] != inner:
        raise ValueError(
            f"matmul: {left} @ {right} does not fit. The last axis of the left tensor, {left[-1]}, "
            f"must equal the last but one of the right, {inner}; perhaps one needs .T"
        )


def dot(a: Tensor, b: Tensor) -> Tensor:
    """Σ a_i b_i of two vectors."""
    if getattr(a, "ndim", 0) != 1 or getattr(b, "shape", ()) != a.shape:
        raise ValueError(
            f"dot() multiplies two vectors of one length; it was given {getattr(a, 'shape', ())} "
            f"and {getattr(b, 'shape', ())}. For matrices use @"
        )
    return matmul(a, b)


def outer(a: Tensor, b: Tensor) -> Tensor:
    """The matrix a_i b_j of two vectors."""
    if getattr(a, "ndim", 0) != 1 or getattr(b, "ndim", 0) != 1:
        raise ValueError(
            f"outer() multiplies two vectors; it was given {getattr(a, 'shape', ())} and "
            f"{getattr(b, 'shape', ())}. Make a vector of a matrix with .flatten()"
        )
    return mul(expand_dims(a, 1), expand_dims(b, 0))


def einsum(subscripts: str, *arrays: Tensor) -> Tensor:
    """Sums of products named by letters: "ij,jk->ik" is Σ_j a_ij b_jk, the matrix product.

    Letters that are missing after the arrow are summed over; "..." stands for any further axes.

    Raises:
        ValueError: where letters and axes do not match, or a letter stands twice in one term.
    """
    shapes = [asarray(a).shape for a in arrays]
    terms, output = _parsed(subscripts, [len(shape) for shape in shapes])
    _check_lengths(subscripts, terms, output, shapes)
    return _einsum(*arrays, terms=terms, output=output)


@op
def _einsum(xp: Any, /, *arrays: Array, terms: tuple[str, ...], output: str) -> Any:
    """Σ Π a.   The gradient of one array: the einsum of g and the others, to its own letters"""

    def vjp_of(k: int) -> Any:
        rest = [j for j in range(len(arrays)) if j != k]
        known = set(output).union(*(terms[j] for j in rest))
        letters = "".join(c for c in terms[k] if c in known)
        from_terms = ",".join([output, *(terms[j] for j in rest)])

        def vjp(g: Array) -> Array:
            gk = xp.einsum(f"{from_terms}->{letters}", g, *(arrays[j] for j in rest))
            lengths = dict(zip(letters, gk.shape, strict=True))
            kept = tuple(lengths.get(c, 1) for c in terms[k])
            # an axis that was summed alone, or beside a length of 1, gets its gradient repeated
            full = tuple(n if m == 1 else m for m, n in zip(kept, arrays[k].shape, strict=True))
            return gk if gk.shape == full else xp.broadcast_to(gk.reshape(kept), full)

        return vjp

    value = xp.einsum(f"{','.join(terms)}->{output}", *arrays)
    if len(arrays) == 1:  # it may be a view
        value = value.copy()
    return value, *(vjp_of(k) for k in range(len(arrays)))


def _check_lengths(
    subscripts: str, terms: tuple[str, ...], output: str, shapes: list[tuple[int, ...]]
) -> None:
    lengths: dict[str, int] = {}
    for letter, n in zip("".join(terms), itertools.chain(*shapes), strict=True):
        if lengths.setdefault(letter, n) not in (1, n) and n != 1:
            raise ValueError(
                f"einsum: in {subscripts!r} the letter {letter!r} stands for {lengths[letter]} and "
                f"for {n} entries; the arrays have shapes {' and '.join(map(str, shapes))}. Axes "
                "of one letter are equally long"
            )
        lengths[letter] = max(lengths[letter], n)
    missing = [letter for letter in output if letter not in lengths]
    if missing:
        raise ValueError(
            f"einsum: {subscripts!r} has {missing[0]!r} after the arrow only; name an axis of the "
            "arrays with it, or leave it out"
        )


def _parsed(subscripts: str, ndims: list[int]) -> tuple[tuple[str, ...], str]:
    """The letters of each array and of the result, with "..." spelled out."""
    left, arrow, right = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(ndims):
        raise ValueError(
            f"einsum: {subscripts!r} names {len(terms)} arrays, and {len(ndims)} were given"
        )
    spare = [c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if c not in subscripts]
    dots = max(n - len(t) + 3 if "..." in t else 0 for t, n in zip(terms, ndims, strict=True))
    spelled = []
    for term, ndim in zip(terms, ndims, strict=True):
        own = ndim - len(term) + 3
        full = term.replace("...", "".join(spare[dots - own : dots]) if "..." in term else "")
        if len(full) != ndim or len(set(full)) != len(full):
            raise ValueError(
                f"einsum: {term!r} in {subscripts!r} does not fit an array of {ndim} axes; "
                "give each axis one letter of its own"
            )
        spelled.append(full)
    if arrow:
        output = right.replace("...", "".join(spare[:dots]))
    else:  # as NumPy: the letters that stand once, in alphabetical order
        letters = "".join(spelled)
        named = sorted(c for c in set(letters) - set(spare[:dots]) if letters.count(c) == 1)
        output = "".join(spare[:dots]) + "".join(named)
    return tuple(spelled), output
