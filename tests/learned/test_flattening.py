"""Total variation that models are shown: what it minimises, and how a model follows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from napari_deconv.learned import staged
from napari_deconv.learned.architecture import Architecture
from napari_deconv.learned.flattening import LEAST, flattened
from napari_deconv.learned.model import card_of
from napari_deconv.learned.staged import Stage
from napari_deconv.learned.training import Training, join
from napari_deconv.learned.view import View, seen


def square(*noises: float, n: int = 48) -> tuple[View, torch.Tensor]:
    """Return the view of a blurred square for each noise, and the square."""
    truth = torch.zeros(1, 1, n, n)
    truth[..., n // 4 : n // 2, n // 4 : 3 * n // 4] = 1.0
    at = torch.arange(-8, 9.0)
    kernel = torch.exp(-(at[:, None] ** 2 + at**2) / 4)
    kernel = kernel / kernel.sum()
    blurred = torch.nn.functional.conv2d(truth, kernel[None, None], padding=8)
    torch.manual_seed(0)
    frames = [blurred + sigma * torch.randn_like(blurred) for sigma in noises]
    sigmas = [torch.full_like(truth, sigma) for sigma in noises]
    return seen(torch.cat(frames), [kernel] * len(noises), torch.cat(sigmas)), truth


def test_a_square_is_drawn_almost_exactly() -> None:
    shown, truth = square(1e-4, 0.01)
    near = (flattened(shown, (0.1,)) - truth).square().mean((1, 2, 3)).sqrt()
    blurred = (shown.crop(shown.data) - truth).square().mean((1, 2, 3)).sqrt()
    assert float(near[0]) < 0.1 * float(blurred[0])
    assert float(near[1]) < 0.4 * float(blurred[1])


def test_pictures_and_strengths_do_not_meet() -> None:
    together = flattened(square(1e-3, 0.05)[0], (0.05, 0.4))
    assert together.shape == (2, 2, 48, 48)
    torch.manual_seed(0)
    alone = flattened(square(1e-3)[0], (0.4,))
    torch.testing.assert_close(together[:1, 1:], alone, rtol=0, atol=1e-5)


def test_more_strength_varies_less() -> None:
    estimates = flattened(square(0.02)[0], (0.05, 1.0))[0]
    steps = [float(x.diff(dim=0).abs().sum() + x.diff(dim=1).abs().sum()) for x in estimates]
    assert steps[1] < 0.8 * steps[0]


def test_without_noise_the_strength_has_a_floor() -> None:
    torch.testing.assert_close(
        flattened(square(0.0)[0], (0.1,)), flattened(square(LEAST)[0], (0.1,)), rtol=0, atol=0.02
    )


def test_each_pixel_is_drawn_by_its_share() -> None:
    bases = torch.tensor([0.2, 1.0, 0.5])[None, :, None, None].expand(1, 3, 2, 2)
    output = torch.zeros(1, 3, 2, 2)
    output[0, 1, 0, 0] = 1.0
    output[0, 2, 1, 1] = 0.5
    output[0, 0, 1, 0] = 0.05
    expected = torch.tensor([[1.0, 0.2], [0.25, 0.35]])
    torch.testing.assert_close(Stage.added(bases, output)[0, 0], expected)


def test_a_stage_that_joins_changes_nothing_at_first(small: dict[str, Any]) -> None:
    model = Architecture(**small, stages=2).build()
    join(model, 1)
    model.settle = False
    one, two = model(square(0.01)[0])
    torch.testing.assert_close(one, two, rtol=0, atol=1e-6)


def test_of_a_view_that_lasts_it_is_worked_out_once(
    small: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(1)
    one, other = (Architecture(**small, stages=2, flat=f).build() for f in ((0.1,), (0.1, 0.3)))
    view = square(0.01)[0]
    fresh = [model(view)[-1] for model in (one, other)]
    asked: list[Any] = []

    def noted(view: View, strengths: Any) -> torch.Tensor:
        asked.append(strengths)
        return flattened(view, strengths)

    monkeypatch.setattr(staged, "flattened", noted)
    lasting = view.lasting()
    for _ in range(3):
        for model, before in zip((one, other), fresh, strict=True):
            assert torch.equal(model(lasting)[-1], before)
    assert asked == [(0.1,), (0.1, 0.3)]
    one(view)
    one(view)
    assert len(asked) == 4


def test_a_model_from_before_is_built_as_it_was() -> None:
    assert card_of("denoiser").architecture.build().flat == ()


def test_some_pairs_are_told_more_noise_than_there_is(tiny: Callable[..., Training]) -> None:
    told = []
    for share in (0.0, 1.0):
        degradation = {"support": 17, "mistaken": share, "strongest": 1e-4}
        batches = [tiny(degradation=degradation).batch_of(k) for k in range(4)]
        told.append(np.concatenate([pairs.view.noise.flatten() for pairs in batches]))
    assert told[0].max() < 2e-4
    assert told[1].min() > 2e-4
