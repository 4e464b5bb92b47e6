"""python -m benchmarks: the same as tinygrad-edu bench."""

import sys

from .training import main

sys.exit(main())
