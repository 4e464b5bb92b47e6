"""Networks: modules, layers, starting values, losses."""

from . import functional, init
from .activations import GELU, Flatten, ReLU, Sigmoid, Softmax, Softplus, Tanh
from .batch_norm import BatchNorm1d, BatchNorm2d
from .conv import AvgPool2d, Conv1d, Conv2d, GlobalAvgPool2d, MaxPool2d
from .dropout import Dropout
from .linear import Linear
from .losses import (
    BCELoss,
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    HuberLoss,
    L1Loss,
    MSELoss,
    NLLLoss,
)
from .module import Module, ModuleList, Parameter, Sequential
from .summary import summary

__all__ = [
    "GELU",
    "AvgPool2d",
    "BCELoss",
    "BCEWithLogitsLoss",
    "BatchNorm1d",
    "BatchNorm2d",
    "Conv1d",
    "Conv2d",
    "CrossEntropyLoss",
    "Dropout",
    "Flatten",
    "GlobalAvgPool2d",
    "HuberLoss",
    "L1Loss",
    "Linear",
    "MSELoss",
    "MaxPool2d",
    "Module",
    "ModuleList",
    "NLLLoss",
    "Parameter",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
    "functional",
    "init",
    "summary",
]
