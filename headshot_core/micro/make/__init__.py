"""Training the demo base model from nothing: VAE, text encoder, U-Net, ControlNets, readers.

python -m headshot_core.micro.make --help
"""
