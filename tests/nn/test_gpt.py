"""GPT and its attention: sizes, what a position can see, shared weights, generation."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

import tinygrad_edu as te
from tests.nn.numeric import fill
from tinygrad_edu import nn, optim

F = nn.functional
pytestmark = pytest.mark.usefixtures("seeded")


def size(module):
    return sum(parameter.size for parameter in module.parameters())


def tokens_of(*shape, below=24, seed=0):
    return np.random.default_rng(seed).integers(0, below, shape)


def tiny(**options):
    """The grammar's GPT: 24 words, 12 positions."""
    return nn.GPT(24, 12, 32, 4, 2, hidden_dim=64, **options)


def lively(model, scale=0.3, seed=0):
    """Weights far larger than at the start, so that every part of the model counts."""
    rng = np.random.default_rng(seed)
    for parameter in model.parameters():
        values = rng.standard_normal(parameter.shape).astype(parameter.dtype)
        parameter.data = te.tensor(scale * values, device=parameter.device)
    return model


# --- sizes


@pytest.mark.parametrize(
    ("make", "count"),
    [
        (lambda: nn.MultiHeadAttention(256, 4), 263_168),
        (lambda: nn.TransformerBlock(256, 4, hidden_dim=512), 527_104),
        (lambda: nn.GPT(10_000, 64, 256, 4, 2, hidden_dim=512), 6_201_104),  # document 000 §5.2
        (lambda: nn.GPT(65, 64, 128, 4, 4), 818_241),
        (tiny, 19_096),
        (lambda: tiny(tie_weights=True), 19_096 - 24 * 32),
        (
            lambda: nn.Sequential(
                nn.Embedding(10_000, 256), nn.Linear(256, 512), nn.Tanh(), nn.Linear(512, 10_000)
            ),
            7_821_584,
        ),
    ],
)
def test_number_of_parameters(make, count):
    assert size(make()) == count


def test_starting_values():
    """N(0, 0.02²) for weights, zeros for biases; the first loss is that of a blind guess."""
    model = nn.GPT(65, 64, 128, 4, 4)
    for name, parameter in model.named_parameters():
        values = parameter.detach().numpy()
        if "norm" in name:
            assert (values == name.endswith("weight")).all(), name
        elif name.endswith("bias"):
            assert (values == 0).all(), name
        else:
            assert abs(values.std() - 0.02) < 0.001 and abs(values.mean()) < 0.001, name
    tokens = tokens_of(4, 65, below=65)
    loss = F.cross_entropy(model(tokens[:, :-1]).reshape((-1, 65)), tokens[:, 1:].reshape(-1))
    assert abs(loss.item() - math.log(65)) < 0.1


# --- attention over another text


def test_cross_attention_against_plain_loops(device):
    rng = np.random.default_rng(0)
    layer = fill(nn.MultiHeadAttention(6, 3), rng, np.float64, device)
    p = layer.state_dict()
    x, context = rng.standard_normal((2, 4, 6)), rng.standard_normal((2, 5, 6))
    mask = rng.random((2, 1, 4, 5)) < 0.7
    mask[..., 0] = True
    projected = {}
    for name, given in (("query", x), ("key", context), ("value", context)):
        projected[name] = given @ p[f"{name}.weight"] + p[f"{name}.bias"]
    y, weights = np.zeros((2, 4, 6)), np.zeros((2, 3, 4, 5))
    for b, h, i in np.ndindex(2, 3, 4):
        own = slice(2 * h, 2 * h + 2)
        scores = projected["key"][b][:, own] @ projected["query"][b, i, own] / math.sqrt(2)
        powers = np.exp(scores) * mask[b, 0, i]
        weights[b, h, i] = powers / powers.sum()
        y[b, i, own] = weights[b, h, i] @ projected["value"][b][:, own]
    y = y @ p["output.weight"] + p["output.bias"]
    given = [te.tensor(a, device=device) for a in (x, context, mask)]
    np.testing.assert_allclose(layer(*given).numpy(), y, rtol=1e-12)
    np.testing.assert_allclose(layer.weights(*given).numpy(), weights, rtol=1e-12)
    np.testing.assert_array_equal(
        layer(given[0], given[0]).numpy(), layer(given[0]).numpy()
    )  # x looks at itself


