"""Exercises of lesson 9: from a table with holes to the gradients of the network, by hand.

Put your answer in place of each `...`, then run: tinygrad-edu check 9
"""

import numpy as np


def clean_rows(rows):
    """The rows (n, columns) without those that have a NaN or repeat an earlier row, in their order.

    The columns are the features and the label. Of rows that are equal in every column, keep the
    first. First leave out the rows with NaN: NaN is not equal to itself.
    """
    ...


def scale(train, test):
    """Standard scaling of two tables (n, columns) and (m, columns); gives (train_z, test_z).

        z = (x - mean) / sd        sd = sqrt(mean((x - mean)²))

    mean and sd, one for each column, are those of the training rows, for both tables.
    """
    ...


def precision_recall(probability, label, threshold, positive):
    """(precision, recall) of the class `positive`, which is 0 or 1.

        precision = TP / (TP + FP)        recall = TP / (TP + FN)

    The answer is 1 where the probability (n,) is above the threshold, else 0; the labels (n,) are
    the true classes. TP counts the rows of the class that were called so, FP the others that were
    called so, FN the rows of the class that were not. A ratio 0/0 is taken as 0.
    """
    ...


def network_backward(x, z1, z2, z3, W2, W3, y):
    """The gradients (dW1, db1, dW2, db2, dW3, db3) of the network of the lesson.

    Forward, for N rows with D features, two hidden layers with H and K neurons, one logit:

        z1 = x @ W1 + b1           (N, D) @ (D, H) + (H,)
        z2 = relu(z1) @ W2 + b2    (N, H) @ (H, K) + (K,)
        z3 = relu(z2) @ W3 + b3    (N, K) @ (K, 1) + (1,)

    The loss is the binary cross-entropy, averaged over the N rows, with labels y (N, 1):

        L = mean(max(z3, 0) - z3 y + log(1 + exp(-|z3|)))

    Begin with dz3 = (sigmoid(z3) - y) / N and go back line by line. The derivative of ReLU is 1
    where its argument is above 0, else 0. Each gradient has the shape of what it belongs to.
    """
    ...
