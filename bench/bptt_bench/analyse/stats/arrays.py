"""Types of arrays: numbers, indices and flags."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.intp]
Flags = NDArray[np.bool_]

MAD = 1.4826  # standard deviations of a normal law per median absolute deviation
