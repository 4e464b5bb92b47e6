"""Data: sets that ship with the package, readers, batches, splits, scaling, augmentation."""

from typing import TYPE_CHECKING

from .._later import later
from .dataset import TensorDataset
from .loader import DataLoader
from .scale import StandardScaler
from .split import KFold, train_test_split

if TYPE_CHECKING:
    from .augment import crop, flip, rotate, shift
    from .cifar import cifar10
    from .csv_table import read_csv
    from .pictures import emoji, shapes
    from .sets import mnist, read_idx
    from .tables import breast_cancer, digits, two_groups

__getattr__ = later(
    __name__,
    {
        "crop": "augment",
        "flip": "augment",
        "rotate": "augment",
        "shift": "augment",
        "cifar10": "cifar",
        "emoji": "pictures",
        "shapes": "pictures",
        "mnist": "sets",
        "read_idx": "sets",
        "breast_cancer": "tables",
        "digits": "tables",
        "read_csv": "csv_table",
        "two_groups": "tables",
    },
)

__all__ = [
    "DataLoader",
    "KFold",
    "StandardScaler",
    "TensorDataset",
    "breast_cancer",
    "cifar10",
    "crop",
    "digits",
    "emoji",
    "flip",
    "mnist",
    "read_csv",
    "read_idx",
    "rotate",
    "shapes",
    "shift",
    "train_test_split",
    "two_groups",
]
