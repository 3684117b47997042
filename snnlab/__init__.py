"""snnlab: spiking neural networks that are read, stepped and watched."""
