"""Tables that are larger than memory: converted once, and read through a memory map ever after."""
