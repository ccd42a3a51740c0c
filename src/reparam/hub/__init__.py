"""Sharing a run on a Hugging Face hub: what is pushed, the card that describes it, and pushing."""

from reparam.hub.pushing import Pushed, push

__all__ = ["Pushed", "push"]
