"""Which device is picked, and what is refused before anything is allocated."""

from __future__ import annotations

import pytest
import torch

from napari_deconv.core import device, memory


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


def test_free_memory_is_a_part_of_what_the_system_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "available_memory", lambda: 2**30)
    assert device.free(torch.device("cpu")) == int(device.SAFE * 2**30)


def test_available_memory_is_what_the_system_says() -> None:
    assert 2**24 < memory.available() < 2**50


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory."),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes."),
        RuntimeError("MPS backend out of memory"),
    ],
    ids=str,
)
def test_what_says_that_memory_ran_out(error: Exception) -> None:
    assert device.ran_out(error)
    assert not device.ran_out(RuntimeError("shapes do not match"))
    assert not device.ran_out(ValueError("out of memory"))
