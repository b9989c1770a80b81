"""Pipelines: one base model in memory, its parts shared between all kinds of drawing, and `run`, which draws."""

from __future__ import annotations

import gc
import hashlib
import queue
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from headshot_core.errors import Cancelled, HeadshotError
from headshot_core.generate import device, library, models
from headshot_core.generate.call import Adapter, Call, ControlKind, Step
from headshot_core.generate.device import Plan
from headshot_core.generate.families import family
from headshot_core.generate.families.base import Family
from headshot_core.generate.families.latents import forget_read, ready_vae
from headshot_core.generate.models import Base
from headshot_core.progress import CancelToken, Report, silent

PREVIEWS = 3
"""Steps from one preview to the next."""

OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "invalid buffer size")
"""What torch says on CPUs and on Apple silicon, where there is no error of its own for it."""

Each = Callable[[Step], None]
Around = Callable[[Any], AbstractContextManager]


@dataclass(eq=False)
class _Loaded:
    """The base model in memory."""

    base: Base
    place: Path
    family: Family
    plan: Plan
    pipe: Any
    """for drawing from nothing; the others share its parts"""
    nets: dict[Path, Any] = field(default_factory=dict)
    loras: dict[str, float] = field(default_factory=dict)
    """names of LoRAs in memory, and their weights"""
    others: dict[tuple, Any] = field(default_factory=dict)
    """pipelines by kind of drawing and ControlNets"""

    @property
    def placed(self) -> tuple[str, str, str]:
        """Device, precision and offloading, which cannot be changed in memory."""
        return self.plan.device, self.plan.dtype, self.plan.offload


_lock = threading.RLock()
_loaded: _Loaded | None = None


def run(
    base: Base,
    call: Call,
    each: Each | None = None,
    cancel: CancelToken | None = None,
    report: Report = silent,
    around: Around = nullcontext,
) -> list[np.ndarray]:
    """Draw: uint8 (H, W, 3) pictures, one a seed. Loads the base model first where another one, or none, is in memory.

    Batches by the memory that is free; out of memory is halved and tried once more, then a `HeadshotError`. `Cancelled`
    within one step. The same call on the same device gives the same pictures, in batches of any size.

    `around(pipe)`: a context that changes the pipeline for this drawing alone and leaves it as it was.
    """
    each, cancel = each or (lambda step: None), cancel or CancelToken()
    library.diffusers()
    with _turn(cancel):
        plan = device.plan(base, call.size, len(call.seeds), guided=call.guidance > 1)
        try:
            loaded = _load(base, plan, report)
            cancel.check()
            pipe = _ready(loaded, call, report)
            draw = _draw_lent if plan.lent else _draw_all
            with around(pipe):
                return draw(loaded, pipe, call, plan, each, cancel)
        except Exception as error:
            if is_out_of_memory(error):
                forget()
                raise _too_little(base, call) from None
            raise


def forget() -> None:
    """Free the base model's memory."""
    global _loaded
    with _lock:
        _loaded = None
        _collect()


def held_gb() -> tuple[float, float]:
    """Gigabytes of weights held here, on the graphics card and in main memory: free again for whatever comes next."""
    loaded = _loaded
    if loaded is None:
        return 0.0, 0.0
    parts = [part for part in (*loaded.pipe.components.values(), *loaded.nets.values()) if hasattr(part, "parameters")]
    held = sum(weights.numel() * weights.element_size() for part in parts for weights in part.parameters()) / 1e9
    on_card = loaded.plan.device == "cuda" and loaded.plan.offload == "none"
    return (held, 0.0) if on_card else (0.0, held)


@contextmanager
def _turn(cancel: CancelToken) -> Iterator[None]:
    """One drawing at a time; whoever waits can be stopped."""
    while not _lock.acquire(timeout=0.2):
        cancel.check()
    try:
        yield
    finally:
        _lock.release()


# Loading.


