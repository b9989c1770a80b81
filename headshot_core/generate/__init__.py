"""The diffusion engine: new pictures of a person, where a base model is on this machine."""
