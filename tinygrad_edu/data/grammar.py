"""A language of 24 words whose entropy is known exactly: sentences that a model can be held to.

    the ADJ NOUN near the ADJ hill VERB the NOUN .
    the old dogs near the green hill see the cat .

There are 4 adjectives, 4 nouns and 4 verbs, nouns and verbs in singular and plural; with "the",
"near", "hill" and "." that makes 4 + 8 + 8 + 4 = 24 words. All choices are equally likely, but the
verb has the number of the first noun, five words before it: with "hill" beside it, a model that
looks back a few words only cannot know it.

One sentence carries 2 (ADJ) + 3 (NOUN) + 2 (ADJ) + 2 (VERB) + 3 (NOUN) = 12 bits, in 11 tokens.
"""

from __future__ import annotations

import math

import numpy as np

from ..backend import generator

__all__ = [
    "ADJECTIVES", "LENGTH", "NOUNS", "SUBJECT", "VERB", "VERBS", "entropy", "is_plural",
    "markov_entropy", "right_verbs", "sentences",
]  # fmt: skip

ADJECTIVES = ("old", "small", "quiet", "green")
NOUNS = (("dog", "dogs"), ("cat", "cats"), ("bird", "birds"), ("horse", "horses"))
VERBS = (("sees", "see"), ("finds", "find"), ("hears", "hear"), ("follows", "follow"))

LENGTH = 11  # tokens in a sentence
SUBJECT, VERB = 2, 7  # places in a sentence, from 0: the noun that the verb goes with, the verb


def sentences(n: int, seed: int | None = None) -> list[str]:
    """n sentences such as "the old dogs near the green hill see the cat .", equally likely each.

    " ".join(sentences(n)) is a text of 11 n words. Without a seed, te.manual_seed decides.
    """
    if not isinstance(n, int | np.integer) or n < 0:
        raise ValueError(f"sentences(n) makes a whole number of at least 0, not {n!r}")
    random = generator(seed)
    # Each column is one choice: adjective, noun, its number, adjective, verb, noun, its number.
    choices = random.integers(0, (4, 4, 2, 4, 4, 4, 2), size=(n, 7))
    return [_sentence(*row) for row in choices.tolist()]


def _sentence(adj: int, noun: int, number: int, adj2: int, verb: int, noun2: int, n2: int) -> str:
    return (
        f"the {ADJECTIVES[adj]} {NOUNS[noun][number]} near the {ADJECTIVES[adj2]} hill "
        f"{VERBS[verb][number]} the {NOUNS[noun2][n2]} ."
    )


def is_plural(word: str) -> bool:
    """Whether a noun or a verb is in the plural: dogs, see. ValueError for another word."""
    for singular, plural in (*NOUNS, *VERBS):
        if word in (singular, plural):
            return word == plural
    raise ValueError(f"only nouns and verbs of the grammar have a number; {word!r} is neither")


def right_verbs(sentence: str) -> tuple[str, ...]:
    """The four verbs that agree with the first noun of a sentence, or of its beginning."""
    words = sentence.split()
    if len(words) <= SUBJECT:
        raise ValueError(f"{sentence!r} ends before its first noun, the third word")
    number = int(is_plural(words[SUBJECT]))
    return tuple(forms[number] for forms in VERBS)


def entropy() -> float:
    """12 ln 2 / 11 = 0.75616 nats a token: no model of many sentences has a lower mean loss."""
    return 12 * math.log(2) / LENGTH


def markov_entropy(order: int) -> float:
    """H(next word | the last `order` words) in nats a token: the floor of a model that sees these.

    Bits in a sentence, word by word, where a choice of 4 has 2 bits and one of 8 has 3:

    order 1: "the" leads to an adjective twice in three, else to a noun: log₂ 3 − 2/3 bits for which
        of the two, and 2/3 · 2 + 1/3 · 3 for the word, is log₂ 3 + 5/3, three times in a sentence.
        An adjective leads to a noun or, as often, to "hill": 1 + 3/2, twice. A noun leads to "near"
        or ".": 1, twice. "hill" leads to a verb: 3. In all 15 + 3 log₂ 3 = 19.755 (1.24482 nats).
    order 2: 2 + 2 for adjectives, after ". the" and "near the"; 1 + 3/2 after each "the ADJ"; 3 for
        the verb; 3 for the noun after "VERB the". In all 15 (0.94520).
    order 3, 4: ". the ADJ" and "near the ADJ" now differ: 2 + 3 + 2 + 3 + 3 = 13 (0.81917).
    order 5 and more: the verb's number is known: 12 (0.75616), the entropy itself.
    """
    if not isinstance(order, int | np.integer) or order < 1:
        raise ValueError(f"order is a whole number of at least 1, not {order!r}")
    bits = {1: 15 + 3 * math.log2(3), 2: 15.0, 3: 13.0, 4: 13.0}.get(int(order), 12.0)
    return bits * math.log(2) / LENGTH
