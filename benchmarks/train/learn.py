"""One way of training, timed in a process of its own so that its peak memory is its own.

    python -m benchmarks.train.learn ours|plain FOLDER SIZE STEPS

Prints JSON. Both train the same layers at the same rank, batch and precision, on the same four pictures.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable

import numpy as np
from PIL import Image

from benchmarks import device_peak_mb
from headshot_core.files import atomic_write, make_private
from headshot_core.generate import device, library
from headshot_core.people import About, People
from headshot_core.photo import encode_picture
from headshot_core.train import dataset, settings
from headshot_core.train.dataset import Example
from headshot_core.train.families.base import ATTENTION
from headshot_core.train.runs import PHOTOS, TRAINING, Run
from headshot_core.train.settings import Training

RANK, RATE, PICTURES = 16, 1e-4, 4
WORDS = "a photo of ohwx woman, head and shoulders, soft light"


def pictures(size: int) -> list[np.ndarray]:
    """uint8 (size, size, 3) each: soft blotches of colour."""
    rough = np.random.default_rng(0).integers(0, 255, (PICTURES, 8, 8, 3), dtype=np.uint8)
    return [np.asarray(Image.fromarray(one).resize((size, size), Image.Resampling.BICUBIC)) for one in rough]


def ours(folder: str, size: int) -> Callable[[], object]:
    """Our trainer: everything that it does before the first step is done; gives what does one step."""
    from headshot_core.train.encode import encode
    from headshot_core.train.lora import Trainer
    from headshot_core.train.work import Work

    work = Work(_run(folder, size))
    encode(work)
    trainer = Trainer(work)

    def step() -> None:
        trainer.advance()
        trainer.step += 1

    return step


def _run(folder: str, size: int) -> Run:
    """A run in a folder of its own, with pictures in place of prepared photos."""
    os.environ["HEADSHOT_HOME"] = tempfile.mkdtemp(prefix="headshot-benchmark-")
    person = People().add(About(name="Nobody", noun="woman", consent=True))
    given = Training(base=folder, name="run", resolution=size, rank=RANK, rate=RATE, prior="none", samples=0)
    run = Run(person.folder / "training" / "run")
    make_private(run.folder)
    examples = []
    for number, picture in enumerate(pictures(size)):
        kept = person.add_photo(encode_picture(picture), f"{number}.png")
        example = Example(f"{number}", kept.name, "head", (size, size), f"{WORDS}, {number}", f"{WORDS}, {number}")
        dataset.put(run.folder / PHOTOS, example, picture, np.full((size, size), dataset.FACE, np.uint8))
        examples.append(example)
    dataset.write(run.folder / PHOTOS, examples)
    settled = settings.settled(given, PICTURES)
    atomic_write(run.folder / TRAINING, settled.model_dump_json().encode())
    return run


def plain(folder: str, size: int) -> Callable[[], object]:
    """The loop of diffusers' examples/dreambooth/train_dreambooth_lora.py with its defaults; gives what does one step.

    Every step encodes its picture and reads its caption anew, with all parts of the model in memory.
    """
    torch, diffusers = library.torch(), library.diffusers()
    from diffusers.optimization import get_scheduler

    machine = device.here()
    where, half = machine.kind, machine.kind != "cpu" or machine.bf16
    dtype = torch.bfloat16 if half else torch.float32
    pipe = diffusers.StableDiffusionPipeline.from_pretrained(folder, dtype=dtype).to(where)
    noise_scheduler = diffusers.DDPMScheduler.from_config(pipe.scheduler.config)
    for model in (pipe.vae, pipe.text_encoder, pipe.unet):
        model.requires_grad_(False)
    layers = library.peft().LoraConfig(
        r=RANK, lora_alpha=RANK, init_lora_weights="gaussian", target_modules=list(ATTENTION)
    )
    pipe.unet.add_adapter(layers)
    trained = [weight for weight in pipe.unet.parameters() if weight.requires_grad]
    for weight in trained:
        weight.data = weight.data.float()
    optimiser = torch.optim.AdamW(trained, lr=RATE)
    rate = get_scheduler("constant", optimiser)
    pixels = [torch.from_numpy(one / np.float32(127.5) - 1).permute(2, 0, 1)[None] for one in pictures(size)]
    pipe.unet.train()
    done = 0

    def step() -> None:
        nonlocal done
        with torch.autocast(where, dtype, enabled=half):
            picture = pixels[done % PICTURES].to(where, dtype)
            latents = pipe.vae.encode(picture).latent_dist.sample() * pipe.vae.config.scaling_factor
            noise = torch.randn_like(latents)
            level = torch.randint(0, noise_scheduler.config.num_train_timesteps, (1,), device=where)
            noisy = noise_scheduler.add_noise(latents, noise, level)
            ids = pipe.tokenizer(
                f"{WORDS}, {done % PICTURES}", truncation=True, padding="max_length", max_length=77, return_tensors="pt"
            ).input_ids.to(where)
            words = pipe.text_encoder(ids, return_dict=False)[0]
            predicted = pipe.unet(noisy, level, words, return_dict=False)[0]
            loss = torch.nn.functional.mse_loss(predicted.float(), noise.float())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()
        rate.step()
        optimiser.zero_grad()
        done += 1

    return step


def main() -> None:
    """Load, do one step to warm up, then as many as asked for; tell how long each took."""
    way, folder, size, steps = sys.argv[1:]
    started = time.perf_counter()
    step = {"ours": ours, "plain": plain}[way](folder, int(size))
    step()
    ready = time.perf_counter()
    times = []
    for _ in range(int(steps)):
        began = time.perf_counter()
        step()
        times.append(time.perf_counter() - began)
    told = {"ready": ready - started, "step": float(np.median(times)), "megabytes": device_peak_mb()}
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
