"""Data: sets that ship with the package, readers, batches, splits, scaling, augmentation, text."""

from typing import TYPE_CHECKING

from .._later import later
from .dataset import TensorDataset
from .loader import DataLoader
from .scale import StandardScaler
from .split import KFold, train_test_split

if TYPE_CHECKING:
    from . import grammar
    from .augment import crop, flip, rotate, shift
    from .cifar import cifar10
    from .csv_table import read_csv
    from .ngram import NGram
    from .pictures import emoji, shapes
    from .sets import mnist, read_idx
    from .tables import breast_cancer, digits, two_groups
    from .text import CharTokenizer, WordTokenizer, next_token_windows, random_windows
    from .texts import analects, names, psalms_and_proverbs

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
        "grammar": "grammar",
        "analects": "texts",
        "names": "texts",
        "psalms_and_proverbs": "texts",
        "CharTokenizer": "text",
        "WordTokenizer": "text",
        "next_token_windows": "text",
        "random_windows": "text",
        "NGram": "ngram",
    },
)

__all__ = [
    "CharTokenizer",
    "DataLoader",
    "KFold",
    "NGram",
    "StandardScaler",
    "TensorDataset",
    "WordTokenizer",
    "analects",
    "breast_cancer",
    "cifar10",
    "crop",
    "digits",
    "emoji",
    "flip",
    "grammar",
    "mnist",
    "names",
    "next_token_windows",
    "psalms_and_proverbs",
    "random_windows",
    "read_csv",
    "read_idx",
    "rotate",
    "shapes",
    "shift",
    "train_test_split",
    "two_groups",
]
