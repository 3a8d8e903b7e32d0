"""Train the denoiser that `plug-and-play` puts in place of a prior, in sittings of any length.

    python examples/train_denoiser.py FOLDER --minutes 10
    python examples/train_denoiser.py FOLDER --cool 3 --out denoiser.safetensors

As `train_default.py`, without blur, for noise from 0.05 % to 30 % of the grey range.
"""

from __future__ import annotations

from train_default import main

from napari_deconv.learned.training import Training

DENOISER = Training(
    architecture={"inputs": "noise", "stages": 1},
    degradation={"blurred": False, "support": 3, "weakest": 5e-4, "strongest": 0.3, "faint": 0.02},
    scenes={"soft": 0.5, "stark": 0.2},
)

if __name__ == "__main__":
    main(DENOISER, "NAFNet denoiser", {})
