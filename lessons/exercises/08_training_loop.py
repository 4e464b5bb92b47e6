"""Exercises of lesson 8: batches, means, metrics and the training loop, by hand on NumPy arrays.

Put your answer in place of each `...`, then run: tinygrad-edu check 8
"""

import numpy as np


def split_into_batches(order, size):
    """A list of arrays: the row numbers of order (N,), cut into batches of size rows.

    Each row comes once, in the given order. The last batch holds what is left: with 7 rows and
    size 3 there are three batches, of 3, 3 and 1 rows. No batch is empty.
    """
    ...


def weighted_mean(means, sizes):
    """The mean over all rows, from the mean of each batch (B,) and its number of rows (B,)."""
    ...


def precision_recall_f1(answer, truth):
    """(precision, recall, F1) of class 1, from classes 0 and 1: answer (N,) and truth (N,).

        precision = TP / (TP + FP)    recall = TP / (TP + FN)    F1 = 2 TP / (2 TP + FP + FN)

    TP counts the rows where both are 1, FP those where only the answer is 1, FN those where only
    the truth is 1. 0/0 is 0.
    """
    ...


def train(x, y, W, b, learning_rate, batch_size):
    """One epoch of training a linear classifier; gives (W, b, loss).

    x (N, D), y (N,) with classes from 0, W (D, k), b (k,). Take the rows in their order, in batches
    of batch_size; you may call split_into_batches. For each batch of n rows:

        Z = x @ W + b                          (n, k)
        P = softmax(Z), row by row             (n, k)
        L = mean over the rows of -ln p_t      t is the class of the row
        dZ = (P - Y) / n                       Y has a 1 in each row at t
        W ← W - learning_rate · xᵀ dZ          b ← b - learning_rate · (the sum of dZ over the rows)

    The loss that it gives is the mean over all N rows, each as it was before the step of its batch.
    You may call weighted_mean. Make new arrays: W and b belong to the caller.
    """
    ...
