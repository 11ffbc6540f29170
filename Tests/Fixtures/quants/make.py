"""Writes the quantisation fixtures beside this file, by the gguf package (version 0.19.0) and numpy.

NAME.blocks   random blocks in file order        NAME.values  the same, dequantised to float32
input.values  float32 rows to quantise           NAME.packed  the same, quantised
"""

from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType as Type
from gguf.constants import GGML_QUANT_SIZES
from gguf.quants import dequantize, quantize

HERE = Path(__file__).parent
# Where each format keeps half-precision numbers in a block; they must be finite.
HALVES = {
    "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q2_K": [80, 82],
    "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "IQ4_NL": [0], "IQ4_XS": [0],
    "MXFP4": [],
}
QUANTISERS = ["Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "MXFP4", "BF16", "F16"]


def blocks(name, random):
    size, length = GGML_QUANT_SIZES[Type[name]]
    data = random.integers(0, 256, (1024 // size, length), dtype=np.uint8)
    for at in HALVES[name]:
        half = random.standard_normal(len(data)).astype(np.float16)
        half[:2] = [6e-8, -2e-5]  # subnormal numbers
        data[:, at : at + 2] = half.view(np.uint8).reshape(-1, 2)
    if name == "MXFP4":
        data[:, 0] = np.resize([0, 1, 2, 3, 100, 126, 127, 128, 130, 200, 252], len(data))
    return data


def rows(random):
    x = random.standard_normal((16, 32)).astype(np.float32)
    x[1] = 0
    x[2] = 0.25
    x[3] = np.arange(-16, 16)
    x[4] *= 1e-6
    x[5] *= 1000
    x[6, 7], x[6, 9] = 5, -5  # the first of two equals counts
    x[7] = np.abs(x[7])
    x[8] = np.round(x[8] * 4) / 4
    return x


def main():
    random = np.random.default_rng(20240613)
    for name in HALVES:
        data = blocks(name, random)
        (HERE / f"{name.lower()}.blocks").write_bytes(data.tobytes())
        with np.errstate(over="ignore"):
            values = dequantize(data, Type[name]).astype("<f4")
        (HERE / f"{name.lower()}.values").write_bytes(values.tobytes())
    x = rows(random)
    (HERE / "input.values").write_bytes(x.astype("<f4").tobytes())
    for name in QUANTISERS:
        (HERE / f"{name.lower()}.packed").write_bytes(quantize(x, Type[name]).tobytes())


main()
