"""The registry of base models: sound entries, what counts as installed, and the user's own folders and files."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace

import pytest

from headshot_core.errors import HeadshotError
from headshot_core.generate import catalogue, models
from headshot_core.generate.models import BASES, EXTRAS, Extra

CLASSES = {
    "sd15": "StableDiffusionPipeline",
    "sdxl": "StableDiffusionXLPipeline",
    "z_image": "ZImagePipeline",
    "flux2_klein": "Flux2KleinPipeline",
    "micro": "StableDiffusionPipeline",
}
MICRO = BASES["micro"]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HEADSHOT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(autouse=True)
def demo(tmp_path, monkeypatch):
    """The demo lies elsewhere than in this project, and is not there yet; gives its entry."""
    extras = tuple(replace(extra, source=str(tmp_path / extra.name)) for extra in MICRO.extras)
    moved = replace(MICRO, source=str(tmp_path / "micro"), extras=extras)
    monkeypatch.setitem(BASES, "micro", moved)
    for extra in extras:
        monkeypatch.setitem(EXTRAS, extra.name, extra)
    return moved


def tensors(shapes: dict[str, list[int]] | None = None) -> bytes:
    """A .safetensors file with tensors of these shapes, two bytes a number."""
    header, end = {}, 0
    for name, shape in (shapes or {"weight": [4]}).items():
        size = 2
        for side in shape:
            size *= side
        header[name] = {"dtype": "F16", "shape": shape, "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header | {"__metadata__": {"format": "pt"}}).encode()
    return len(text).to_bytes(8, "little") + text + bytes(end)


def put(place, name: str, data: bytes | dict) -> None:
    file = place / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(json.dumps(data).encode() if isinstance(data, dict) else data)


def build(place, family: str, fp16: bool = False, shards: int = 0, **settings):
    """A folder laid out as on the hub, with weights of a few bytes."""
    unet = "unet" if family in models.WIDTHS else "transformer"
    parts = {unet: "Model", "vae": "AutoencoderKL", "text_encoder": "CLIPTextModel"}
    index = {name: ["diffusers", kind] for name, kind in parts.items()}
    index |= {"scheduler": ["diffusers", "AScheduler"], "tokenizer": ["transformers", "ATokenizer"]}
    index |= {"safety_checker": ["x", "Checker"], "image_encoder": [None, None], "requires_safety_checker": False}
    put(place, "scheduler/scheduler_config.json", {"shift": settings.get("shift", 3.0)})
    put(place, "tokenizer/vocab.json", {})
    mark = ".fp16" if fp16 else ""
    for part in parts:
        put(place, f"{part}/config.json", {})
        put(
            place,
            f"{part}/{'model' if part == 'text_encoder' else 'diffusion_pytorch_model'}{mark}.safetensors",
            tensors(),
        )
    width = settings.get("width", models.WIDTHS.get(family))
    put(place, f"{unet}/config.json", {"cross_attention_dim": width, "in_channels": settings.get("channels", 4)})
    if shards:
        (place / f"{unet}/diffusion_pytorch_model{mark}.safetensors").unlink()
        names = [f"diffusion_pytorch_model-{number}.safetensors" for number in range(shards)]
        weights = {f"w{number}": name for number, name in enumerate(names)}
        put(place, f"{unet}/diffusion_pytorch_model.safetensors.index.json", {"weight_map": weights})
        for name in names:
            put(place, f"{unet}/{name}", tensors())
    put(
        place,
        "model_index.json",
        {"_class_name": CLASSES[family], "is_distilled": settings.get("distilled", True)} | index,
    )
    return place


# The table.


def test_entries_are_sound():
    """Sizes that pipelines take, licences with an address, extras that suit, files that exclude what could run code."""
    for name, base in BASES.items():
        assert name == base.name
        assert base.demo or re.fullmatch(models.HUB_ID, base.source)
        assert all(side % 16 == 0 for size in base.sizes for side in size)
        assert base.demo or all(0.2 < width * height / 1024**2 < 1.01 for width, height in base.sizes)
        assert base.licence_url.startswith("https://")
        assert not any(re.search(r"\.(bin|ckpt|pt|onnx)$|^\*", pattern) for pattern in base.files)
        assert base.demo or base.memory_gb * 1e9 < 1.1 * base.download_bytes
        kinds = {extra.kind for extra in base.extras}
        assert ("face_adapter" in base.can) == ("face_adapter" in kinds)
        assert ("light_adapter" in base.can) == ("light_adapter" in kinds)
        assert ("control" in base.can) == ("pose" in kinds)
        assert ("few_steps" in kinds) == bool(base.scheduler)
        assert not ("negative" in base.can and base.guidance <= 1), "without guidance nothing can be avoided"
    for name, extra in EXTRAS.items():
        assert name == extra.name
        assert not any("*" in file for file in extra.files), "installed means that each of them is here"
        assert any(extra in base.extras for base in BASES.values())


def test_those_that_share_a_folder_share_its_source():
    """Files of two repositories never mix in one folder."""
    sources: dict = {}
    for item in (*BASES.values(), *EXTRAS.values()):
        assert sources.setdefault(models.location(item), item.source) == item.source


def test_the_registry_needs_neither_torch_nor_the_hubs_library():
    """The page and the terminal list base models before anything heavy is imported."""
    code = "import sys; from headshot_core.generate import models, fetch; models.here(); models.best_here()"
    code += "; assert not {'torch', 'diffusers', 'transformers', 'huggingface_hub'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_tables_in_the_docs_are_todays():
    docs = catalogue.DOCS.read_text(encoding="utf-8")
    for table in catalogue.tables().values():
        assert table in docs, "run: python -m headshot_core.generate.catalogue"


def test_the_python_in_the_docs_runs(capsys):
    docs = catalogue.DOCS.read_text(encoding="utf-8")
    for example in re.findall(r"```python\n(.*?)```", docs, re.DOTALL):
        exec(compile(example, "docs/base-models.md", "exec"), {})
    assert "Stable Diffusion 1.5 CreativeML OpenRAIL-M not here" in capsys.readouterr().out


# Installed or not.


@pytest.mark.parametrize("name", BASES)
def test_a_whole_folder_is_installed(name):
    """Plain names, half precision and shards; and a few-step base only with its adapter."""
    base = BASES[name]
    place = build(models.location(base), base.family, fp16=base.variant == "fp16", shards=2 if not base.variant else 0)
    for extra in models.parts(base)[1:]:
        assert not models.installed(base)
        for file in extra.files:
            put(models.location(extra), file, tensors())
    assert models.installed(base)
    assert models.variant_here(base) == base.variant
    assert place == models.location(models.find(name))


@pytest.mark.parametrize(
    "missing",
    [
        "model_index.json",
        "vae/config.json",
        "vae/diffusion_pytorch_model.safetensors",
        "text_encoder/model.safetensors",
        "scheduler/scheduler_config.json",
        "tokenizer/vocab.json",
        "transformer/diffusion_pytorch_model-1.safetensors",
    ],
)
def test_a_part_that_lacks_is_noticed(missing):
    """Any file that is needed, away or cut short, and it is not installed: no error, just no."""
    base = BASES["z_image"]
    place = build(models.location(base), "z_image", shards=2)
    whole = (place / missing).read_bytes()
    assert models.installed(base)
    (place / missing).write_bytes(whole[: len(whole) // 2] if missing.endswith("safetensors") else b"")
    assert not models.installed(base)
    (place / missing).rename(place / f"{missing}.0123456789ab.part")
    assert not models.installed(base)


@pytest.mark.parametrize("index", [b"[]", b"{", b"{}", b'{"unet": ["diffusers", "Model"], "_class_name": 3}'])
def test_nonsense_is_not_installed(index):
    put(models.location(BASES["sd15"]), "model_index.json", index)
    assert not models.installed(BASES["sd15"])


@pytest.mark.parametrize(
    "data", [b"", b"1234", b"\xff" * 20, tensors()[:-1], tensors() + b"x", b"\x02" + bytes(7) + b"[]"]
)
def test_an_extra_with_a_broken_file_is_not_installed(data):
    extra = EXTRAS["sd15_lcm"]
    put(models.location(extra), extra.files[0], data)
    assert not models.installed(extra)
    put(models.location(extra), extra.files[0], tensors())
    assert models.installed(extra)


# The best one.


def test_the_best_is_the_first_that_is_here_and_fits(monkeypatch):
    """In the table's order, by memory and by what is to be done; the smallest where none fits."""
    assert models.best_here() is None
    for name in ("sd15", "flux2_klein", "z_image_turbo"):
        build(models.location(BASES[name]), BASES[name].family)
    monkeypatch.setattr(models, "_memory_gb", lambda: 64.0)
    assert models.best_here().name == "z_image_turbo"
    assert models.best_here("reference", "face_adapter").name == "flux2_klein"
    monkeypatch.setattr(models, "_memory_gb", lambda: 24.0)
    assert models.best_here().name == "flux2_klein"
    monkeypatch.setattr(models, "_memory_gb", lambda: 2.0)
    assert models.best_here().name == "sd15"
    assert models.best_here("reference").name == "flux2_klein"
    assert [base.name for base in models.here()] == ["z_image_turbo", "flux2_klein", "sd15"]


