"""What training costs: our trainer beside the plain DreamBooth LoRA loop, on models of real size, random weights."""
