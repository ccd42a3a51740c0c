"""Kinds of models as a user asks for them: settings, and how a model is composed from them."""
