"""SE-ResNet-50, which torchvision does not have (Hu, Shen, Sun, "Squeeze-and-Excitation Networks", CVPR 2018).

The layout is that of the weights that are around (Cadene's; the children have their names), which is the original
Caffe one: the stride is in the first 1x1 convolution of a bottleneck, and the stem's pooling rounds up without padding.
"""

# N frames, C channels, H x W pixels

from collections import OrderedDict

from torch import Tensor, nn

EXPANSION = 4
REDUCTION = 16
"""Table 1 of the paper: the excitation's middle layer is that much narrower."""


class SqueezeExcite(nn.Module):
    """Channels weighted by what the whole map holds: x * sigmoid(W2 relu(W1 mean(x))), equations 2 to 4."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(width, width // REDUCTION, 1)
        self.relu = nn.ReLU(inplace=True)
        self.fc2 = nn.Conv2d(width // REDUCTION, width, 1)

    def forward(self, maps_NCHW: Tensor) -> Tensor:
        """(N, C, H, W) -> the same shape."""
        squeezed = maps_NCHW.mean(dim=(2, 3), keepdim=True)
        excited: Tensor = self.fc2(self.relu(self.fc1(squeezed)))
        return maps_NCHW * excited.sigmoid()


class SEBottleneck(nn.Module):
    """The bottleneck of ResNet-50, its residual weighted by channel."""

    def __init__(self, width: int, planes: int, *, stride: int = 1) -> None:
        super().__init__()
        wide = planes * EXPANSION
        self.conv1 = nn.Conv2d(width, planes, 1, stride=stride, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv3 = nn.Conv2d(planes, wide, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(wide)
        self.relu = nn.ReLU(inplace=True)
        self.se_module = SqueezeExcite(wide)
        self.downsample: nn.Module | None = None
        if stride != 1 or width != wide:
            self.downsample = nn.Sequential(nn.Conv2d(width, wide, 1, stride=stride, bias=False), nn.BatchNorm2d(wide))

    def forward(self, maps_NCHW: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, 4 planes, H / stride, W / stride)."""
        kept = maps_NCHW if self.downsample is None else self.downsample(maps_NCHW)
        residual = self.relu(self.bn1(self.conv1(maps_NCHW)))
        residual = self.relu(self.bn2(self.conv2(residual)))
        weighted: Tensor = self.se_module(self.bn3(self.conv3(residual)))
        return (weighted + kept).relu()


def se_resnet_stages(depths: tuple[int, int, int, int], *, last_stride: int) -> list[nn.Sequential]:
    """The stem and the four residual stages of SE-ResNet with that many bottlenecks each."""
    stem = OrderedDict[str, nn.Module](
        conv1=nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False),
        bn1=nn.BatchNorm2d(64),
        relu1=nn.ReLU(inplace=True),
        pool=nn.MaxPool2d(3, stride=2, ceil_mode=True),
    )
    stages = [nn.Sequential(stem)]
    width = 64
    for planes, depth, stride in zip((64, 128, 256, 512), depths, (1, 2, 2, last_stride), strict=True):
        blocks = [SEBottleneck(width, planes, stride=stride)]
        width = planes * EXPANSION
        blocks += [SEBottleneck(width, planes) for _ in range(depth - 1)]
        stages.append(nn.Sequential(*blocks))
    return stages