def _load(base: Base, plan: Plan, report: Report) -> _Loaded:
    """The base model in memory; what was there before it is let go of first."""
    global _loaded
    place, placed = models.location(base), (plan.device, plan.dtype, plan.offload)
    if _loaded is not None and (_loaded.base, _loaded.place, _loaded.placed) == (base, place, placed):
        return _loaded
    forget()
    report(0, 0, f"Loading {base.title}")
    kind = family(base.family)
    pipe = _read(base, kind, plan)
    kind.settle(pipe, base)
    ready_vae(pipe.vae)
    for part in _faster_with_channels_last(pipe, plan):
        part.to(memory_format=library.torch().channels_last)
    _place(pipe, plan)
    _loaded = _Loaded(base, place, kind, plan, pipe)
    return _loaded


def _read(base: Base, kind: Family, plan: Plan) -> Any:
    """The pipeline from its folder or file. Raises `HeadshotError`."""
    if not models.installed(base):
        raise HeadshotError(f"{base.title} is not on this machine, or not all of it.", models.how_to_get(base))
    place, dtype = models.location(base), getattr(library.torch(), plan.dtype)
    source = kind.pipeline("text", False)
    options = {"dtype": dtype, "local_files_only": True, **kind.without()}
    with _explained(f"{base.title} cannot be loaded from {place}", models.how_to_get(base)):
        if place.is_file():
            return source.from_single_file(str(place), config=str(_settings(base)), **options)
        return source.from_pretrained(place, variant=models.variant_here(base), use_safetensors=True, **options)


def _settings(base: Base) -> Path:
    """Where the settings and the tokenizer lie that a single file does not hold: a base model of the same family."""
    for other in models.BASES.values():
        if other.family == base.family and models.installed(other):
            return models.location(other)
    name = next(other.name for other in models.BASES.values() if other.family == base.family)
    raise HeadshotError(
        f"{base.title} is a single file: settings and tokenizer of its family are needed beside it.",
        f"Fetch them with: python -m headshot_core models get {name}",
    )


def _faster_with_channels_last(pipe: Any, plan: Plan) -> list[Any]:
    """The VAE decodes a tenth faster on a CPU; a U-Net gains nothing there, but does on tensor cores."""
    unet = getattr(pipe, "unet", None)
    return {"cpu": [pipe.vae], "cuda": [pipe.vae, *([unet] if unet else [])]}.get(plan.device, [])


def _place(pipe: Any, plan: Plan) -> None:
    """On the device, or in main memory until each part's turn."""
    pipe.set_progress_bar_config(disable=True)
    if plan.offload == "model":
        pipe.enable_model_cpu_offload(device=plan.device)
    elif plan.offload == "sequential":
        pipe.enable_sequential_cpu_offload(device=plan.device)
    else:
        pipe.to(plan.device)


# Making ready for one call.


def _ready(loaded: _Loaded, call: Call, report: Report) -> Any:
    """The pipeline that draws this call, with its LoRAs, ControlNets and whatever else the family needs."""
    _adapt(loaded, call)
    with _explained("What steers this drawing cannot be loaded", "Fetch it again, or draw without it."):
        nets = _nets(loaded, call, report)
        loaded.family.prepare(loaded.pipe, loaded.base, call)
        pipe = _pipe(loaded, loaded.family.pipeline(call.kind, bool(nets)), nets)
    late = [name for name in ("image_encoder", "feature_extractor") if name in pipe.components]
    pipe.register_modules(**{name: loaded.pipe.components[name] for name in late})
    return pipe


def _pipe(loaded: _Loaded, kind: type, nets: list[Any]) -> Any:
    """A pipeline of that kind from the parts in memory."""
    if kind is type(loaded.pipe):
        return loaded.pipe
    key = (kind, *(id(net) for net in nets))
    if key not in loaded.others:
        dtype = getattr(library.torch(), loaded.plan.dtype)
        more = {"controlnet": nets if len(nets) > 1 else nets[0]} if nets else {}
        loaded.others[key] = kind.from_pipe(loaded.pipe, dtype=dtype, **more)
        _place(loaded.others[key], loaded.plan)
    return loaded.others[key]


