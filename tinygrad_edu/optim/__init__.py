"""Optimizers: how parameters change, given their gradients."""

from .adagrad import Adagrad, RMSprop
from .adam import Adam, AdamW
from .clip import clip_grad_norm_, clip_grad_value_
from .optimizer import Optimizer
from .schedule import CosineSchedule, Schedule, StepSchedule, WarmupSchedule
from .sgd import SGD

__all__ = [
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "CosineSchedule",
    "Optimizer",
    "RMSprop",
    "Schedule",
    "StepSchedule",
    "WarmupSchedule",
    "clip_grad_norm_",
    "clip_grad_value_",
]
