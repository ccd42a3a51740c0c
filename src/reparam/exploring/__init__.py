"""A model as a page to play with: its networks written down for the page's engine, and what stands around them."""

from reparam.exploring.explored import Explored, explore

__all__ = ["Explored", "explore"]
