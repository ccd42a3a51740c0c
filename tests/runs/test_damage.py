"""A damaged run goes on from what is whole, says what is lost, and gives no other result in silence."""

import json
import shutil

import pytest

import reparam
from helpers import quiet_fit, remarks, same, small_data, small_vae, weights
from reparam.errors import Notice, UserError
from reparam.runs.folder import RunFolder
from reparam.runs.sealed import write_sealed
from reparam.training import Callback
from reparam.training.start import resume

SETTINGS = {"epochs": 3, "keep_every": 1}


def begin():
    model = small_vae()
    model.load_state_dict({name: (value * 0 + 0.01).to(value.dtype) for name, value in model.state_dict().items()})
    return model


def flip(path, at=-9):
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


class Killed(BaseException):
    pass


class Kill(Callback):
    """Ends a training as a kill does: nothing is saved."""

    def __init__(self, step):
        self.at = step

    def step(self, session):
        if session.step == self.at:
            raise Killed


@pytest.fixture(scope="module")
def data():
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        return small_data()


@pytest.fixture(scope="module")
def runs(tmp_path_factory, data):
    """A whole run of 18 steps, one that was killed after 14, and one with another seed."""
    folder = tmp_path_factory.mktemp("runs")
    quiet_fit(begin(), data, folder / "whole", **SETTINGS)
    quiet_fit(begin(), data, folder / "other", seed=1, **SETTINGS)
    with pytest.raises(Killed):
        quiet_fit(begin(), data, folder / "killed", callbacks=[Kill(14)], **SETTINGS)
    return folder


@pytest.fixture
def copy(runs, tmp_path):
    def copied(name, to=None):
        return RunFolder(shutil.copytree(runs / name, tmp_path / (to or name)))

    return copied


def resumed(place, data):
    return quiet_fit(begin(), data, place.path, resume=True, **SETTINGS)


def alike(place, whole):
    """Whether two folders hold the same run, bit for bit."""
    rows = place.metrics.read_bytes() == whole.metrics.read_bytes()
    return rows and all(same(*map(read, (a, b))) for a, b in zip(checkpoints(place), checkpoints(whole), strict=True))


def checkpoints(place):
    return sorted(place.checkpoints.glob("*.safetensors"))


def read(path):
    from safetensors.torch import load_file

    return load_file(path)


def test_two_saves_are_kept_while_it_trains_and_one_beside_the_best_when_it_is_done(runs):
    names = {name: {path.stem for path in checkpoints(RunFolder(runs / name))} for name in ("whole", "killed")}
    kept = {"step-0000006", "step-0000012"}
    assert names == {"whole": {"best", "last", *kept, "step-0000018"}, "killed": {"best", "last", "previous", *kept}}


@pytest.mark.parametrize("damage", [flip, lambda path: path.write_bytes(b""), lambda path: path.unlink()])
def test_a_run_whose_last_save_is_damaged_goes_on_from_the_one_before_bit_for_bit(runs, copy, data, damage):
    place = copy("killed")
    damage(place.last)
    lost = place.last.exists()
    if lost:
        with pytest.warns(Notice, match=r"last\.safetensors is not"):
            resumed(place, data)
        (remark,) = remarks(place)
        assert remark["note"] == "last.safetensors.damaged is damaged: went on from the save before it, step 6"
    else:  # as a kill between the two renamings leaves it
        resumed(place, data)
    assert alike(place, RunFolder(runs / "whole"))


def test_where_no_save_is_whole_it_is_said_what_to_do_and_that_does_it(runs, copy, data):
    place = copy("killed")
    flip(place.last)
    flip(place.previous)
    with pytest.raises(UserError, match=r"nothing is left to go on from; `reparam doctor .*` with mend=True"):
        resumed(place, data)
    assert reparam.doctor(place.path, mend=True).healthy
    resumed(place, data)
    assert alike(place, RunFolder(runs / "whole"))


@pytest.mark.parametrize("there", [True, False])
def test_lost_best_weights_are_told_and_others_become_the_best(copy, data, there):
    place = copy("killed")
    flip(place.best) if there else place.best.unlink()
    with pytest.warns(Notice, match=r"best\.safetensors"):
        run = resumed(place, data)
    (remark,) = remarks(place)
    assert remark == {"step": 12, "note": remark["note"]}
    assert remark["note"].startswith("best.safetensors was lost")
    bounds = {row["step"]: row["elbo"] for row in run.rows if row["split"] == "validation" and row["step"] >= 12}
    assert run.step == max(bounds, key=bounds.get)
    assert reparam.load(place.path, begin()).step == run.step


