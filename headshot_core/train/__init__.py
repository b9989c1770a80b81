"""Training: a personal adapter (LoRA) for a base model, from a person's photos. See docs/train.md."""
