"""Where a training runs: a processor or a GPU, whole or half precision, one process or several."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Literal

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.nn.functional import all_gather, all_reduce

from passerby_events.errors import PasserbyError

Precision = Literal["fp32", "bf16", "fp16"]
_HALF = {"bf16": torch.bfloat16, "fp16": torch.float16}


class MachineError(PasserbyError):
    """A device or a precision that this machine does not have."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Machine:
    """
    Attributes:
        device: cpu, cuda, or cuda:N.
        precision: of the forward pass: fp32; bf16 or fp16 by autocast, weights stay fp32.
        is_compiled: whether the network goes through torch.compile.
    """

    device: str = "cpu"
    precision: Precision = "fp32"
    is_compiled: bool = False

    def check(self) -> "Machine":
        """Itself.

        Raises:
            MachineError: if the device is not there, or cannot do that precision.
        """
        kind = self.device.partition(":")[0]
        if kind not in ("cpu", "cuda"):
            raise MachineError(f"expected a device cpu, cuda or cuda:N, found {self.device}")
        if kind == "cuda" and not torch.cuda.is_available():
            raise MachineError("expected a GPU for --device cuda, found none that torch can use: take --device cpu")
        if kind == "cpu" and self.precision == "fp16":
            raise MachineError("expected fp32 or bf16 on a processor, found fp16: take --amp bf16, or --device cuda")
        return self

    def autocast(self) -> AbstractContextManager[object]:
        """Around a forward pass."""
        if self.precision == "fp32":
            return nullcontext()
        return torch.autocast(self.device.partition(":")[0], _HALF[self.precision])

    def scaler(self) -> torch.amp.GradScaler:
        """Of losses in fp16, whose gradients would vanish; does nothing otherwise."""
        return torch.amp.GradScaler(self.device.partition(":")[0], enabled=self.precision == "fp16")


@contextmanager
def process_group(machine: Machine) -> Iterator[Machine]:
    """The other processes of a run that `torchrun` started, and this one's device; of a run alone, the machine.

    Processes that are together already stay so: of several stages, one that is ready for the next would else meet
    the connections of the last.

    Raises:
        MachineError: if the others do not answer.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield machine
        return
    on_gpu = machine.device.startswith("cuda")
    own = Machine(f"cuda:{os.environ.get('LOCAL_RANK', '0')}", machine.precision, machine.is_compiled)
    if dist.is_initialized():
        yield own if on_gpu else machine
        return
    try:
        dist.init_process_group("nccl" if on_gpu else "gloo")
    except (RuntimeError, ValueError) as error:
        raise MachineError(f"expected the other processes of the run, found none: {error}: start torchrun") from error
    try:
        yield own if on_gpu else machine
    finally:
        dist.destroy_process_group()


def rank() -> int:
    """Number of this process among those of the run, from 0."""
    return dist.get_rank() if dist.is_initialized() else 0


def world() -> int:
    """How many processes the run has."""
    return dist.get_world_size() if dist.is_initialized() else 1


def own_share(rows: Tensor) -> Tensor:
    """What of a batch (B, ...) this process computes: one piece of `world` equal ones."""
    return rows if world() == 1 else rows.chunk(world())[rank()]


def gathered(rows: Tensor) -> Tensor:
    """(b, ...) of every process -> (B, ...) in each, with gradients: losses over pairs see the whole batch."""
    if world() == 1:
        return rows
    if not rows.requires_grad:
        pieces = [torch.empty_like(rows) for _ in range(world())]
        dist.all_gather(pieces, rows.contiguous())
        return torch.cat(pieces)
    return torch.cat(list(all_gather(rows.contiguous())))


def synchronised(network: nn.Module, machine: Machine) -> nn.Module:
    """The network with batch norms whose statistics are those of the whole batch; the same one in a run alone."""
    if world() == 1:
        return network
    if machine.device.startswith("cuda"):
        converted: nn.Module = nn.SyncBatchNorm.convert_sync_batchnorm(network)
        return converted
    for name, module in network.named_children():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):  # noqa: SLF001  # the base of all of them, as torch has it
            network.add_module(name, _BatchNormOfAll(module))
        else:
            synchronised(module, machine)
    return network


class _BatchNormOfAll(nn.Module):
    """SyncBatchNorm for processors, where torch has none; parameters and statistics are those of the norm it takes."""

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    def __init__(self, norm: nn.modules.batchnorm._BatchNorm) -> None:
        super().__init__()
        self.weight, self.bias = norm.weight, norm.bias
        self.register_buffer("running_mean", norm.running_mean)
        self.register_buffer("running_var", norm.running_var)
        self.register_buffer("num_batches_tracked", norm.num_batches_tracked)
        self.eps = norm.eps
        self.momentum = 0.1 if norm.momentum is None else norm.momentum

    def forward(self, values: Tensor) -> Tensor:
        """(B, C, ...) -> the same shape."""
        if not self.training:
            return nn.functional.batch_norm(
                values, self.running_mean, self.running_var, self.weight, self.bias, False, 0.0, self.eps
            )
        axes = [0, *range(2, values.ndim)]
        shape = [1, -1, *[1] * (values.ndim - 2)]
        count = values.numel() // values.shape[1] * world()
        mean = _summed(values.sum(axes)) / count
        centred = values - mean.view(shape)
        variance = _summed(centred.square().sum(axes)) / count
        with torch.no_grad():
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * count / max(1, count - 1), self.momentum)
            self.num_batches_tracked += 1
        normed = centred * (variance + self.eps).rsqrt().view(shape)
        return normed * self.weight.view(shape) + self.bias.view(shape)


def _summed(values: Tensor) -> Tensor:
    """Over the processes, with gradients."""
    found: Tensor = all_reduce(values)
    return found
