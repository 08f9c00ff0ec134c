import numpy as np
import pytest

from reid_simulation.render.textures import SIDE, cloth, face, pyramid, textures
from reid_simulation.seams.identity import Fabric, Pattern
from reid_simulation.seams.mesh import Surface

PATTERNS: tuple[Pattern, ...] = ("plain", "stripes", "checks", "print", "logo", "denim", "leather", "knit")
COLOURS = ((60, 80, 140), (230, 220, 200), (180, 40, 50))


@pytest.mark.parametrize("pattern", PATTERNS)
def test_cloth_goes_on_at_its_edges(pattern: Pattern) -> None:
    image = cloth(Fabric(pattern, COLOURS, 0.08, seed=3), 0.64).astype(float)
    for axis in (0, 1):
        steps = np.abs(np.diff(image, axis=axis)).mean(axis=(1 - axis, 2))
        seam = np.abs(np.take(image, 0, axis) - np.take(image, -1, axis)).mean()
        assert seam <= steps.max() * 1.05


@pytest.mark.parametrize("pattern", PATTERNS)
def test_one_fabric_always_looks_the_same_and_another_seed_does_not(pattern: Pattern) -> None:
    fabric, other = Fabric(pattern, COLOURS, seed=1), Fabric(pattern, COLOURS, seed=2)
    np.testing.assert_array_equal(cloth(fabric, 0.64), cloth(fabric, 0.64))
    assert (cloth(fabric, 0.64) != cloth(other, 0.64)).mean() > 0.1


def test_plain_cloth_has_the_colour_that_was_asked_for() -> None:
    image = cloth(Fabric("plain", ((60, 80, 140),), wear=0.1), 0.64)
    np.testing.assert_allclose(image.mean(axis=(0, 1)), [60, 80, 140], atol=6)


def test_stripes_repeat_as_often_as_their_scale_says() -> None:
    image = cloth(Fabric("stripes", ((0, 0, 0), (255, 255, 255)), 0.08, wear=0.0), 0.64).astype(float)
    line = image.mean(axis=2)
    line = line.mean(axis=int(line.mean(axis=0).std() > line.mean(axis=1).std()) ^ 1)
    assert np.argmax(np.abs(np.fft.rfft(line - line.mean()))) == 8


def test_a_face_has_eyes_and_mouth_where_they_are_looked_for() -> None:
    skin = (210, 170, 150)
    image = face(Fabric("plain", (skin,), seed=1)).astype(float).sum(axis=2)

    def at(u_m: float, v_m: float) -> float:
        x, y = (u_m + 0.2) / 0.4 * SIDE, (v_m + 0.08) / 0.4 * SIDE
        return float(image[int(y) - 1 : int(y) + 2, int(x) - 1 : int(x) + 2].mean())

    cheek = at(0.05, 0.07)
    assert at(0.0378, 0.1153) < 0.8 * cheek
    assert at(-0.0378, 0.1153) < 0.8 * cheek
    assert at(0.0, 0.047) < 0.85 * cheek
    rim = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    np.testing.assert_allclose(rim, sum(skin), atol=6)


def test_a_pyramid_ends_in_the_mean() -> None:
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    levels = pyramid(image)
    assert len(levels) == 4 * (64 * 64 - 1) + 3
    np.testing.assert_allclose(levels[-3:], image.mean(axis=(0, 1)), atol=3)


def test_each_surface_finds_its_own_texels() -> None:
    skin, shirt = (
        Surface("skin", Fabric("plain", ((200, 160, 140),))),
        Surface("upper", Fabric("plain", ((10, 20, 30),))),
    )
    drawn = textures((skin, shirt))
    first = drawn.texels[int(drawn.table[1, 0]) :][: SIDE * SIDE * 3].reshape(-1, 3)
    np.testing.assert_allclose(first.mean(axis=0), [10, 20, 30], atol=3)
