"""Solutions of lesson 13: what goes around a convolutional network, on NumPy arrays."""

import numpy as np


def convolution_layer(shape, filters, kernel, stride=1, padding=0):
    """What a convolution makes of one picture: (its output shape, its number of parameters)."""
    channels, *sides = shape
    height, width = ((side + 2 * padding - kernel) // stride + 1 for side in sides)
    return (filters, height, width), filters * (kernel * kernel * channels + 1)


def precision_recall_f1(matrix):
    """Precision, recall and F1 of each class, three arrays (C,), from a confusion matrix (C, C)."""
    tp, answers, pictures = matrix.diagonal(), matrix.sum(axis=0), matrix.sum(axis=1)
    precision = tp / np.maximum(answers, 1)  # where the counts below are 0, TP is 0 too
    recall = tp / np.maximum(pictures, 1)
    return precision, recall, 2 * tp / np.maximum(answers + pictures, 1)


def rows_from_keras(W, channels, height, width):
    """The rows of a dense layer's W (D, M), from Keras's order into ours; D = C · H · W pixels."""
    by_place = W.reshape((height, width, channels, -1))
    return by_place.transpose((2, 0, 1, 3)).reshape(W.shape)


def twice_gradient(logits, labels):
    """The gradient of the mean loss with two softmaxes for the logits Z (N, C): dZ (N, C)."""
    N, classes = logits.shape
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    q = np.exp(p) / np.exp(p).sum(axis=1, keepdims=True)
    v = q - np.eye(classes)[labels]
    return p * (v - (p * v).sum(axis=1, keepdims=True)) / N