def test_the_best_since_a_loss_stays_the_best_when_it_is_killed_again(copy, data):
    place = copy("killed")
    place.best.unlink()
    with pytest.warns(Notice), pytest.raises(Killed):
        quiet_fit(begin(), data, place.path, resume=True, callbacks=[Kill(16)], **SETTINGS)
    again = resumed(place, data)
    other = copy("killed", "straight")
    other.best.unlink()
    with pytest.warns(Notice):
        straight = resumed(other, data)
    assert again.step == straight.step
    assert same(weights(again.model), weights(straight.model))


def test_best_weights_that_are_damaged_are_replaced_by_the_last_and_that_is_told(copy):
    place = copy("whole")
    known = reparam.load(place.path, begin(), "last")
    flip(place.best)
    with pytest.warns(Notice, match=r"best\.safetensors is not as it was written.*the last weights are taken instead"):
        run = reparam.load(place.path, begin())
    assert run.step == known.step
    assert same(weights(run.model), weights(known.model))
    place.best.unlink()
    with pytest.warns(Notice, match=r"best\.safetensors is missing: the last weights are taken"):
        reparam.load(place.path, begin())


@pytest.mark.parametrize("name", ["best", "last", "step-0000006"])
def test_a_checkpoint_of_another_run_or_from_another_place_is_never_taken(runs, copy, name):
    place, other = copy("whole"), RunFolder(runs / "other")
    path = place.checkpoints / f"{name}.safetensors"
    which = 6 if name.startswith("step") else name
    strangers = [other.checkpoints / path.name, *(one for one in checkpoints(place) if one != path)]
    for stranger in strangers:
        shutil.copy(stranger, place.path / "stranger")
        shutil.copy(path, place.path / "own")
        shutil.copy(place.path / "stranger", path)
        with pytest.raises(UserError, match="put the right file back"):
            reparam.load(place.path, begin(), which)
        shutil.copy(place.path / "own", path)
    assert reparam.load(place.path, begin(), which).step is not None


@pytest.mark.parametrize("part", ["settings", "training", "data"])
def test_a_changed_configuration_is_refused_saying_what_was_changed(copy, part):
    place = copy("whole")
    plain = json.loads(place.config.read_text())
    name = {"settings": "model", "training": "seed", "data": "scale"}[part]
    plain[part][name] = {"kind": "gan"} if part == "settings" else 7
    place.config.write_text(json.dumps(plain))
    with pytest.raises(UserError, match=rf"not as it was when the run began \({part}\.{name} is .*, was .*mend=True"):
        place.record()
    write_sealed(place.config, plain)  # with a checksum that is right
    with pytest.raises(UserError, match=rf"{part}\.{name} is "):
        place.record()
    place.copy.unlink()
    with pytest.raises(UserError, match=r"does not belong to this run, or config\.json does not"):
        reparam.load(place.path, begin())


def test_a_configuration_that_was_only_laid_out_anew_is_the_same(copy):
    place = copy("whole")
    plain = json.loads(place.config.read_text())
    place.config.write_text(json.dumps(dict(reversed(plain.items()))))
    assert reparam.load(place.path, begin()).step is not None


def test_damaged_rows_are_kept_beside_the_log_when_it_is_rewound(runs, copy, data):
    place = copy("killed")
    lines = place.metrics.read_text().splitlines()
    spoiled = lines[1].replace("train", "trian")
    place.metrics.write_text("\n".join([lines[0], spoiled, *lines[2:], ""]))
    run = resumed(place, data)
    (remark,) = remarks(place)
    assert "line 2 of" in remark["note"]
    assert remark["note"].endswith("they are kept in metrics.jsonl.damaged")
    assert (place.path / "metrics.jsonl.damaged").read_text() == spoiled + "\n"
    whole = RunFolder(runs / "whole").rows()
    assert run.rows == [whole[0], *whole[2:]]
    assert same(read(place.last), read(RunFolder(runs / "whole").last))


def test_rows_that_are_gone_without_a_trace_are_missed(copy):
    place = copy("whole")
    lines = place.metrics.read_text().splitlines(True)
    place.metrics.write_text("".join(lines[:3] + lines[4:]))
    with pytest.warns(Notice, match=f"holds {len(lines) - 2} of the {len(lines) - 1} rows that there were at step 18"):
        place.rows()
    place.metrics.write_text("".join(lines[:-1]))
    with pytest.warns(Notice, match="has lost its test row: resume="):
        place.rows()


def test_rows_that_are_gone_without_a_trace_are_missed_when_a_run_goes_on(copy, data):
    place = copy("killed")
    lines = place.metrics.read_text().splitlines(True)
    place.metrics.write_text("".join(lines[1:]))
    resumed(place, data)
    assert "rows that there were at step 12" in " ".join(remark["note"] for remark in remarks(place))


