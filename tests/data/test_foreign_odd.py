"""Whatever somebody's own data set does, it is told in a sentence: no traceback of theirs or ours."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch

from reparam.data import as_dataset
from reparam.errors import UserError


class Items:
    """A data set of a function's values."""

    def __init__(self, item, length=30):
        self.item, self.length = item, length

    def __len__(self):
        return self.length

    def __getitem__(self, at):
        return self.item(at)


def fails(at):
    raise RuntimeError("no such row")


ODD = {
    "an item that fails": (Items(fails), "item 0 .*RuntimeError: no such row"),
    "an item that is not there": (Items(lambda at: {}[at]), "item 0 .*KeyError"),
    "a later item that fails": (Items(lambda at: [1.0, 2.0][at]), "item 2 .*IndexError"),
    "a length below 0": (Items(float, -1), "the length of"),
    "a length that is none": (Items(float, 1.5), "the length of"),
    "more items than memory": (Items(lambda at: np.zeros(100), 10**12), "1,000,000,000,000 items, which take"),
    "columns that change": (Items(lambda at: {"x": [1.0]} if at < 5 else {"z": 1}), "item 5 .* has no 'x'"),
    "a tensor without values": (torch.empty(30, 3, device="meta"), "values cannot be had"),
    "tensors in a tensor": (
        torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=torch.jagged),
        "values cannot be had",
    ),
    "masked values": (np.ma.masked_less(np.arange(60.0).reshape(20, 3), 2), "2 masked values"),
}


@pytest.mark.parametrize("case", ODD)
def test_it_is_refused_in_a_sentence(case: str) -> None:
    given, said = ODD[case]
    with pytest.raises(UserError, match=said):
        as_dataset(given)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2])
def test_short_floats_are_read_as_they_are(dtype: torch.dtype) -> None:
    x = torch.arange(-30.0, 30).reshape(20, 3).to(dtype)
    data = as_dataset(x)
    assert torch.equal(torch.cat([split.x for split in data.splits.values()]).sum(), x.float().sum())


def test_views_that_torch_has_not_carried_out_are_read() -> None:
    x = torch._neg_view(torch.arange(60.0).reshape(20, 3))
    assert min(split.x.min().item() for split in as_dataset(x).splits.values()) == -59


@pytest.mark.parametrize("kind", [pa.date32(), pa.date64()])
def test_the_days_of_arrow_in_a_frame_are_dates(kind: pa.DataType) -> None:
    days = pd.date_range("2020-01-31", periods=40, freq="9D")
    frame = pd.DataFrame({"day": pd.array(days.date, dtype=pd.ArrowDtype(kind)), "v": np.linspace(0, 1, 40)})
    data = as_dataset(frame)
    given = data.table.decode(data.train.x.numpy())["day"]
    assert {str(day)[:10] for day in given} <= {str(day)[:10] for day in days}
