"""What drawing costs: our engine beside a plain call of diffusers, on models of real size with random weights."""