def test_sizes_that_heads_cannot_share():
    with pytest.raises(ValueError, match=r"3 heads cannot share 256 columns.*embed_dim=258"):
        nn.MultiHeadAttention(256, 3)
    for wrong in ({"embed_dim": 0, "num_heads": 1}, {"embed_dim": 4, "num_heads": 2.0}):
        with pytest.raises(ValueError, match="whole number of at least 1"):
            nn.MultiHeadAttention(**wrong)


# --- what a position can see


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_later_token_changes_no_bit_of_earlier_logits(dtype, device):
    model = fill(nn.GPT(24, 40, 32, 4, 2), np.random.default_rng(0), dtype, device)
    tokens = tokens_of(3, 40)
    before = model(te.tensor(tokens, device=device)).numpy()
    for j in (1, 17, 39):
        moved = tokens.copy()
        moved[:, j] = (moved[:, j] + 1) % 24
        after = model(te.tensor(moved, device=device)).numpy()
        assert (after[:, :j] == before[:, :j]).all()
        assert (after[:, j:] != before[:, j:]).any(axis=-1).all()


def test_without_the_causal_mask_they_do_change():
    block = fill(nn.TransformerBlock(8, 2), np.random.default_rng(0), np.float64, "cpu")
    x = np.random.default_rng(1).standard_normal((5, 8))
    moved = x.copy()
    moved[4, 0] += 1
    assert (block(x).numpy()[0] != block(moved).numpy()[0]).any()


def test_positions_count():
    """The same word at another place has another row; without positions it would have the same."""
    model = lively(tiny())
    logits = model([[3, 3, 3]]).numpy()[0]
    assert (logits[0] != logits[1]).any() and (logits[1] != logits[2]).any()


def test_attention_weights_of_each_block(device):
    model = lively(tiny()).to(device)
    tokens = te.tensor(tokens_of(2, 7), device=device)
    found = model.attention_weights(tokens)
    assert [weights.shape for weights in found] == [(2, 4, 7, 7)] * 2
    for weights in found:
        np.testing.assert_allclose(weights.sum(axis=-1).numpy(), 1, rtol=1e-6)
        assert (weights.numpy() * (1 - np.tri(7)) == 0).all()


# --- shared weights


def test_tied_weights_are_one_parameter_with_the_sum_of_both_gradients(device):
    tied = fill(tiny(tie_weights=True), np.random.default_rng(0), np.float64, device)
    assert tied.head.weight is tied.tokens.weight
    free = fill(tiny(), np.random.default_rng(1), np.float64, device)
    state = tied.state_dict()
    assert "head.weight" not in state and "head.bias" in state
    free.load_state_dict(state | {"head.weight": state["tokens.weight"].T})
    tokens = te.tensor(tokens_of(3, 12), device=device)
    for model in (tied, free):
        logits = model(tokens)
        F.cross_entropy(logits.reshape((-1, 24)), tokens.reshape(-1)).backward()
    wanted = free.tokens.weight.grad.numpy() + free.head.weight.grad.numpy().T
    np.testing.assert_allclose(tied.tokens.weight.grad.numpy(), wanted, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(
        tied.head.bias.grad.numpy(), free.head.bias.grad.numpy(), rtol=1e-10, atol=1e-12
    )
    optim.SGD(tied.parameters(), lr=1.0).step()
    assert tied.head.weight is tied.tokens.weight
    assert sum(p is tied.tokens.weight for p in tied.parameters()) == 1


# --- as a module


def test_state_goes_round(device):
    one, other = lively(tiny()).to(device), lively(tiny(), seed=1).to(device)
    tokens = te.tensor(tokens_of(2, 9), device=device)
    assert (one(tokens).numpy() != other(tokens).numpy()).any()
    other.load_state_dict(one.state_dict())
    np.testing.assert_array_equal(one(tokens).numpy(), other(tokens).numpy())


def test_same_training_on_every_device(device):
    """Logits, gradients and a few steps with dropout: one seed, one result."""
    found = []
    for place in ("cpu", device):
        te.manual_seed(3)
        model = tiny(dropout=0.1).to(place)
        for x in model.parameters():  # key.bias has no gradient but rounding: Adam would follow it
            x.data = x.detach().astype(np.float64)
        optimizer = optim.Adam(model.parameters(), lr=0.01)
        tokens = te.tensor(tokens_of(4, 13), device=place)
        losses = []
        for _ in range(3):
            logits = model(tokens[:, :-1]).reshape((-1, 24))
            loss = F.cross_entropy(logits, tokens[:, 1:].reshape(-1))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        assert losses[0] > losses[-1]
        found.append([*losses, *(x.ravel() for x in model.state_dict().values())])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-9, atol=1e-12)


