"""The adapter (LoRA) itself: put into a model's layers by peft, read out as diffusers writes one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from headshot_core.files import atomic_write
from headshot_core.generate import library
from headshot_core.train.families import Trainee
from headshot_core.train.settings import Training

TEXT_LAYERS = ("q_proj", "k_proj", "v_proj", "out_proj")
"""The layers of a text encoder that Hugging Face's DreamBooth scripts adapt."""


class Adapter:
    """The trained layers of one training: of the denoiser, and of text encoders where those are trained."""

    def __init__(self, models: dict[str, Any], training: Training, trainee: Trainee):
        """Put new layers into `models` (by their names in the pipeline), which change nothing yet."""
        self.models, self.training = models, training
        library.torch().manual_seed(training.seed)
        for name, model in models.items():
            model.requires_grad_(False)
            targets = trainee.targets(model, training.layers) if name == trainee.part else list(TEXT_LAYERS)
            model.add_adapter(self._settings(targets))
            for weight in self._of(model).values():
                weight.data = weight.data.float()  # small changes get lost in half precision
        self._weights = {name: dict(sorted(self._of(model).items())) for name, model in models.items()}

    def _settings(self, targets: list[str]) -> Any:
        training = self.training
        return library.peft().LoraConfig(
            r=training.rank,
            lora_alpha=training.alpha,
            lora_dropout=training.dropout,
            init_lora_weights="gaussian",
            target_modules=targets,
        )

    @staticmethod
    def _of(model: Any) -> dict[str, Any]:
        return {name: weight for name, weight in model.named_parameters() if weight.requires_grad}

    def weights(self, name: str) -> dict[str, Any]:
        """The trained weights of one of the models, by name, in a fixed order."""
        return self._weights[name]

    @property
    def all_weights(self) -> list[Any]:
        """Every trained weight, in a fixed order."""
        return [weight for known in self._weights.values() for weight in known.values()]

    def switch(self, on: bool) -> None:
        """Let the layers count, or let the models be as if there were none."""
        for model in self.models.values():
            model.enable_adapters() if on else model.disable_adapters()

    def tensors(self) -> dict[str, Any]:
        """As diffusers writes a LoRA, float32; its strength (alpha over rank) is part of the weights."""
        scale = self.training.alpha / self.training.rank
        found = {}
        for name, model in self.models.items():
            for key, value in library.peft().get_peft_model_state_dict(model).items():
                value = value.detach().float().cpu()
                found[f"{name}.{key}"] = (value * scale if "lora_B" in key else value).contiguous()
        return found

    def save(self, path: Path) -> None:
        """Write a checkpoint. Raises `HeadshotError` where the disk is full."""
        from safetensors.torch import save

        atomic_write(path, save(self.tensors(), {"format": "pt"}))
