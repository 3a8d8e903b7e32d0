"""Which device is picked, and what is refused before anything is allocated."""

from __future__ import annotations

import pytest
import torch

from napari_deconv.core import device


def test_auto_is_the_first_of_what_is_there() -> None:
    assert device.pick("auto") == torch.device(device.available()[0])
    assert device.available()[-1] == "cpu"


@pytest.mark.parametrize("name", ["cuda:99", "warp", "", "meta"])
def test_a_device_that_is_not_there_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"choose one of: auto, .*cpu") as error:
        device.pick(name)
    assert "\n" not in str(error.value)


def test_cuda_is_counted_before_mps_and_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert device.available()[:2] == ["cuda:0", "cuda:1"]
    assert device.pick("auto") == torch.device("cuda:0")
    assert device.pick("cuda") == torch.device("cuda")


def test_mps_is_used_only_if_it_transforms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(device, "_transforms", lambda _: False)
    assert device.available() == [*device.available()[:-1], "cpu"]
    assert "mps" not in device.available()
    monkeypatch.setattr(device, "_transforms", lambda _: True)
    assert "mps" in device.available()


def test_memory_says_what_is_needed_and_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "_memory", lambda _: 2**30)
    device.check_memory((1000, 1000), torch.device("cpu"))
    with pytest.raises(ValueError, match=r"grid of 9000 × 9000 pixels.* 7\.2 GiB where 1\.0 GiB"):
        device.check_memory((9000, 9000), torch.device("cpu"))
