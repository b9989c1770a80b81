"""IC-Light on a tiny SD 1.5: what the adapter adds, that it is gone afterwards, and files that do not fit."""

import numpy as np
import pytest
import tiny
from PIL import Image

from headshot_core.errors import Cancelled, HeadshotError
from headshot_core.files import atomic_write
from headshot_core.generate import ic_light, library, models, pipelines
from headshot_core.generate.call import Prompt
from headshot_core.progress import CancelToken
from headshot_core.recipe import Generate, Light, Pose, Recipe

PROMPT = Prompt("a portrait", "blurry")
RECIPE = Recipe(light=Light(pattern="loop"), pose=Pose(name="straight"), generate=Generate(steps=2))
PICTURE = np.asarray(tiny.picture(3))
ALPHA = np.asarray(tiny.mask(), np.float32) / 255


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEADSHOT_HOME", str(tmp_path_factory.mktemp("home")))
        base = tiny.install("sd15", extras=False)
        write(models.location(base.extras[[e.kind for e in base.extras].index("light_adapter")]))
        yield base
        pipelines.forget()


def write(place, channels=8, scale=0.05, seed=0, drop=None, file="iclight_sd15_fc.safetensors"):
    """An adapter as IC-Light's: an offset for every weight of the UNet, the first layer's wider."""
    from safetensors.torch import save

    torch = library.torch()
    library.diffusers()
    torch.manual_seed(seed)
    offsets = {
        name: scale * torch.randn(value.shape) for name, value in tiny._pipeline("sd15", 0).unet.state_dict().items()
    }
    first = offsets["conv_in.weight"]
    more = scale and torch.randn(first.shape[0], channels - 4, 3, 3)
    offsets["conv_in.weight"] = torch.cat([first, torch.zeros(first.shape[0], channels - 4, 3, 3) + more], 1)
    if drop:
        del offsets[drop]
    return atomic_write(place / file, save({name: value.contiguous() for name, value in offsets.items()}))


def draw(base, picture=PICTURE, seeds=(1,), **wishes):
    return ic_light.draw(base, picture, ALPHA, RECIPE, PROMPT, seeds, **wishes)


def plain(base, **wishes):
    return pipelines.run(base, tiny.call(image=tiny.picture(), strength=0.9, **wishes))[0]


@pytest.mark.parametrize("channels", [8, 12])
def test_an_adapter_of_zeros_draws_what_the_plain_model_draws(base, tmp_path, channels):
    call = tiny.call(image=tiny.picture(), strength=0.9)
    file = write(tmp_path, channels, scale=0)
    backdrop = tiny.picture(5) if channels == 12 else None
    around = ic_light.relit(file, base, tiny.picture(3), tiny.mask(), backdrop)
    assert np.array_equal(pipelines.run(base, call, around=around)[0], plain(base))


def test_the_person_is_seen(base):
    """Another person, another picture; what lies outside the cut-out does not count."""
    drawn = draw(base)[0]
    other = draw(base, np.asarray(tiny.picture(4)))[0]
    outside = np.where(ALPHA[..., None] > 0, PICTURE, 255 - PICTURE)
    assert drawn.shape == PICTURE.shape
    assert drawn.dtype == np.uint8
    assert tiny.distance(drawn, other) > 4
    assert np.array_equal(drawn, draw(base, outside)[0])


def test_the_backdrop_is_seen_by_the_wider_adapter(base, tmp_path):
    file, call = write(tmp_path, 12), tiny.call(image=tiny.picture())
    one, other = (
        pipelines.run(base, call, around=ic_light.relit(file, base, tiny.picture(3), tiny.mask(), backdrop))[0]
        for backdrop in (tiny.picture(5), tiny.picture(6))
    )
    assert tiny.distance(one, other) > 4
    assert draw(base, file=file)[0].shape == PICTURE.shape


def test_the_recipes_light_counts(base):
    left, right = (
        ic_light.draw(base, PICTURE, ALPHA, RECIPE.model_copy(update={"light": light}), PROMPT, (1,))[0]
        for light in (Light(pattern="split", azimuth=-84), Light(pattern="split", azimuth=84))
    )
    assert tiny.distance(left, right) > 0


def test_the_model_is_afterwards_what_it_was(base):
    """Bit for bit, also when the work is stopped, and after a LoRA that is gone."""
    before = plain(base)
    weights = {name: value.clone() for name, value in pipelines._loaded.pipe.unet.state_dict().items()}
    assert not np.array_equal(draw(base)[0], before)
    cancel = CancelToken()
    with pytest.raises(Cancelled):
        draw(base, each=lambda step: cancel.cancel(), cancel=cancel)
    after = pipelines._loaded.pipe.unet.state_dict()
    assert all(value.equal(after[name]) for name, value in weights.items())
    assert np.array_equal(plain(base), before)


def test_batches_do_not_change_pictures(base):
    together = draw(base, seeds=(1, 2))
    assert np.array_equal(together[1], draw(base, seeds=(2,))[0])
    assert tiny.distance(*together) > 4


def test_drawn_once_more_it_is_larger(base):
    assert draw(base, enlarge=2.0)[0].shape == (128, 128, 3)


def test_works_beside_a_few_step_adapter(tmp_path, monkeypatch):
    monkeypatch.setenv("HEADSHOT_HOME", str(tmp_path))
    fast = tiny.install("sd15_fast")
    drawn = draw(fast, file=write(tmp_path))[0]
    without = draw(fast, file=write(tmp_path, scale=0, file="zeros.safetensors"))[0]
    assert tiny.distance(drawn, without) > 4
    pipelines.forget()


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"channels": 9}, "9 channels"),
        ({"drop": "conv_in.weight"}, "holds no light adapter"),
        ({"drop": "conv_out.bias"}, "nothing for conv_out.bias"),
    ],
)
def test_a_file_that_does_not_fit_is_explained(base, tmp_path, wrong, why):
    before = plain(base)
    with pytest.raises(HeadshotError, match=why):
        draw(base, file=write(tmp_path, **wrong))
    assert np.array_equal(plain(base), before)


def test_a_broken_file_and_a_missing_one_are_explained(base, tmp_path):
    with pytest.raises(HeadshotError, match="cannot be read"):
        draw(base, file=atomic_write(tmp_path / "broken.safetensors", b"not weights"))
    with pytest.raises(HeadshotError, match="cannot be read"):
        draw(base, file=tmp_path / "none.safetensors")


def test_a_base_without_an_adapter_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("HEADSHOT_HOME", str(tmp_path))
    with pytest.raises(HeadshotError, match="not on this machine"):
        ic_light.adapter(models.find("sd15"))
    with pytest.raises(HeadshotError, match="has no light adapter"):
        ic_light.adapter(models.find("sdxl"))


def test_the_person_stands_on_grey():
    """Neutral grey is the middle of the VAE's range."""
    shown = ic_light._on_grey(Image.fromarray(PICTURE), Image.new("L", (64, 64), 0))
    assert np.all(shown == 0.5)
