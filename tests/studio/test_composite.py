"""Person and backdrop meet without inventing or losing light."""

import numpy as np
import pytest

from headshot_core.recipe import Light
from headshot_core.studio import composite
from headshot_core.studio.grade import grain_scale
from headshot_core.studio.light import lamps

HEIGHT, WIDTH, HEAD = 120, 96, 50.0
LAMPS = lamps(Light(pattern="loop", azimuth=45, softness=0.2, fill=0.2), 0, 1)


def person_alpha() -> np.ndarray:
    alpha = np.zeros((HEIGHT, WIDTH), np.float32)
    alpha[40:, 30:66] = 1
    return alpha


def flat(*rgb) -> np.ndarray:
    return np.broadcast_to(np.float32(rgb), (HEIGHT, WIDTH, 3)).copy()


def join(wall=False, spill=0.0, person=(0.4, 0.3, 0.2), behind=(0.1, 0.2, 0.6)) -> np.ndarray:
    return composite.join(flat(*person), person_alpha(), flat(*behind), wall, spill, LAMPS, HEAD)


def test_without_spill_person_and_backdrop_stay_as_they_were():
    picture = join()
    assert picture[100, 48] == pytest.approx([0.4, 0.3, 0.2])
    assert picture[5, 5] == pytest.approx([0.1, 0.2, 0.6])


def test_spill_colours_the_edge_more_than_the_middle():
    change = join(spill=1.0)[..., 2] - join()[..., 2]
    assert change[100, 31] > 1.5 * change[100, 48] > 0


def test_a_wall_takes_a_soft_shadow_on_the_side_away_from_the_lamp():
    darker = join()[..., 2] - join(wall=True)[..., 2]
    left, right = darker[60:, :25].mean(), darker[60:, 71:].mean()
    assert left > 2 * right
    assert 0 < left < 0.3 * 0.6


def test_grain_falls_on_the_backdrop_alone():
    alpha = person_alpha()
    noisy = composite.add_grain(flat(0.5, 0.5, 0.5), alpha, 0.02, seed=1)
    assert noisy[alpha == 1] == pytest.approx(0.5)
    assert noisy[alpha == 0].std() == pytest.approx(0.02 * grain_scale(alpha.shape), rel=0.25)


@pytest.mark.parametrize("sigma", [0.005, 0.01, 0.02])
def test_the_photos_grain_is_measured(sigma):
    noise = np.random.default_rng(0).normal(0, sigma, (HEIGHT, WIDTH, 1)).astype(np.float32)
    measured = composite.grain_of(flat(0.6, 0.5, 0.4) + noise, np.ones((HEIGHT, WIDTH), np.float32))
    assert measured == pytest.approx(sigma, rel=0.15)
