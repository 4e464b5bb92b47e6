"""Networks: modules, layers, starting values, losses."""

from . import functional, init
from .activations import GELU, Flatten, ReLU, Sigmoid, Softmax, Softplus, Tanh
from .attention import MultiHeadAttention
from .batch_norm import BatchNorm1d, BatchNorm2d
from .conv import AvgPool2d, Conv1d, Conv2d, GlobalAvgPool2d, MaxPool2d
from .dropout import Dropout
from .embedding import Embedding
from .gpt import GPT
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
from .masked import MaskedLanguageModel
from .module import Module, ModuleList, Parameter, Sequential
from .norm import LayerNorm
from .summary import summary
from .transformer import TransformerBlock

__all__ = [
    "GELU",
    "GPT",
    "AvgPool2d",
    "BCELoss",
    "BCEWithLogitsLoss",
    "BatchNorm1d",
    "BatchNorm2d",
    "Conv1d",
    "Conv2d",
    "CrossEntropyLoss",
    "Dropout",
    "Embedding",
    "Flatten",
    "GlobalAvgPool2d",
    "HuberLoss",
    "L1Loss",
    "LayerNorm",
    "Linear",
    "MSELoss",
    "MaskedLanguageModel",
    "MaxPool2d",
    "Module",
    "ModuleList",
    "MultiHeadAttention",
    "NLLLoss",
    "Parameter",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
    "TransformerBlock",
    "functional",
    "init",
    "summary",
]
