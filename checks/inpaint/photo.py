"""The photo in three dimensions, and what must hold of it for any scene."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from checks.inpaint.scene import NEAR, draw_scenes

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder
    from checks.inpaint import Array, Backend, Model
    from checks.inpaint.scene import Photo

_SCENES, _STEP = 16, 0.5
_HIDDEN = 2.0**20
"""What stands where the square is, instead of it: it would swamp everything if it leaked."""
_BETTER = 0.5
"""Share of the error of the simplest fill, the mean of what is known, that the model may have."""
_ROUNDINGS, _ROUNDED = 64, 8
"""Of a column among 16, times the difference of two neighbours; `grid_sample` counts columns from the middle."""


def check_photo(backend: Backend, model: Model, job: Job, record: Recorder) -> None:
    """Fill walls that the model has not seen, and render them from another place."""
    photo = draw_scenes(job.seed, "unseen", _SCENES)
    _leaks(model, photo, record)
    filled = _kept(photo, model.fill(photo))
    _recovered(photo, filled, record)
    _views(backend, photo, filled, job, record)


def _kept(photo: Photo, filled: Array) -> Array:
    """Return the wall: what is known as it is, and what the square hides as the model fills it."""
    return np.where(photo.known > 0, photo.pictures, filled)


def _leaks(model: Model, photo: Photo, record: Recorder) -> None:
    """Nothing may depend on what is masked: neither by its gradient nor by its value."""
    hidden = photo.known[..., 0] == 0
    slope = float(np.abs(model.reach(photo))[hidden].max())
    record.invariant("no gradient reaches what is masked", slope == 0, f"at most {slope:.2g}")
    swamped = photo._replace(pictures=np.where(photo.known > 0, photo.pictures, _HIDDEN))
    apart = float(np.abs(model.fill(swamped) - model.fill(photo)).max())
    record.invariant("what is masked changes nothing", apart == 0, f"{apart:.2g} apart with 2^20 in its place")


def _recovered(photo: Photo, filled: Array, record: Recorder) -> None:
    """Compare brightness and disparity behind the square with the wall, and with the mean of what is known."""
    hidden = photo.known[..., 0] == 0
    count = photo.known.sum(axis=(1, 2), keepdims=True)
    mean = (photo.pictures * photo.known).sum(axis=(1, 2), keepdims=True) / count
    for channel, name in enumerate(("brightness", "disparity")):
        truth = photo.wall[..., channel][hidden]
        error = float(np.mean((filled[..., channel][hidden] - truth) ** 2))
        simple = float(np.mean((np.broadcast_to(mean, photo.wall.shape)[..., channel][hidden] - truth) ** 2))
        record.measure(f"{name} error", error)
        detail = f"mean squared error {error:.2e}, by the mean of what is known {simple:.2e}"
        record.invariant(f"{name} behind the square is recovered", error <= _BETTER * simple, detail)


def _views(backend: Backend, photo: Photo, filled: Array, job: Job, record: Recorder) -> None:
    """Render from where the picture was taken, which must give it back, and from half a step to the right."""
    back = _view(backend, photo, filled, 0.0, job)
    apart, allowed = float(np.abs(back - photo.pictures[..., :1]).max()), job.rounding(_ROUNDINGS, _ROUNDED)
    record.invariant(
        "the view from the old place is the picture", apart <= allowed, f"{apart:.2g}, allowed {allowed:.2g}"
    )
    view, truth = _view(backend, photo, filled, _STEP, job), _view(backend, photo, photo.wall, _STEP, job)
    empty = _view(backend, photo, np.where(photo.known > 0, photo.pictures, 0), _STEP, job)
    shown = np.abs(truth - empty)[..., 0] > 0
    error, hole = (float(np.mean((one - truth)[shown] ** 2)) for one in (view, empty))
    detail = f"mean squared error {error:.2e} where the wall comes to light, {hole:.2e} with a hole"
    record.invariant("what comes to light is filled", bool(shown.any()) and error <= _BETTER * hole, detail)
    record.tensor("later", "view", view)
    shift = int(NEAR * _STEP)
    whole = backend.moved(photo.known, np.full(photo.known.shape[:3], NEAR), _STEP, job)
    expected = np.concatenate([np.repeat(photo.known[:, :, :1], shift, axis=2), photo.known[:, :, :-shift]], axis=2)
    apart = float(np.abs(whole - expected).max())
    record.invariant("whole disparities move by whole columns", apart <= allowed, f"{apart:.2g}, allowed {allowed:.2g}")
    sides = np.concatenate([photo.pictures[0, :, :, 0], view[0, :, :, 0], truth[0, :, :, 0]], axis=1)
    record.picture(
        "a scene", sides, "row, column: the picture, the view from the right, and that view of the real wall"
    )


def _view(backend: Backend, photo: Photo, wall: Array, step: float, job: Job) -> Array:
    """Return the brightness (n, 16, 16, 1) seen from `step` to the right: the moved square over the moved wall."""
    front = np.concatenate([photo.pictures[..., :1], 1 - photo.known], axis=-1)
    near = backend.moved(front, np.full(photo.known.shape[:3], NEAR), step, job)
    far = backend.moved(wall[..., :1], wall[..., 1] + photo.centre[..., 1], step, job)
    covers = near[..., 1:] > 0.5
    return np.where(covers, near[..., :1], far)
