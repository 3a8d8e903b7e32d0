"""See what each assumption on what lies beyond the border does to the outermost pixels."""

import numpy as np

from napari_deconv import choices, deconvolve
from napari_deconv.evidence.reference import psnr
from napari_deconv.samples import radiograph

RIM = 10  # pixels from the border

sample = radiograph(shape=(256, 256))
rim = np.ones(sample.image.shape, dtype=bool)
rim[RIM:-RIM, RIM:-RIM] = False
peak = float(sample.truth.max())

print(f"PSNR of the outer {RIM} px, of the rest (dB)")
for boundary in choices("boundary"):
    restored = deconvolve(sample.image, sample.psf, method="tikhonov", boundary=boundary)
    outer, inner = (psnr(restored[part], sample.truth[part], peak).value for part in (rim, ~rim))
    print(f"{boundary:10} {outer:6.2f} {inner:6.2f}")
