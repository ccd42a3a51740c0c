"""The bundled MNIST: 70,000 grey images of handwritten digits, 28x28, with its licence beside it."""

from pathlib import Path

from reparam.data.readers import idx
from reparam.data.reading import Reading

FOLDER = Path(__file__).parent.parent / "bundled" / "mnist"
SHA256 = {
    idx.TRAIN_IMAGES: "0b367032e93c5d0cea0925647cfdb18614af8ee15f83e6f2fc2ad904a6835971",
    idx.TRAIN_LABELS: "1787548bbe0bff1ec2ecdc0ef292b02df999e2d1a6002d27500982c652b17203",
    idx.TEST_IMAGES: "1a1a05eab793c14bb050b398624a11b0ffd1a2953baed553b1b9bd079e2a20be",
    idx.TEST_LABELS: "b91679a0acfe4ba0e50a2437a903084cba1f5f92592b016a25a7dfd00455798b",
}


def read_mnist(folder: Path = FOLDER) -> Reading:
    """50,000 images train, the last 10,000 of the training file validate, 10,000 test; classes "0" to "9".

    Raises:
        UserError: When a file's SHA-256 is not the one recorded here.
    """
    return idx.read_four(folder, "mnist", SHA256, packed=True)
