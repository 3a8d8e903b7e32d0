"""Deblur a simulated radiograph and say how much nearer it came to the truth."""

from napari_deconv import deconvolve
from napari_deconv.evidence.reference import psnr
from napari_deconv.samples import radiograph

sample = radiograph(shape=(256, 256))

restored = deconvolve(sample.image, sample.psf, method="tv")

print(f"blurred   {psnr(sample.image, sample.truth)}")
print(f"restored  {psnr(restored, sample.truth)}")