# The demo.


def test_the_demo_comes_with_the_project_and_has_no_page():
    """Its files are this project's own, so nothing is fetched; it is nobody's own folder either."""
    for item in (MICRO, *MICRO.extras):
        assert models.location(item).is_relative_to(models.MICRO)
        assert (item.download_bytes, models.page(item), models.is_own(item)) == (0, "", False)
        assert "comes with this project" in models.how_to_get(item)
    assert models.page(BASES["sd15"]) == f"https://huggingface.co/{BASES['sd15'].source}"
    assert list(BASES)[-1] == "micro", "the last of all"


def test_the_demo_is_never_chosen_unless_it_is_named(demo):
    """Where nothing else is here, no base model is here: it draws cartoons."""
    assert models.here() == []
    build(models.location(demo), "micro", fp16=True)
    assert models.here() == [demo]
    assert models.best_here() is None
    assert models.best_here("lora") is None
    assert models.find("micro") == demo
    build(models.location(BASES["sd15"]), "sd15")
    assert models.best_here().name == "sd15"


def test_this_machines_memory_is_read():
    assert 0.5 < models._memory_gb() < 10_000


# By name.


@pytest.mark.parametrize(
    ("name", "near"), [("sdlx", "sdxl"), ("flux2-klein", "flux2_klein"), ("z_image_trubo", "z_image_turbo")]
)
def test_a_near_name_is_offered(name, near):
    with pytest.raises(HeadshotError, match="no base model") as caught:
        models.find(name)
    assert f"Did you mean {near}" in caught.value.todo


