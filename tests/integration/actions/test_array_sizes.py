"""One suite for what is learnt of arrays and its double."""

from halosync.domain.array_size import ArraySize, CeilingReason

from .stages import Stage


async def test_sizes_of_arrays_are_remembered_and_one_writer_tries_a_larger_one(stage: Stage) -> None:
    sizes = stage.array_sizes
    assert await sizes.learnt("acme") is None
    await sizes.learn_first("acme", ArraySize(50))
    assert await sizes.begin_trial("acme", ArraySize(50), trial_s=60.0)
    await sizes.learn_first("acme", ArraySize(10))  # of another first array, which ends no trial
    assert not await sizes.begin_trial("acme", ArraySize(50), trial_s=60.0)
    assert await sizes.learnt("acme") == ArraySize(50)
    refused = ArraySize(50, 100, CeilingReason.REFUSED)
    await sizes.learn("acme", refused)
    assert await sizes.learnt("acme") == refused
    assert await sizes.begin_trial("acme", refused, trial_s=0.0)
    assert await sizes.begin_trial("acme", refused, trial_s=60.0)  # the first has had its time
    await sizes.learn("acme", ArraySize(99))
    assert await sizes.learnt("acme") == ArraySize(99)