def test_what_it_cost_is_never_needed(copy, data):
    place = copy("killed")
    place.cost.write_text(place.cost.read_text().replace("seconds", "second"))
    with pytest.warns(Notice, match="what the run has cost is lost, and nothing else"):
        resumed(place, data)


def test_figures_are_never_needed_and_a_strangers_are_not_shown(runs, copy):
    place, other = copy("whole"), RunFolder(runs / "other")
    paths = sorted(place.figures.glob("*.npz"))
    shutil.copy(other.figures / paths[0].name, paths[0])
    shutil.copy(paths[2], paths[1])
    run = reparam.load(place.path, begin())
    with pytest.warns(Notice, match="another run or step") as told:
        assert len(reparam.snapshots(run).steps) == len(paths) - 2
    assert len(told) == 2


def test_what_a_kill_broke_off_is_done_when_the_run_goes_on(runs, copy, data):
    """The copy of the configuration is written after it; pictures are written beside their names."""
    place = copy("killed")
    known = place.copy.read_bytes()
    place.copy.unlink()
    left = place.figures / ".samples-step-0000009.npz.4.part"
    drawn = place.figures / ".sample.png.4.part"  # by another command, maybe at work
    for path in (left, drawn):
        path.write_text("half")
    resumed(place, data)
    assert place.copy.read_bytes() == known
    assert (left.exists(), drawn.exists()) == (False, True)
    assert alike(place, RunFolder(runs / "whole"))


def test_notes_that_are_gone_are_told(copy, data):
    place = copy("killed")
    flip(place.last)
    with pytest.warns(Notice):
        resumed(place, data)
    count = len(RunFolder(place.path).remarks())  # nothing is missing, and nothing said
    assert count
    place.notes.unlink()
    with pytest.warns(Notice, match=rf"notes\.jsonl holds 0 of {count} notes"):
        assert RunFolder(place.path).remarks() == []
    assert [found.file for found in reparam.doctor(place.path).wrong] == ["notes.jsonl"]


def test_what_a_run_has_cost_is_told_where_it_is_gone(copy):
    place = copy("whole")
    assert place.costs().keys() >= {"seconds", "parameters"}
    assert not {"finished", "notes"} & place.costs().keys(), "costs alone"
    place.cost.unlink()
    with pytest.warns(Notice, match=r"cost\.json is missing: what the run has cost is lost"):
        assert place.costs() == {}


@pytest.mark.parametrize("name", ["whole", "killed"])
def test_samples_that_are_gone_are_told_and_the_others_are_shown(copy, name):
    place = copy(name)
    kept = reparam.snapshots(reparam.load(place.path, begin()))
    (place.figures / f"samples-step-{kept.steps[1]:07d}.npz").unlink()
    with pytest.warns(Notice, match=rf"samples-step-{kept.steps[1]:07d}\.npz is missing; it is left out"):
        less = reparam.snapshots(reparam.load(place.path, begin()))
    assert less.steps == (kept.steps[0], *kept.steps[2:])


def test_weights_of_an_earlier_save_are_told(copy):
    place = copy("killed")
    place.last.unlink()
    place.best.unlink()
    with pytest.warns(Notice, match=r"last\.safetensors is missing: the weights of the save before the last are taken"):
        assert reparam.load(place.path, begin()).step == 6


def test_the_last_weights_of_an_earlier_save_are_told_though_they_are_whole(runs, copy):
    """They are of this very run, in the place of its last: no checksum tells them apart, the log does."""
    place = copy("whole")
    place.best.unlink()
    shutil.copy(RunFolder(runs / "killed").last, place.last)
    with pytest.warns(Notice) as told:
        assert reparam.load(place.path, begin()).step == 12
    assert "are of step 12, and it was trained for 18" in " ".join(str(one.message) for one in told)


class Vanish(Callback):
    """Removes the run's folder in the middle of a training, as a disk that is taken away."""

    def step(self, session):
        if session.step == 8:
            shutil.rmtree(session.folder.path)


def test_a_folder_that_vanished_is_not_made_anew_with_holes(tmp_path, data):
    with pytest.raises(UserError, match=r"cannot be written \(No such file"):
        quiet_fit(begin(), data, tmp_path / "run", callbacks=[Vanish()], **SETTINGS)
    assert not (tmp_path / "run").exists()


def test_a_folder_of_an_earlier_run_gets_back_what_somebody_removed_of_it(runs, copy, data):
    place = copy("killed")
    shutil.rmtree(place.figures)
    resumed(place, data)
    assert alike(place, RunFolder(runs / "whole"))


def test_a_kill_between_the_last_row_and_the_last_cleaning_is_made_up_for(copy, data):
    place = copy("whole")
    shutil.copy(place.last, place.previous)
    resume(place.path, data=data, model=begin())
    assert not place.previous.exists()
    reparam.load(place.path, begin())
