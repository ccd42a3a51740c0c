"""The latent space: codes, its plane, walks in it, its use."""