def test_dropout_in_training_only():
    model = lively(tiny(dropout=0.5))
    tokens = tokens_of(2, 12)
    assert (model(tokens).numpy() != model(tokens).numpy()).any()
    model.eval()
    np.testing.assert_array_equal(model(tokens).numpy(), model(tokens).numpy())
    without = lively(tiny())
    np.testing.assert_array_equal(model(tokens).numpy(), without(tokens).numpy())


@pytest.mark.parametrize("where", ["embedding", "attention weights", "output of a part"])
def test_each_dropout_drops(where):
    """One of them at a time at p = 0.9: the logits change from call to call."""
    model = lively(tiny())
    block = model.blocks[0]
    place = {
        "embedding": model.dropout,
        "attention weights": block.attention.dropout,
        "output of a part": block.dropout,
    }[where]
    place.p = 0.9
    tokens = tokens_of(2, 12)
    assert (model(tokens).numpy() != model(tokens).numpy()).any()


@pytest.mark.parametrize(
    ("tokens", "error", "words"),
    [
        (
            np.zeros((2, 13), int),
            ValueError,
            r"1 to 12 positions.*\(2, 13\).*tokens\[\.\.\., -12:\]",
        ),
        (np.zeros((2, 0), int), ValueError, r"1 to 12 positions.*\(2, 0\)"),
        (3, ValueError, r"\(…, time\)"),
        ([[0, 24]], IndexError, "index 24 is outside 0 … 23"),
        ([[0.5, 1.0]], TypeError, "whole numbers.*float32"),
    ],
)
def test_tokens_that_are_refused(tokens, error, words, device):
    model = tiny().to(device)
    with pytest.raises(error, match=re.compile(words, re.DOTALL)):
        model(te.tensor(tokens, device=device))


# --- generation


def by_hand(model, tokens, length):
    """The likeliest word again and again, by whole forward passes."""
    for _ in range(length):
        logits = model(tokens[:, -model.context_length :]).numpy()
        tokens = np.concatenate([tokens, logits[:, -1].argmax(axis=1)[:, None]], axis=1)
    return tokens


def test_greedy_generation_is_the_likeliest_word_each_time(device):
    model = lively(tiny()).to(device)
    start = tokens_of(3, 2)
    wanted = by_hand(lively(tiny()), start, 20)  # beyond the 12 positions of the context
    for use_cache in (True, False):
        found = model.generate(te.tensor(start, device=device), 20, 0, use_cache=use_cache)
        assert found.device == device and found.dtype == np.int64
        np.testing.assert_array_equal(found.numpy(), wanted)
        alone = model.generate(te.tensor(start[0], device=device), 20, 0, use_cache=use_cache)
        np.testing.assert_array_equal(alone.numpy(), wanted[0])


@pytest.mark.parametrize("options", [{}, {"temperature": 0.7}, {"top_k": 3}, {"temperature": 3.0}])
def test_the_cache_changes_no_token(options):
    model = lively(tiny())
    for seed in range(5):
        start = tokens_of(2, 1 + seed, seed=seed)
        one, other = (
            model.generate(start, 18, seed=seed, use_cache=use_cache, **options).numpy()
            for use_cache in (True, False)
        )
        np.testing.assert_array_equal(one, other)
        assert one.shape == (2, 19 + seed)
        np.testing.assert_array_equal(one[:, : 1 + seed], start)


def test_cached_logits_are_those_of_the_whole_text():
    """Piece by piece in float64: a key out of place would show here, not only in a rare token."""
    model = fill(tiny(), np.random.default_rng(0), np.float64, "cpu")
    tokens = tokens_of(2, 12)
    whole = model(tokens).numpy()
    caches = [block.attention.empty_cache(2) for block in model.blocks]
    for start, end in ((0, 4), (4, 5), (5, 6), (6, 12)):
        piece = model._continued(tokens[:, start:end], caches).numpy()
        np.testing.assert_allclose(piece, whole[:, start:end], rtol=1e-10, atol=1e-12)
    assert [len(cache) for cache in caches] == [12, 12]


