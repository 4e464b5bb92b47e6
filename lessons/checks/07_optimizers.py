"""What the answers to the exercises of lesson 7 are checked with: the library itself."""

import numpy as np

import tinygrad_edu as te
from tinygrad_edu.exercise import Exercise, ExerciseError, values

SIZES = 10.0 ** np.array([[1, -2, -8], [0, -9, -1]])  # of the gradients, some as small as eps
LR = 0.01


def wrong_rules(g, b, G, m, v, t):
    """Where theta goes by typical wrong rules, from 0: by name of the function, then of the rule.

    b, G, m and v are right, and as they are after this step; the names end the sentence "this is".
    """
    one, two = 1 - 0.9**t, 1 - 0.999**t
    late = (1 - 0.9 ** (t + 1)), (1 - 0.999 ** (t + 1))
    without = m / (np.sqrt(v) + 1e-8)
    return {
        "momentum_step": {
            "plain gradient descent: theta moves by g, not by b": g,
            "a step uphill: theta - lr b, not theta + lr b": -b,
            "the mean of Adam: b ← mu b + g, without 1 - mu": b - 0.9 * g,
        },
        "adagrad_step": {
            "a division by G: its square root is missing": g / (G + 1e-10),
            "a division by the root of the old G: first add g² to G":
                g / (np.sqrt(G - g**2) + 1e-10),
            "a step with eps inside the root": g / np.sqrt(G + 1e-10),
        },
        "adam_step with corrected=True": {
            "Adam without the correction of the two means, document 003 §4.1.3: m_hat and v_hat "
            "are missing": without,
            "the form of Keras, whose eps stands beside the uncorrected root of v: divide by "
            "sqrt(v_hat) + eps": np.sqrt(two) / one * without,
            "the rule of document 002 §3.3: it has neither m nor v, and the square root is lost":
                two / one * g,
            "Adam with the square root missing: divide by sqrt(v_hat) + eps":
                m / one / (v / two + 1e-8),
            "Adam with m corrected, but not v": m / one / (np.sqrt(v) + 1e-8),
            "Adam with a t that is one too large": m / late[0] / (np.sqrt(v / late[1]) + 1e-8),
        },
        "adam_step with corrected=False": {
            "the corrected form, document 002 §4.2.3": m / one / (np.sqrt(v / two) + 1e-8),
            "Adam with the square root missing: divide by sqrt(v) + eps": m / (v + 1e-8),
        },
    }  # fmt: skip


def check_steps(name, answer, make, kept):
    """Three steps, each against the library from the same place; kept names what is kept."""
    random = np.random.default_rng(0)
    start = random.normal(size=SIZES.shape)
    place = te.tensor(start, requires_grad=True)
    optimizer = make([place])
    theta, state = start, [np.zeros(SIZES.shape) for _ in kept]
    b, G, m, v = (np.zeros(SIZES.shape) for _ in range(4))
    for t in (1, 2, 3):
        g = random.normal(size=SIZES.shape) * SIZES
        b, G, m, v = 0.9 * b + g, G + g**2, 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        place.grad = te.tensor(g)
        optimizer.step()
        copies = [array.copy() for array in (theta, *state, g)]
        given = answer(*copies[:-1], t, copies[-1])
        if not all(map(np.array_equal, copies, (theta, *state, g))):
            raise ExerciseError(
                f"{name}: it changes its arguments, which belong to the caller. Make new arrays: "
                "theta = theta - step does, theta -= step does not"
            )
        wanted = [place.numpy(), *(optimizer.state[key][0] for key in kept.values())]
        found = as_arrays(given, ["theta", *kept])
        with np.errstate(divide="ignore", invalid="ignore"):
            wrong = wrong_rules(g, b, G, m, v, t)[name]
        for sentence, step in wrong.items():
            looks = np.allclose(found[0], theta - LR * step, rtol=1e-9, atol=1e-12)
            if looks and not close(found[0], wanted[0]):
                raise ExerciseError(f"{name}: this is {sentence}")
        hats = [state / (1 - beta**t) for state, beta in ((m, 0.9), (v, 0.999))]
        if (
            "corrected=True" in name
            and any(map(close, found[1:], hats))
            and close(found[0], wanted[0])
        ):
            raise ExerciseError(
                f"{name}: theta is right, but it gives back m_hat and v_hat. Give back m and v, "
                "from which the next step goes on"
            )
        for key, one, other in zip(["theta", *kept], found, wanted, strict=True):
            if not close(one, other, exact=key != "theta"):
                raise ExerciseError(
                    f"{name}: {key} is wrong after step {t}:\n{one}\nin place of\n{other}"
                )
        theta, state = found[0], found[1:]


def as_arrays(given, names):
    """The answer as arrays, one for each name."""
    if given is None:
        raise ExerciseError("it gives nothing back (None): is there a return?")
    if not isinstance(given, tuple | list) or len(given) != len(names):
        raise ExerciseError(f"it has to give {', '.join(names)}, in this order")
    return [np.asarray(array, float) for array in given]


def close(given, wanted, exact=False):
    """Equal in shape, and to nine digits or, where not exact, to 1e-12."""
    if given.shape != np.shape(wanted):
        return False
    return np.allclose(given, wanted, rtol=1e-9 * exact, atol=1e-12 * (not exact))


def check_momentum(momentum_step):
    check_steps(
        "momentum_step",
        lambda theta, b, t, g: momentum_step(theta, b, g, LR),
        lambda places: te.optim.SGD(places, lr=LR, momentum=0.9),
        {"b": "velocity"},
    )


def check_adagrad(adagrad_step):
    check_steps(
        "adagrad_step",
        lambda theta, G, t, g: adagrad_step(theta, G, g, LR),
        lambda places: te.optim.Adagrad(places, lr=LR),
        {"G": "sums"},
    )


def check_adam(adam_step):
    for corrected in (True, False):
        check_steps(
            f"adam_step with corrected={corrected}",
            lambda theta, m, v, t, g, c=corrected: adam_step(theta, m, v, t, g, LR, c),
            lambda places, c=corrected: te.optim.Adam(places, lr=LR, bias_correction=c),
            {"m": "m", "v": "v"},
        )


def draw_valleys(random):
    """Symmetric matrices with positive eigenvalues, of three sizes; the first along the axes."""
    factors = [random.normal(size=(n + 2, n)) for n in (3, 5)]
    return [(np.diag([1.0, 50.0]),), *((A.T @ A,) for A in factors)]


def bound(H):
    """2 / λ_max, by multiplying a vector with H again and again until only λ_max is left."""
    x = np.random.default_rng(1).normal(size=len(H))
    for _ in range(5_000):
        x = H @ x
        x = x / np.sqrt(x @ x)
    return 2 / (x @ H @ x)


EXERCISES = [
    Exercise("momentum_step", "one step with momentum", check_momentum),
    Exercise("adagrad_step", "one step of Adagrad", check_adagrad),
    Exercise("adam_step", "one step of Adam, in the forms of both documents", check_adam),
    values("largest_stable_rate", "the largest stable learning rate", draw_valleys, bound),
]
