"""MNIST as tutorials read it: one decoded image at a time."""

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

from bench.mnist import train_images


class Digits(Dataset):
    """Each item is made a Pillow image, then a float tensor in [0, 1], as torchvision's MNIST does."""

    def __init__(self) -> None:
        self.images = train_images().reshape(-1, 28, 28)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Tensor:
        image = Image.fromarray(self.images[index])
        return torch.from_numpy(np.array(image)).unsqueeze(0).float().div(255)
