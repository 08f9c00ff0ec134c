import torch
from torch import nn

from reid_learning.average import Average


def network(weight: float) -> nn.BatchNorm1d:
    made = nn.BatchNorm1d(2)
    nn.init.constant_(made.weight, weight)
    return made


def test_it_begins_where_the_network_is_and_learns_nothing_itself() -> None:
    learner = network(3.0)
    average = Average(learner, decay=0.9)
    nn.init.constant_(learner.weight, 0.0)
    assert average.network.get_parameter("weight").tolist() == [3.0, 3.0]
    assert not average.network.training
    assert not any(parameter.requires_grad for parameter in average.network.parameters())


def test_many_steps_after_the_start_it_keeps_as_much_as_the_decay_says() -> None:
    average = Average(network(0.0), decay=0.75)
    average.update(network(1.0), step=10_000)
    torch.testing.assert_close(average.network.get_parameter("weight"), torch.full((2,), 0.25))


def test_the_first_steps_look_back_on_few() -> None:
    average = Average(network(0.0), decay=0.999)
    average.update(network(1.0), step=0)
    torch.testing.assert_close(average.network.get_parameter("weight"), torch.full((2,), 0.9))


def test_statistics_are_averaged_and_counters_are_copied() -> None:
    learner = network(1.0)
    average = Average(learner, decay=0.5)
    learner.train()(torch.randn(8, 2) + 10)
    before = average.network.get_buffer("running_mean").clone()
    average.update(learner, step=10_000)
    torch.testing.assert_close(
        average.network.get_buffer("running_mean"), (before + learner.get_buffer("running_mean")) / 2
    )
    assert int(average.network.get_buffer("num_batches_tracked")) == 1
