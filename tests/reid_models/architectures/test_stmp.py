from pathlib import Path

import pytest
import torch

from reid_models.architectures.backbones import TrunkSpec, build_trunk
from reid_models.architectures.stmp import Integration, RefiningUnit
from testing.architectures.golden import architecture, assert_close, golden, load, parameters

UNIT = {
    "reduce_dim_z.conv": "reduce",
    "reduce_dim_z.bn": "norm",
    "s_atten_z.0": "spatial",
    "s_atten_z.2": "spatial_out",
    "c_atten_z.1": "channel_out",
}
INTEGRATION = {"t_info.0": "reduce", "t_info.1": "reduce_norm", "t_info.3": "mix", "t_info.4": "mix_norm"}


@pytest.mark.shared
def test_the_refining_unit_agrees_with_the_published_one(shared: Path) -> None:
    numbers = golden(shared, "stmp_rru")
    unit = RefiningUnit(8, (8, 8)).eval()
    load(unit, numbers, UNIT)
    assert_close(unit(numbers["x"]), numbers["out"], 1e-5)


@pytest.mark.shared
def test_unit_and_integration_agree_with_the_published_fusion(shared: Path) -> None:
    numbers = golden(shared, "stmp_fuse")
    weights = {key: value for key, value in numbers.items() if key.startswith("w.")}
    unit, integration = RefiningUnit(8, (8, 8)).eval(), Integration(8, 8).eval()
    load(unit, {key: value for key, value in weights.items() if "t_info" not in key}, UNIT)
    load(integration, {key: value for key, value in weights.items() if "t_info" in key}, INTEGRATION)
    refined = unit(numbers["x"])
    assert_close(integration(refined), numbers["video_feat"], 1e-5)
    assert_close(refined.mean(dim=(2, 4)), numbers["part_feat"], 1e-5)


@pytest.mark.shared
def test_both_have_as_many_parameters_as_the_published_ones(shared: Path) -> None:
    with torch.device("meta"):
        unit, integration = RefiningUnit(2048, (8, 8)), Integration(2048)
    assert parameters(unit) == architecture(shared, "stmp_rru_2048").parameters("total_params")
    assert parameters(unit, integration) == architecture(shared, "stmp_fuse_2048_256").parameters("total_params")


def test_a_frame_is_refined_by_those_before_it_alone() -> None:
    torch.manual_seed(0)
    unit = RefiningUnit(4, (3, 2)).eval()
    maps = torch.randn(2, 5, 4, 3, 2)
    other = maps.clone()
    other[:, 3] += 1
    changed = (unit(other) - unit(maps)).abs().amax(dim=(0, 1, 3, 4))
    assert not changed[:3].any()
    assert (changed[3:] > 1e-3).all()


def test_a_clip_that_stands_still_stays_what_it_is() -> None:
    maps = torch.randn(1, 1, 4, 3, 2).repeat(1, 6, 1, 1, 1)
    assert_close(RefiningUnit(4, (3, 2)).eval()(maps), maps.transpose(1, 2), 1e-6)


def test_maps_of_another_size_are_refused() -> None:
    with pytest.raises(ValueError, match=r"expected maps of \(8, 8\), found \(4, 8\)"):
        RefiningUnit(4, (8, 8))(torch.randn(1, 2, 4, 4, 8))


@pytest.mark.parametrize(("side", "expected"), [(299, 8), (107, 2), (110, 2)])
def test_the_map_of_inception_has_the_size_that_its_trunk_says(side: int, expected: int) -> None:
    with torch.device("meta"):
        trunk = build_trunk(TrunkSpec("inception_v3", last_stride=2))
        maps = torch.empty(1, 3, side, side)
        for number, stage in enumerate(trunk.stages, start=1):
            maps = stage(maps)
            assert tuple(maps.shape[2:]) == trunk.map_size(side, side, stage=number)
    assert trunk.map_size(side, side) == (expected, expected)