def test_one_seed_gives_one_text(device):
    model = lively(tiny())
    start = tokens_of(3, 2)
    first = model.generate(start, 15, seed=7).numpy()
    np.testing.assert_array_equal(
        model.to(device).generate(te.tensor(start, device=device), 15, seed=7).numpy(), first
    )
    model.to("cpu")
    assert (model.generate(start, 15, seed=8).numpy() != first).any()
    te.manual_seed(7)
    drawn = model.generate(start, 15).numpy()
    np.testing.assert_array_equal(drawn, first)  # the library's generator, started alike
    assert (model.generate(start, 15).numpy() != drawn).any()


def test_draws_follow_the_probabilities():
    """4,000 draws of one word against softmax(logits / temperature)."""
    model = lively(tiny())
    logits = model([[5]]).numpy()[0, 0].astype(np.float64)
    for temperature, top_k in ((1.0, None), (2.0, None), (1.0, 4)):
        p = np.exp(logits / temperature)
        if top_k:
            p[np.argsort(p)[:-top_k]] = 0
        p /= p.sum()
        words = model.generate(np.full((4000, 1), 5), 1, temperature, top_k, seed=0).numpy()[:, 1]
        counts = np.bincount(words, minlength=24)
        assert (counts[p == 0] == 0).all()
        assert (abs(counts - 4000 * p) < 5 * np.sqrt(4000 * p * (1 - p)) + 1).all()
    assert (model.generate(np.full((50, 1), 5), 1, top_k=1).numpy()[:, 1] == logits.argmax()).all()


def test_generation_leaves_the_model_as_it_was():
    model = lively(tiny(dropout=0.5))
    model.blocks[1].eval()
    modes = [module.training for _, module in model.named_modules()]
    quiet = lively(tiny())
    np.testing.assert_array_equal(
        model.generate([[1]], 8, seed=0).numpy(), quiet.generate([[1]], 8, seed=0).numpy()
    )  # no dropout
    assert [module.training for _, module in model.named_modules()] == modes
    assert all(parameter.grad is None for parameter in model.parameters())
    assert model.generate([[1, 2]], 0).tolist() == [[1, 2]]


def test_generation_gives_memory_of_its_own(device):
    for begin in (np.array([[1, 2]]), te.tensor([[1, 2]], device=device)):
        tiny().generate(begin, 0).data[...] = 7
        assert begin.tolist() == [[1, 2]]


@pytest.mark.parametrize("dtype", ["uint8", "uint64", "int16"])
def test_tokens_of_any_whole_dtype_and_where_the_text_lands(dtype, device):
    model = lively(tiny()).to(device)
    found = model.generate(np.array([[1, 2]], dtype), 3, 0)
    assert found.dtype == np.int64 and found.device == device
    assert found.tolist() == model.generate([[1, 2]], 3, 0).tolist()


@pytest.mark.parametrize("temperature", [5e-324, 1e-310, 1e-30])
@pytest.mark.parametrize("top_k", [None, 1, 3])
def test_a_tiny_temperature_takes_the_likeliest_word(temperature, top_k):
    model = lively(tiny())
    found = model.generate([[1, 2]], 12, temperature, top_k, seed=0).tolist()
    assert found == model.generate([[1, 2]], 12, 0).tolist()
    assert 0 not in found[0]  # the first word is no stand-in for the likeliest


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"length": -1}, "length is a whole number of at least 0, not -1"),
        ({"length": 2.0}, "length is a whole number"),
        ({"length": 1, "temperature": -0.5}, "temperature is a number of at least 0, not -0.5"),
        ({"length": 1, "temperature": math.nan}, "temperature is a number"),
        ({"length": 1, "temperature": None}, "temperature is a number of at least 0, not None"),
        ({"length": 1, "seed": -1}, "a seed is a whole number of at least 0, .* not -1"),
        ({"length": 1, "top_k": 0}, "top_k is a whole number from 1 to the 24 words"),
        ({"length": 1, "top_k": 25}, "given 25"),
        ({"length": 1, "tokens": []}, r"at least one token.*\(0,\)"),
        ({"length": 1, "tokens": 3}, r"at least one token.*\(\)"),
    ],
)
def test_requests_that_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        tiny().generate(**{"tokens": [[1]], **options})
