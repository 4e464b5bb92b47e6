"""Tokenizers, windows of tokens, counted models, and the texts that ship with the package."""

import gzip
import hashlib
import math
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_edu as te
from tinygrad_edu.data import (
    CharTokenizer,
    NGram,
    WordTokenizer,
    analects,
    names,
    next_token_windows,
    psalms_and_proverbs,
    random_windows,
    texts,
)

KINDS = [CharTokenizer, WordTokenizer]
BUNDLED = pathlib.Path(texts.__file__).parent / "bundled"

# --- tokenizers -----------------------------------------------------------------------------------


def test_characters_by_hand():
    tokenizer = CharTokenizer("hello\n")
    assert tokenizer.vocabulary == ("\n", "e", "h", "l", "o") and len(tokenizer) == 5
    ids = tokenizer.encode("hole\n")
    assert ids.tolist() == [2, 4, 3, 1, 0] and ids.dtype == np.int64
    assert tokenizer.decode(ids) == "hole\n" and repr(tokenizer) == "CharTokenizer(5 characters)"


def test_words_by_hand():
    tokenizer = WordTokenizer("the dog sees the cat .")
    assert tokenizer.vocabulary == (".", "cat", "dog", "sees", "the")
    ids = tokenizer.encode("the cat sees the dog .")
    assert ids.tolist() == [4, 1, 3, 4, 2, 0] and ids.dtype == np.int64
    assert tokenizer.decode(ids) == "the cat sees the dog ."
    assert tokenizer.decode(te.tensor(ids)) == tokenizer.decode(ids.tolist())
    assert WordTokenizer("he ran.\nShe  ran").vocabulary == ("", "he", "ran", "ran.\nShe")


@pytest.mark.parametrize("kind", KINDS)
@given(text=st.text(max_size=60), spaced=st.text(alphabet="ab \n.", max_size=40))
def test_round_trip_is_exact(kind, text, spaced):
    for example in (text, spaced):
        tokenizer = kind(example)
        ids = tokenizer.encode(example)
        assert ids.dtype == np.int64 and ids.ndim == 1
        assert tokenizer.decode(ids) == example
        assert list(tokenizer.vocabulary) == sorted(set(tokenizer.vocabulary))
        assert set(ids.tolist()) == set(range(len(tokenizer)))


@given(data=st.data())
def test_round_trip_of_other_texts_over_the_vocabulary(data):
    characters = data.draw(st.text(min_size=1))
    other = data.draw(st.text(alphabet=characters))
    tokenizer = CharTokenizer(characters)
    assert tokenizer.decode(tokenizer.encode(other)) == other
    words = data.draw(st.lists(st.text(alphabet="xyz.\n", max_size=3), min_size=1))
    tokenizer = WordTokenizer(" ".join(words))
    other = " ".join(data.draw(st.lists(st.sampled_from(tokenizer.vocabulary or ("",)))))
    if set(tokenizer.split(other)) <= set(tokenizer.vocabulary):
        assert tokenizer.decode(tokenizer.encode(other)) == other


def test_numbers_do_not_depend_on_the_order_of_a_hash():
    code = (
        "from tinygrad_edu.data import CharTokenizer; print(*CharTokenizer('the old hill').encode("
        "'the hill'))"
    )
    found = set()
    for seed in ("0", "1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", code]
        found.add(subprocess.run(command, env=environment, capture_output=True, check=True).stdout)
    assert len(found) == 1


@pytest.mark.parametrize(
    ("tokenizer", "text", "sentence"),
    [
        (CharTokenizer("abc"), "abz", r"character 'z', number 2 from 0, is none of the 3"),
        (WordTokenizer("a b"), "a dog b", r"word 'dog', number 1 from 0, is none of the 2"),
        (WordTokenizer("a b"), "a  b", r"word '', number 1"),
    ],
)
def test_unknown_pieces_are_named(tokenizer, text, sentence):
    with pytest.raises(ValueError, match=sentence):
        tokenizer.encode(text)


@pytest.mark.parametrize("kind", KINDS)
def test_wrong_kinds_are_refused(kind):
    with pytest.raises(TypeError, match="one str, not list"):
        kind(["a", "b"])
    tokenizer = kind("a b")
    with pytest.raises(TypeError, match="one str, not bytes"):
        tokenizer.encode(b"a")
    for ids, sentence in (
        ([0, len(tokenizer)], r"is no token: the \d tokens are 0 to"),
        ([-1], "-1 is no token"),
        ([0.5], r"whole numbers of shape \(tokens,\), not float64"),
        ([[0, 1]], r"of shape \(1, 2\)"),
    ):
        with pytest.raises(ValueError, match=sentence):
            tokenizer.decode(ids)
    assert tokenizer.decode([]) == ""


