"""The grammar of 24 words: its sentences, and its entropies held against all of them."""

import math
from collections import Counter
from itertools import product

import numpy as np
import pytest

import tinygrad_edu as te
from tinygrad_edu.data import NGram, WordTokenizer, grammar

# Written out here, so that a slip in the module's tables is seen.
ADJECTIVES = "old small quiet green".split()
SINGULAR, PLURAL = "dog cat bird horse".split(), "dogs cats birds horses".split()
RIGHT = {
    **dict.fromkeys(SINGULAR, "sees finds hears follows".split()),
    **dict.fromkeys(PLURAL, "see find hear follow".split()),
}
EVERY = [
    f"the {a} {noun} near the {b} hill {verb} the {other} ."
    for a, b, noun, other in product(ADJECTIVES, ADJECTIVES, RIGHT, RIGHT)
    for verb in RIGHT[noun]
]


def test_there_are_4096_sentences_of_24_words():
    assert len(EVERY) == len(set(EVERY)) == 2**12
    assert {len(sentence.split()) for sentence in EVERY} == {grammar.LENGTH}
    assert len(WordTokenizer(" ".join(EVERY))) == 24
    drawn = grammar.sentences(60_000, seed=1)
    assert set(drawn) == set(EVERY)
    # About 14.6 of each: χ² of 4095 degrees of freedom has mean 4095 and deviation 90.5.
    mean = len(drawn) / len(EVERY)
    chi_squared = sum((count - mean) ** 2 / mean for count in Counter(drawn).values())
    assert abs(chi_squared - 4095) < 5 * 90.5


def conditional_entropy(order):
    """H(next | last `order` words) in nats a token, by counting a stream of all sentences.

    Before a sentence comes the end of another one, any of them, independent of it.
    """
    ends = [Counter(tuple(s.split()[11 - k :]) for s in EVERY) for k in range(order + 1)]
    runs, contexts = Counter(), Counter()
    for words in (tuple(sentence.split()) for sentence in EVERY):
        for i, word in enumerate(words):
            for end, often in ends[max(order - i, 0)].items():
                context = end + words[max(i - order, 0) : i]
                runs[*context, word] += often
                contexts[context] += often
    total = sum(runs.values())
    return -sum(n / total * math.log(n / contexts[run[:-1]]) for run, n in runs.items())


@pytest.mark.parametrize(
    ("order", "value"), [(1, 1.24482), (2, 0.94520), (3, 0.81917), (4, 0.81917), (5, 0.75616)]
)
def test_markov_entropies_are_those_of_all_sentences(order, value):
    if order <= 4:  # with order 5 too many ends of a sentence would be counted: see below
        counted = conditional_entropy(order)
        assert grammar.markov_entropy(order) == pytest.approx(counted, abs=1e-12)
    assert round(grammar.markov_entropy(order), 5) == value


def test_the_entropy_is_the_logarithm_of_the_number_of_sentences():
    assert grammar.entropy() == pytest.approx(math.log(len(EVERY)) / 11, abs=1e-15)
    assert round(grammar.entropy(), 5) == 0.75616
    # From order 5 on nothing more is known: inside a sentence each word's chance given the five
    # before it multiplies to 1 / 4096.
    runs, contexts = Counter(), Counter()
    for words in map(str.split, EVERY):
        for i in range(len(words)):
            run = (i, *words[max(i - 5, 0) : i + 1])
            runs[run] += 1
            contexts[run[:-1]] += 1
    for words in map(str.split, EVERY[::97]):
        keys = [(i, *words[max(i - 5, 0) : i + 1]) for i in range(len(words))]
        assert math.prod(runs[k] / contexts[k[:-1]] for k in keys) == pytest.approx(1 / 4096)
    for order in (5, 6, 100):
        assert grammar.markov_entropy(order) == grammar.entropy()


def test_counted_baselines_come_near_their_floors():
    train, test = (" ".join(grammar.sentences(n, seed=n)) for n in (2000, 500))
    tokenizer = WordTokenizer(train)
    ids = tokenizer.encode(train), tokenizer.encode(test)
    scores = [NGram(24, order, smoothing=0.01).fit(ids[0]).score(ids[1]) for order in (1, 2, 3)]
    np.testing.assert_allclose(scores, [1.2458, 0.9480, 0.8243], atol=0.004)


def test_numbers_of_words_and_verbs_that_agree():
    assert [w for w in RIGHT if grammar.is_plural(w)] == PLURAL
    assert [w for w in (*RIGHT["dog"], *RIGHT["dogs"]) if grammar.is_plural(w)] == RIGHT["dogs"]
    for sentence in EVERY[::53]:
        words = sentence.split()
        assert list(grammar.right_verbs(sentence)) == RIGHT[words[grammar.SUBJECT]]
        assert words[grammar.VERB] in grammar.right_verbs(" ".join(words[:3]))
    for word in ("near", "sheep", ""):
        with pytest.raises(ValueError, match="only nouns and verbs"):
            grammar.is_plural(word)
    with pytest.raises(ValueError, match="before its first noun"):
        grammar.right_verbs("the old")


def test_sentences_are_reproducible(seeded):
    assert grammar.sentences(5, seed=2) == grammar.sentences(5, seed=2) != grammar.sentences(5, 3)
    te.manual_seed(6)
    first = grammar.sentences(5)
    te.manual_seed(6)
    assert grammar.sentences(5) == first and grammar.sentences(0) == []


@pytest.mark.parametrize("n", [-1, 1.5])
def test_half_a_sentence_is_refused(n):
    with pytest.raises(ValueError, match="whole number"):
        grammar.sentences(n)


@pytest.mark.parametrize("order", [0, -1, 1.5])
def test_a_wrong_order_is_refused(order):
    with pytest.raises(ValueError, match="order is a whole number"):
        grammar.markov_entropy(order)