@pytest.mark.parametrize("name", ["", "\0", "x" * 5000, "owner/../name", "own--er/name", "a/b/c", "owner/" + "x" * 200])
def test_no_name_ends_in_a_traceback(name):
    with pytest.raises(HeadshotError):
        models.find(name)


def test_a_hub_id_is_of_no_family_until_it_was_fetched():
    """Then the family is read from its folder, and it is found among those that are here."""
    base = models.find("someone/Portraits_v1.5")
    assert (base.family, base.can, models.installed(base)) == ("", frozenset(), False)
    build(models.location(base), "sdxl", fp16=True)
    found = models.find("someone/Portraits_v1.5")
    assert (found.family, found.name, found.steps) == ("sdxl", "someone/Portraits_v1.5", BASES["sdxl"].steps)
    assert found.licence_url == "https://huggingface.co/someone/Portraits_v1.5"
    assert models.here() == [found]


# The user's own.


@pytest.mark.parametrize(
    ("family", "settings", "like"),
    [
        ("sd15", {}, "sd15"),
        ("sdxl", {}, "sdxl"),
        ("z_image", {"shift": 3.0}, "z_image_turbo"),
        ("z_image", {"shift": 6.0}, "z_image"),
        ("flux2_klein", {"distilled": True}, "flux2_klein"),
        ("flux2_klein", {"distilled": False}, "flux2_klein_base"),
        ("micro", {}, "micro"),
    ],
)
def test_an_own_folder_is_of_the_family_of_its_index(tmp_path, family, settings, like):
    """With steps, guidance and extras of that family; found again by its name, never called commercial."""
    place = build(tmp_path / "mine", family, **settings)
    base = models.find(str(place))
    assert (base.family, base.steps, base.guidance) == (family, BASES[like].steps, BASES[like].guidance)
    assert base.extras == BASES[like].extras
    assert models.location(base) == place
    assert models.installed(base)
    assert models.variant_here(base) is None
    assert models.find(base.name) == base
    assert not base.commercial
    assert not base.demo
    assert models.is_own(base)
    assert base.memory_gb == pytest.approx(3 * 4 * 2 / 1e9)