# --- windows --------------------------------------------------------------------------------------


def test_windows_by_hand():
    inputs, targets = next_token_windows([10, 11, 12, 13, 14, 15, 16], 3)
    assert inputs.tolist() == [[10, 11, 12], [13, 14, 15]]
    assert targets.tolist() == [[11, 12, 13], [14, 15, 16]]
    inputs, targets = next_token_windows(np.arange(5), 3, stride=1)
    assert inputs.tolist() == [[0, 1, 2], [1, 2, 3]] and targets.tolist() == [[1, 2, 3], [2, 3, 4]]
    assert inputs.dtype == targets.dtype == np.int64
    inputs[:] = 9
    assert targets.tolist() == [[1, 2, 3], [2, 3, 4]]


@given(n=st.integers(2, 40), length=st.integers(1, 39), stride=st.integers(1, 9))
def test_windows_are_all_that_fit(n, length, stride):
    tokens = np.arange(n) * 3
    if length >= n:
        with pytest.raises(ValueError, match="do not fit a stream"):
            next_token_windows(tokens, length, stride)
        return
    inputs, targets = next_token_windows(tokens, length, stride)
    assert len(inputs) == (n - 1 - length) // stride + 1
    np.testing.assert_array_equal(inputs[:, 0], 3 * stride * np.arange(len(inputs)))
    np.testing.assert_array_equal(targets, inputs + 3)


