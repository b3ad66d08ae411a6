"""Adam against the one of torch, number for number, and its memory of strokes that come and go."""

import torch
from torch import Tensor

from renderer.optimise.adam import BETAS, EPSILON, Adam


def leaves(seed: int, count: int = 7) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    shapes = ((count, 4, 2), (count, 3))
    pair = [torch.randn(shape, generator=generator).requires_grad_() for shape in shapes]
    return pair[0], pair[1]


def gradients(of: tuple[Tensor, ...], step: int) -> None:
    generator = torch.Generator().manual_seed(step)
    for leaf in of:
        leaf.grad = torch.randn(leaf.shape, generator=generator) * 1e-4


def test_every_step_is_that_of_torch_to_the_bit() -> None:
    ours, theirs = leaves(0), leaves(0)
    rates = (0.2, 0.05)
    adam = Adam(ours, rates)
    groups = [{"params": [leaf], "lr": rate} for leaf, rate in zip(theirs, rates, strict=True)]
    torchs = torch.optim.Adam(groups, betas=BETAS, eps=EPSILON, foreach=False)
    for step in range(20):
        share = 1 - step / 40
        gradients(ours, step)
        gradients(theirs, step)
        for group, rate in zip(torchs.param_groups, rates, strict=True):
            group["lr"] = share * rate
        adam.step(share)
        torchs.step()
    assert all(torch.equal(mine, other) for mine, other in zip(ours, theirs, strict=True))


def test_a_leaf_without_a_gradient_stays() -> None:
    moving, still = leaves(1)
    before = still.detach().clone()
    moving.grad = torch.ones_like(moving)
    Adam((moving, still), (0.1, 0.1)).step(1.0)
    assert torch.equal(still, before)


def test_added_strokes_begin_without_a_memory_and_the_others_keep_theirs() -> None:
    old = leaves(2, count=3)
    adam = Adam(old, (0.1, 0.1))
    gradients(old, 0)
    adam.step(1.0)
    longer = tuple(torch.cat([leaf.detach(), leaf.detach()[:2]]).requires_grad_() for leaf in old)
    heir = adam.over(longer)
    gradients(longer, 1)
    gradients(old, 1)
    for long, short in zip(longer, old, strict=True):
        short.grad = None if long.grad is None else long.grad[:3].clone()
    heir.step(1.0)
    adam.step(1.0)
    assert all(torch.equal(long[:3], short) for long, short in zip(longer, old, strict=True))
    mean = heir.moments[0].mean
    assert mean.shape == longer[0].shape
    assert longer[0].grad is not None
    assert torch.allclose(mean[3:], (1 - BETAS[0]) * longer[0].grad[3:])


def test_strokes_that_were_moved_are_forgotten() -> None:
    pair = leaves(3)
    adam = Adam(pair, (0.1, 0.1))
    gradients(pair, 0)
    adam.step(1.0)
    adam.forget(torch.tensor([1, 4]))
    assert all(not now.mean[[1, 4]].any() and not now.square[[1, 4]].any() for now in adam.moments.values())
    assert all(now.mean[[0, 2, 3, 5, 6]].any() for now in adam.moments.values())


def test_knots_in_another_order_keep_their_memory() -> None:
    pair = leaves(4)
    adam = Adam(pair, (0.1, 0.1))
    gradients(pair, 0)
    adam.step(1.0)
    before = adam.moments[0].mean.clone()
    order = torch.tensor([3, 1, 2, 0])
    adam.rearrange(0, order[None, :, None].expand(7, 4, 2))
    assert torch.equal(adam.moments[0].mean, before[:, order])