def _nets(loaded: _Loaded, call: Call, report: Report) -> list[Any]:
    """The ControlNets of a call; those that it does not ask for are let go of."""
    controls = call.controls if "control" in loaded.base.can else ()
    folders = dict.fromkeys(_folder_of_net(loaded.base, control.kind) for control in controls)
    if gone := set(loaded.nets) - set(folders):
        loaded.others.clear()
        for folder in gone:
            del loaded.nets[folder]
        _collect()
    for folder in folders:
        if folder not in loaded.nets:
            report(0, 0, "Loading what holds pose and light")
            net = loaded.family.load_controlnet(folder, getattr(library.torch(), loaded.plan.dtype))
            loaded.nets[folder] = net if loaded.plan.offload != "none" else net.to(loaded.plan.device)
    return [loaded.nets[folder] for folder in folders]


def _folder_of_net(base: Base, kind: ControlKind) -> Path:
    todo = "Leave it out, or choose another base model."
    return models.location(models.extra_of(base, kind, f"ControlNet for {kind}", todo))


def _adapt(loaded: _Loaded, call: Call) -> None:
    """The LoRAs of a call and the base's own, with their weights; others are removed."""
    wanted: dict[str, tuple[Path, float]] = {}
    for adapter in (*_few_steps(loaded.base), *call.loras):
        path = Path(adapter.path)
        name = _name_of(path)
        wanted[name] = (path, adapter.weight + wanted.get(name, (path, 0.0))[1])
    wanted = {name: entry for name, entry in wanted.items() if entry[1]}
    weights = {name: weight for name, (_, weight) in wanted.items()}
    if weights == loaded.loras:
        return
    forget_read()
    gone = set(loaded.loras) - set(wanted)
    if gone and gone == set(loaded.loras):
        loaded.pipe.unload_lora_weights()
    elif gone:
        loaded.pipe.delete_adapters(list(gone))
    loaded.loras = {name: 0.0 for name in loaded.loras if name not in gone}
    for name in wanted:
        if name not in loaded.loras:
            _add(loaded, name, wanted[name][0])
    if weights:
        loaded.pipe.set_adapters(list(weights), list(weights.values()))
    loaded.loras = weights


def _add(loaded: _Loaded, name: str, path: Path) -> None:
    """Load one LoRA. Raises `HeadshotError` where it was trained for another model."""
    pipe = loaded.pipe
    todo = "Choose the base model that it was trained for."
    with _explained(f"{path.name} does not fit {loaded.base.title}", todo), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # peft warns of a second adapter
        try:
            pipe.load_lora_weights(str(path.parent), weight_name=path.name, adapter_name=name, local_files_only=True)
            if not any(name in names for names in pipe.get_list_adapters().values()):
                raise ValueError("none of its layers are in the model")
        except BaseException:
            pipe.unload_lora_weights()
            loaded.loras = {}
            raise
    loaded.loras[name] = 0.0


def _few_steps(base: Base) -> list[Adapter]:
    """The adapters that make a base draw in few steps."""
    extras = [extra for extra in base.extras if extra.kind == "few_steps"]
    return [Adapter(str(models.location(extra) / extra.files[0])) for extra in extras]


def _name_of(path: Path) -> str:
    """A LoRA's name in memory: another one once the file changes."""
    try:
        changed = path.stat().st_mtime_ns
    except OSError as error:
        raise HeadshotError(f"There is no trained model '{path.stem}' any more.", "Choose another one.") from error
    return hashlib.sha256(f"{path.absolute()} {changed}".encode()).hexdigest()[:16]


# Drawing.


