"""The masked language model: it sees both sides, and only hidden words count."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tinygrad_edu as te
from tests.nn.numeric import fill
from tinygrad_edu import nn, optim

F = nn.functional
pytestmark = pytest.mark.usefixtures("seeded")
MASK = 23


def tiny(**options):
    return nn.MaskedLanguageModel(24, 12, 32, 4, 2, mask_token=MASK, hidden_dim=64, **options)


def tokens_of(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, MASK, shape)


def test_it_has_the_parameters_of_gpt():
    wanted = nn.GPT(24, 12, 32, 4, 2, hidden_dim=64)
    shapes = {name: x.shape for name, x in tiny().named_parameters()}
    assert shapes == {name: x.shape for name, x in wanted.named_parameters()}


def test_every_position_sees_every_other(device):
    model = fill(tiny(), np.random.default_rng(0), np.float64, device)
    tokens = tokens_of(2, 12)
    before = model(te.tensor(tokens, device=device)).numpy()
    for j in (0, 11):
        moved = tokens.copy()
        moved[:, j] = (moved[:, j] + 1) % MASK
        after = model(te.tensor(moved, device=device)).numpy()
        assert (after != before).any(axis=-1).all()


def test_a_mask_keeps_padding_out_of_sight(device):
    """What stands in the padding changes nothing for the words."""
    model = fill(tiny(), np.random.default_rng(0), np.float64, device)
    tokens = tokens_of(2, 12)
    seen = te.tensor(np.arange(12) < 9, device=device)
    found = []
    for word in (0, 7):
        tokens[:, 9:] = word
        found.append(model(te.tensor(tokens, device=device), mask=seen).numpy()[:, :9])
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize("probability", [0.15, 0.5, 1.0])
def test_how_many_are_hidden_and_how(probability, device):
    tokens = tokens_of(100, 200)
    inputs, places, targets = tiny().hide(te.tensor(tokens, device=device), probability, seed=1)
    assert {x.device for x in (inputs, places, targets)} == {device}
    before, after, places = tokens.reshape(-1), inputs.numpy().reshape(-1), places.numpy()
    n = round(20_000 * probability)
    assert len(set(places.tolist())) == len(places) == n
    np.testing.assert_array_equal(targets.numpy(), before[places])
    untouched = np.setdiff1d(np.arange(20_000), places)
    np.testing.assert_array_equal(after[untouched], before[untouched])
    masked = (after[places] == MASK).mean()
    same = (after[places] == before[places]).mean()
    for part, share in ((masked, 0.8 + 0.1 / 24), (same, 0.1 + 0.1 / 24)):
        assert abs(part - share) < 5 * math.sqrt(share * (1 - share) / n)


def test_one_seed_hides_the_same(device):
    model, tokens = tiny(), tokens_of(4, 12)
    first = [x.numpy() for x in model.hide(tokens, seed=3)]
    again = [x.numpy() for x in model.hide(te.tensor(tokens, device=device), seed=3)]
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
    assert (model.hide(tokens, seed=4)[0].numpy() != first[0]).any()
    np.testing.assert_array_equal(tokens, tokens_of(4, 12))  # its own are left alone


def test_words_to_keep_and_the_least_number():
    model = tiny()
    tokens = np.array([[0, 0, 0, 5, MASK, 0]])
    for seed in range(10):
        _, places, targets = model.hide(tokens, seed=seed, keep=[0])
        assert (places.tolist(), targets.tolist()) == ([3], [5])  # one, though 15 % of 1 is none
    with pytest.raises(ValueError, match="no word to hide"):
        model.hide([[0, 0]], keep=[0])
    for wrong in (0, 1.5, -0.1):
        with pytest.raises(ValueError, match="above 0 and at most 1"):
            model.hide(tokens, wrong)
    for wrong in (24, -1, 1.5, True):
        with pytest.raises(ValueError, match="none of the 24 words"):
            nn.MaskedLanguageModel(24, 12, 32, 4, 2, mask_token=wrong)


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "uint64"])
def test_tokens_of_any_whole_dtype(dtype):
    """mask_token = 399 does not fit into uint8, where it would be 143."""
    model = nn.MaskedLanguageModel(400, 8, 4, 2, 1, mask_token=399)
    found = model.hide(np.array([[1, 2, 3]], dtype), probability=1.0, seed=0)
    wanted = model.hide(np.array([[1, 2, 3]]), probability=1.0, seed=0)
    assert 399 in wanted[0].numpy()
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy(), strict=True)


def test_what_is_hidden_lands_where_the_model_is(device):
    model = fill(tiny(), np.random.default_rng(0), np.float64, device)
    hidden = model.hide(tokens_of(2, 12), seed=0)
    assert {x.device for x in hidden} == {device}
    assert math.isfinite(model.loss(*hidden).item())


def test_what_is_no_token_is_not_hidden():
    for tokens, error, words in (
        ([[1.0, 2.0]], TypeError, r"hide\(\) needs whole numbers.*float"),
        ([[1, 200]], IndexError, r"hide\(\): index 200 is outside 0 … 23"),
        ([[1, -1]], IndexError, r"hide\(\): index -1 is outside"),
        ([], ValueError, "no word to hide"),
    ):
        with pytest.raises(error, match=words):
            tiny().hide(np.array(tokens))
    with pytest.raises(ValueError, match="a seed is a whole number"):
        tiny().hide([[1, 2]], seed=-1)


def test_the_loss_counts_hidden_places_only(device):
    model = fill(tiny(), np.random.default_rng(0), np.float64, device)
    hidden = model.hide(te.tensor(tokens_of(3, 12), device=device), seed=0)
    logits = model(hidden[0]).numpy().reshape(-1, 24)
    places, targets = (x.numpy() for x in hidden[1:])
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    wanted = -np.mean([log_p[place, target] for place, target in zip(places, targets, strict=True)])
    assert model.loss(*hidden).item() == pytest.approx(wanted, rel=1e-10)


def test_it_guesses_a_first_word_that_a_gpt_cannot_know():
    """Texts a b a b: the first word is told by the third, which a causal model has not read yet."""
    model = nn.MaskedLanguageModel(9, 4, 16, 2, 1, mask_token=8)
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    rng = np.random.default_rng(0)

    def texts(n):
        return np.tile(rng.integers(0, 8, (n, 2)), (1, 2))

    for _ in range(250):
        optimizer.zero_grad()
        model.loss(*model.hide(texts(32), probability=0.25)).backward()
        optimizer.step()
    held_out = texts(200)
    first_hidden = held_out.copy()
    first_hidden[:, 0] = 8
    guesses = model.eval()(first_hidden).numpy()[:, 0].argmax(axis=-1)
    assert (guesses == held_out[:, 0]).mean() > 0.95