def test_a_relative_folder_is_found(tmp_path, monkeypatch):
    build(tmp_path / "mine", "sd15")
    monkeypatch.chdir(tmp_path)
    assert models.location(models.find("mine")) == tmp_path / "mine"


@pytest.mark.parametrize(("width", "channels", "words"), [(1024, 4, "another kind"), (768, 9, "inpainting or editing")])
def test_another_stable_diffusion_is_refused(tmp_path, width, channels, words):
    with pytest.raises(HeadshotError, match=words):
        models.find(str(build(tmp_path / "mine", "sd15", width=width, channels=channels)))


def test_a_folder_of_another_family_or_of_none_is_refused(tmp_path):
    with pytest.raises(HeadshotError, match="no readable model_index"):
        models.find(str(tmp_path))
    put(tmp_path, "model_index.json", {"_class_name": "StableCascadePipeline"})
    with pytest.raises(HeadshotError, match="StableCascadePipeline cannot"):
        models.find(str(tmp_path))


ENTRANCE = "model.diffusion_model.input_blocks.0.0.weight"
SD15 = {
    ENTRANCE: [320, 4, 3, 3],
    models.UNET_TEXT.format("input_blocks.1.1"): [320, 768],
    "cond_stage_model.transformer.text_model.embeddings.weight": [2, 2],
    "first_stage_model.decoder.conv_in.weight": [2, 2],
}
SDXL = {
    ENTRANCE: [320, 4, 3, 3],
    models.UNET_TEXT.format("input_blocks.4.1"): [640, 2048],
    "conditioner.embedders.1.model.ln_final.weight": [2],
    "first_stage_model.decoder.conv_in.weight": [2, 2],
}


@pytest.mark.parametrize(("family", "shapes"), [("sd15", SD15), ("sdxl", SDXL)])
def test_an_own_file_is_of_the_family_of_its_tensors(tmp_path, family, shapes):
    """Told from names and shapes in the header alone; a file cut short is not taken."""
    put(tmp_path, "mine.safetensors", tensors(shapes))
    base = models.find(str(tmp_path / "mine.safetensors"))
    assert (base.family, base.title) == (family, "mine")
    assert models.installed(base)
    assert models.location(base) == tmp_path / "mine.safetensors"
    put(tmp_path, "mine.safetensors", tensors(shapes)[:-1])
    assert not models.installed(base)
    with pytest.raises(HeadshotError, match="not whole"):
        models.find(base.name)


@pytest.mark.parametrize(
    ("shapes", "words"),
    [
        (SD15 | {models.UNET_TEXT.format("input_blocks.1.1"): [320, 1024]}, "another kind"),
        (SD15 | {ENTRANCE: [320, 9, 3, 3]}, "inpainting"),
        ({name: shape for name, shape in SDXL.items() if "first_stage" not in name}, "no VAE"),
        ({"lora_unet_down_blocks_0.lora_down.weight": [4, 4]}, "is a LoRA"),
        ({"cap_embedder.1.weight": [4, 4]}, "transformer alone"),
        ({"double_blocks.0.img_attn.qkv.weight": [4, 4]}, "transformer alone"),
        ({"blocks.0.weight": [4]}, "no base model that is known"),
    ],
)
def test_a_file_that_is_no_base_model_is_named_for_what_it_is(tmp_path, shapes, words):
    put(tmp_path, "mine.safetensors", tensors(shapes))
    with pytest.raises(HeadshotError, match=words) as caught:
        models.find(str(tmp_path / "mine.safetensors"))
    assert caught.value.todo


@pytest.mark.parametrize("data", [None, b"", b"not tensors at all, but text", tensors()[:9]])
def test_a_broken_file_is_told(tmp_path, data):
    if data is not None:
        put(tmp_path, "mine.safetensors", data)
    with pytest.raises(HeadshotError, match="no file|no .safetensors file"):
        models.find(str(tmp_path / "mine.safetensors"))


def test_a_new_entry_is_all_it_takes(monkeypatch):
    """A further base model is one entry: found, located and taken for installed like the others."""
    extra = Extra("toy_pose", "Toy", "pose", "a/toy-pose", ("config.json",), 1, "MIT", True)
    base = models.replace(BASES["sd15"], name="toy", source="a/toy", extras=(extra,))
    monkeypatch.setitem(BASES, "toy", base)
    build(models.location(models.find("toy")), "sd15")
    assert models.installed(base)
