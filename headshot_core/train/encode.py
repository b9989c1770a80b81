"""Before the training: captions read and photos encoded, once; then the encoders are let go of."""

from __future__ import annotations

from headshot_core.files import make_private
from headshot_core.generate import library
from headshot_core.generate.families.latents import ready_vae
from headshot_core.train import cache as caches
from headshot_core.train import prior
from headshot_core.train.runs import PHOTOS
from headshot_core.train.work import Work, free


def encode(work: Work) -> None:
    """Everything that the cache does not hold yet."""
    make_private(work.cache.folder)
    if work.training.prior == "images":
        work.say("Drawing other people, to remember them by")
        prior.draw(work.run, work.base, work.about, work.heed)
    if not work.training.text_encoder:
        _read(work)
    _encode(work)


def captions(work: Work) -> list[str]:
    """Everything that is ever read; first no words at all."""
    own = [words for one in work.examples for words in (one.caption, one.class_caption)]
    shown = [words for one in work.samples for words in (one.prompt, one.negative)]
    return list(dict.fromkeys(["", *own, *shown, *(one.caption for one in work.others)]))


def _read(work: Work) -> None:
    wanted = captions(work)
    if work.cache.has_words(wanted):
        return
    work.say("Reading the captions")
    pipe = work.load(work.trainee.encoders or ("text_encoder",), work.dtype)
    with library.torch().no_grad():
        for caption in wanted:
            work.heed()
            work.cache.keep_words(caption, work.trainee.read(pipe, caption))
    free(pipe)


def _encode(work: Work) -> None:
    wanted = [*((work.run.folder / PHOTOS, one) for one in work.examples)]
    wanted += [(prior.folder(work.run), one) for one in work.others]
    if work.cache.has_latents([one for _, one in wanted]):
        return
    training, torch = work.training, library.torch()
    own = (training.surroundings, training.body, training.face)
    pipe = work.load(("vae",), work.dtype)
    ready_vae(pipe.vae)
    for number, (folder, example) in enumerate(wanted, 1):
        work.heed()
        work.say(f"Looking at picture {number} of {len(wanted)}")
        with torch.no_grad():
            pixels = caches.pixels(folder, example).to(work.device, work.dtype)
            latents = work.trainee.encode(pipe, pixels).float()
        values = (1.0, 1.0, 1.0) if folder.name == prior.FOLDER else own
        work.cache.keep_latents(example, latents, caches.weight(folder, example, latents.shape[-2:], values))
    free(pipe)