def test_random_windows_begin_anywhere_and_follow_the_seed(seeded):
    tokens = np.arange(8)
    inputs, targets = random_windows(tokens, 3, 400, np.random.default_rng(0))
    assert inputs.shape == targets.shape == (400, 3)
    np.testing.assert_array_equal(targets, inputs + 1)
    assert set(inputs[:, 0].tolist()) == {0, 1, 2, 3, 4}
    again, _ = random_windows(te.tensor(tokens), 3, 400, np.random.default_rng(0))
    np.testing.assert_array_equal(inputs, again)
    te.manual_seed(1)
    first, _ = random_windows(tokens, 3, 20)
    te.manual_seed(1)
    np.testing.assert_array_equal(random_windows(tokens, 3, 20)[0], first)
    assert (random_windows(tokens, 3, 20)[0] != first).any()


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda t: next_token_windows(t, 0), "context_length is a whole number"),
        (lambda t: next_token_windows(t, 2, stride=0), "stride is a whole number"),
        (lambda t: next_token_windows(t, 2, stride=1.5), "stride is a whole number .* not 1.5"),
        (lambda t: random_windows(t, 2, 1.5), "batch_size is a whole number .* not 1.5"),
        (lambda t: next_token_windows(t.astype(float), 2), "whole numbers of shape"),
        (lambda t: next_token_windows(t[None], 2), r"of shape \(1, 5\)"),
        (lambda t: random_windows(t, 5, 1), "do not fit a stream of 5"),
        (lambda t: random_windows(t, 2, 0), "batch_size is a whole number"),
    ],
)
def test_windows_that_cannot_be_are_refused(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call(np.arange(5))


# --- counted models -------------------------------------------------------------------------------


def test_counts_by_hand():
    model = NGram(3, order=1, smoothing=1).fit([0, 1, 0, 1, 0, 2])
    # After 0: 1 twice, 2 once. After 1: 0 twice. After 2: nothing.
    chances = [[model.probability([c], t) for t in range(3)] for c in range(3)]
    np.testing.assert_allclose(
        chances, [[1 / 6, 3 / 6, 2 / 6], [3 / 5, 1 / 5, 1 / 5], [1 / 3] * 3], rtol=1e-15
    )
    assert model.score([0, 1, 2]) == pytest.approx(-(math.log(3 / 6) + math.log(1 / 5)) / 2)
    plain = NGram(3, order=1, smoothing=0).fit([0, 1, 0, 1, 0, 2])
    assert plain.probability([0], 1) == 2 / 3 and plain.probability([2], 0) == 0
    assert plain.score([0, 1, 2]) == math.inf and plain.score([2, 0]) == math.inf
    words = NGram(3, order=0, smoothing=0).fit([0, 1, 0, 1, 0, 2])
    assert words.probability([], 0) == 0.5 == words.probability([2, 2], 0)


@given(
    tokens=st.lists(st.integers(0, 3), max_size=40),
    order=st.integers(0, 3),
    smoothing=st.sampled_from([0.01, 1.0, 5.0]),
    context=st.lists(st.integers(0, 3), min_size=3, max_size=5),
)
def test_chances_add_up_to_one(tokens, order, smoothing, context):
    model = NGram(4, order, smoothing).fit(tokens)
    assert sum(model.probability(context, t) for t in range(4)) == pytest.approx(1)
    if len(tokens) > order:
        each = [model.probability(tokens[:i], tokens[i]) for i in range(order, len(tokens))]
        assert model.score(tokens) == pytest.approx(-np.mean(np.log(each)))


def test_fitting_twice_adds_the_counts_up():
    halves = NGram(3, 1).fit([0, 1, 2]).fit([2, 1, 0])
    assert halves.runs == {(0, 1): 1, (1, 2): 1, (2, 1): 1, (1, 0): 1}
    assert halves.contexts == {(0,): 1, (1,): 2, (2,): 1}


def test_what_cannot_be_counted_is_refused():
    for arguments in (
        (0, 1), (3, -1), (3, 1, -0.5), (3, 1, float("nan")), (3, 1.5), (3.0, 1), ("3", 1),
        (3, 1, "1"), (3, None), (3, 1, None),
    ):  # fmt: skip
        with pytest.raises(ValueError, match="NGram needs"):
            NGram(*arguments)
    model = NGram(3, order=2)
    with pytest.raises(ValueError, match="3 is no token"):
        model.fit([0, 3])
    with pytest.raises(ValueError, match="more than 2 tokens to score"):
        model.score([0, 1])
    with pytest.raises(ValueError, match="order 2 needs as many tokens of context, not 1"):
        model.probability([0], 1)


# --- the texts ------------------------------------------------------------------------------------


def test_names():
    found = names()
    assert len(found) == len(set(found)) == 5163 and found == sorted(found)
    assert {"ada", "alan", "mary", "james"} <= set(found)
    assert set("".join(found)) == set("abcdefghijklmnopqrstuvwxyz")


def test_analects():
    text = analects()
    assert (len(text), len(set(text))) == (22093, 1359)
    chapters = text.split("\n\n")
    assert len(chapters) == 20 and all(c.split("\n")[0].endswith("篇") for c in chapters)
    assert text.startswith("学而篇\n子曰：“学而时习之，不亦说乎？")


def test_psalms_and_proverbs():
    text = psalms_and_proverbs()
    assert (len(text), len(set(text))) == (305638, 73) and text.isascii()
    headings = [chapter.split("\n")[0] for chapter in text.split("\n\n")]
    expected = [f"Psalm {i}" for i in range(1, 151)] + [f"Proverbs {i}" for i in range(1, 32)]
    assert headings == expected
    assert "Psalm 23\nThe LORD is my shepherd; I shall not want.\n" in text


@pytest.mark.parametrize("read", [analects, psalms_and_proverbs])
def test_texts_go_through_a_tokenizer(read):
    text = read()
    tokenizer = CharTokenizer(text)
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text and len(set(text)) == len(tokenizer)
    # Two letters together are told by counting: a bigram model beats the uniform one by far.
    assert NGram(len(tokenizer), 1, 0.1).fit(ids).score(ids) < 0.8 * math.log(len(tokenizer))


@pytest.mark.parametrize("name", texts._SHA256)
def test_licence_files_record_the_text(name):
    content = (BUNDLED / name).read_bytes()
    text = gzip.decompress(content) if name.endswith(".gz") else content
    licence = BUNDLED / f"{name.split('.')[0].upper()}_LICENSE.md"
    assert hashlib.sha256(text).hexdigest() in licence.read_text(encoding="utf8")


@pytest.mark.parametrize(
    ("read", "name"), list(zip((names, analects, psalms_and_proverbs), texts._SHA256, strict=True))
)
def test_damaged_or_absent_texts_are_refused(read, name, tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.resources.files", lambda package: tmp_path)
    with pytest.raises(FileNotFoundError, match=f"{name} is not in this.*install .* again"):
        read()
    (tmp_path / "bundled").mkdir()
    (tmp_path / "bundled" / name).write_bytes((BUNDLED / name).read_bytes()[:-1])
    with pytest.raises(ValueError, match=f"{name}.*sha256.*install .* again"):
        read()