def _draw_all(loaded: _Loaded, pipe: Any, call: Call, plan: Plan, each: Each, cancel: CancelToken) -> list[np.ndarray]:
    """All pictures, in batches; out of memory, the batch is halved and the VAE works in tiles, once."""
    done: list[np.ndarray] = []
    batch, halved = plan.batch, False
    pipe.vae.enable_tiling() if plan.tiling else pipe.vae.disable_tiling()
    while left := call.seeds[len(done) :]:
        rounds = (-(-len(done) // batch), -(-len(left) // batch))
        try:
            done += _draw(loaded, pipe, replace(call, seeds=left[:batch]), rounds, each, cancel)
            continue
        except Exception as error:
            if halved or not is_out_of_memory(error):
                raise
        halved, batch = True, max(1, min(batch, len(left)) // 2)
        pipe.vae.enable_tiling()
        _collect()
    return done


def _draw(
    loaded: _Loaded, pipe: Any, call: Call, rounds: tuple[int, int], each: Each, cancel: CancelToken
) -> list[np.ndarray]:
    """One batch. `rounds` are those done and those left, this one included."""

    def told(pipe: Any, i: int, _: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        if cancel.cancelled:
            pipe._interrupt = True
            raise Cancelled
        steps = pipe.num_timesteps
        seen = i % PREVIEWS == PREVIEWS - 1 and i + 1 < steps
        preview = loaded.family.preview(pipe, tensors["latents"], call.size) if seen else None
        each(Step(rounds[0] * steps + i + 1, sum(rounds) * steps, preview))
        return {}

    cancel.check()
    try:
        given = loaded.family.arguments(pipe, call, loaded.plan.device)
        drawn = pipe(**given, output_type="np", callback_on_step_end=told).images
    finally:
        pipe.maybe_free_model_hooks()
    cancel.check()
    return [_pixels(picture, loaded) for picture in drawn]


def _pixels(drawn: np.ndarray, loaded: _Loaded) -> np.ndarray:
    """uint8 from 0..1. Raises `HeadshotError` where the model's numbers broke on the way."""
    if not np.isfinite(drawn).all() or np.ptp(drawn) < 1 / 255:
        raise HeadshotError(
            f"{loaded.base.title} gave an empty picture: its numbers overflowed in {loaded.plan.dtype}.",
            "Choose less guidance, weaker LoRAs, or another base model.",
        )
    return (drawn * 255).round().astype(np.uint8)


# On a GPU that is lent for each run (ZeroGPU), in a process that is a copy of this one: only plain data goes across.


def _draw_lent(loaded: _Loaded, pipe: Any, call: Call, plan: Plan, each: Each, cancel: CancelToken) -> list[np.ndarray]:
    """As `_draw_all`, with the steps and the pictures sent back one by one."""
    seconds = device.lent_seconds(loaded.base, call.size, len(call.seeds), call.steps)
    news = device.lend(_tell, seconds)(call, plan)
    done: list[np.ndarray] = []
    for one in news:
        if cancel.cancelled:
            news.close()
            raise Cancelled
        each(one) if isinstance(one, Step) else done.append(one)
    return done


def _tell(call: Call, plan: Plan) -> Iterator[Step | np.ndarray]:
    """Draw with what is in memory, and give every step and picture as it comes."""
    news: queue.SimpleQueue = queue.SimpleQueue()
    cancel = CancelToken()

    def work() -> None:
        try:
            loaded = _loaded
            pipe = _ready(loaded, call, silent)
            for picture in _draw_all(loaded, pipe, call, plan, news.put, cancel):
                news.put(picture)
            news.put(None)
        except BaseException as error:
            news.put(error)

    threading.Thread(target=work, daemon=True).start()
    try:
        while (one := news.get()) is not None:
            if isinstance(one, BaseException):
                raise one
            yield one
    finally:
        cancel.cancel()


# What can go wrong.


@contextmanager
def _explained(what: str, todo: str) -> Iterator[None]:
    """Errors of loading as a `HeadshotError`."""
    try:
        yield
    except HeadshotError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise
        reason = str(error).strip().partition("\n")[0][:200] or type(error).__name__
        raise HeadshotError(f"{what} ({reason}).", todo) from error


def is_out_of_memory(error: BaseException) -> bool:
    """Whether it says that memory, of whatever device, did not do."""
    if isinstance(error, (MemoryError, library.torch().OutOfMemoryError)):
        return True
    said = str(error).lower()
    return isinstance(error, RuntimeError) and any(words in said for words in OUT_OF_MEMORY)


def _too_little(base: Base, call: Call) -> HeadshotError:
    width, height = call.size
    return HeadshotError(
        f"{base.title} ran out of memory at {width} x {height}.",
        "Close other programs, choose a smaller picture, or a smaller base model such as sd15_fast.",
    )


def _collect() -> None:
    """Give memory back to the device."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is None:
        return
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    elif torch.backends.mps.is_available():
        torch.mps.empty_cache()
