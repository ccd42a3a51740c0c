"""A small run, and a hub on this machine in the place of the world's."""

import reparam

TINY = {"progress": reparam.training.Silent(), "steps": 4, "batch_size": 500, "latent_dim": 2, "hidden": (8,)}


def asks(server, monkeypatch, tmp_path):
    """The library asks this machine alone, as somebody who has logged in, and our cache is a test's own."""
    for name, value in {"ENDPOINT": server.url, "HF_TOKEN_PATH": str(tmp_path / "none")}.items():
        monkeypatch.setattr(f"huggingface_hub.constants.{name}", value)
    template = server.url + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr("huggingface_hub.file_download.HUGGINGFACE_CO_URL_TEMPLATE", template, raising=False)
    monkeypatch.setattr("huggingface_hub.hf_api.ENDPOINT", server.url, raising=False)
    monkeypatch.setenv("HF_TOKEN", "hf_nobody")
    monkeypatch.setenv("REPARAM_CACHE", str(tmp_path / "cache"))
