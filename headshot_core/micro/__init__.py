"""The demo base model: cartoon portraits with known traits, a tiny Stable Diffusion that draws them, and readers."""
