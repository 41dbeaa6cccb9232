"""The network and its data as modules of Lightning: training and validation step, optimiser, checkpoint."""

from typing import Any

import lightning
import torch
from lightning.pytorch.utilities.types import LRSchedulerTypeUnion, OptimizerLRSchedulerConfig
from torch.optim.lr_scheduler import OneCycleLR, ReduceLROnPlateau

from thonring.errors import SettingsError
from thonring.learn.training.config import KEY, OneCycle, Plateau, TrainingPlan, stream_seed
from thonring.learn.training.data import Tensors, TrainingData

MONITORED = "validation_loss"
"""The logged quantity that controls the schedule and the best checkpoint."""


class DefocusModule(lightning.LightningModule):
    """The network of a plan, with its training and validation steps."""

    def __init__(self, plan: TrainingPlan) -> None:
        super().__init__()
        self.plan = plan
        self.network = plan.row.build()
        self.example_count = 0

    def on_train_batch_start(self, _batch: Tensors, number: int) -> None:
        """Seed each epoch, so that a resumed training is the same as an uninterrupted one."""
        if number == 0:
            torch.manual_seed(stream_seed(self.plan.seed, self.current_epoch, self.global_rank))

    def training_step(self, batch: Tensors, _number: int) -> torch.Tensor:
        """The network's own loss."""
        *inputs, defocus_A = batch
        loss: torch.Tensor = self.network.loss(*inputs, defocus_A)  # type: ignore[operator]
        logged = {"training_loss": loss, "learning_rate": self.trainer.optimizers[0].param_groups[0]["lr"]}
        self.log_dict(logged, on_step=False, on_epoch=True, batch_size=len(defocus_A), sync_dist=True)
        return loss

    def validation_step(self, batch: Tensors, _number: int) -> None:
        """Loss, and mean absolute error in Å."""
        *inputs, defocus_A = batch
        error_A = torch.abs(network_outputs(self.network, inputs)[0] - defocus_A).mean()
        logged = {MONITORED: self.network.loss(*inputs, defocus_A), "validation_mae_A": error_A}  # type: ignore[operator]
        self.log_dict(logged, batch_size=len(defocus_A), sync_dist=True, prog_bar=True)

    def on_train_epoch_end(self) -> None:
        """Stop if the loss is not finite, and let a plateau lower the learning rate.

        Raises
        ------
        SettingsError
            If the loss is not finite.
        """
        loss = self.trainer.callback_metrics.get("training_loss")
        if loss is not None and not torch.isfinite(loss):
            raise SettingsError(
                f"training diverged in epoch {self.current_epoch + 1}: the loss is no longer a number. "
                "Lower optimiser.learning_rate, or set gradient_clip to 1, with --recipe."
            )
        schedule = self.lr_schedulers()
        if isinstance(schedule, ReduceLROnPlateau):
            schedule.step(self.trainer.callback_metrics[MONITORED])

    def lr_scheduler_step(self, scheduler: LRSchedulerTypeUnion, metric: Any) -> None:  # noqa: ANN401 - Lightning's type
        """Leave plateaus to `on_train_epoch_end`: Lightning steps them after the checkpoint, which would miss it."""
        if not isinstance(scheduler, ReduceLROnPlateau):
            super().lr_scheduler_step(scheduler, metric)

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """Optimiser and schedule of the recipe."""
        recipe = self.plan.recipe
        kinds = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
        optimiser = kinds[recipe.optimiser.name](
            self.network.parameters(),
            lr=recipe.optimiser.learning_rate,
            weight_decay=recipe.optimiser.weight_decay,
            eps=recipe.optimiser.epsilon,
        )
        match recipe.schedule:
            case Plateau() as plateau:
                schedule = _plateau(optimiser, plateau)
                return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "monitor": MONITORED}}
            case OneCycle() as cycle:
                once = OneCycleLR(
                    optimiser,
                    max_lr=recipe.optimiser.learning_rate,
                    total_steps=int(self.trainer.estimated_stepping_batches),
                    pct_start=cycle.rising_share,
                )
                return {"optimizer": optimiser, "lr_scheduler": {"scheduler": once, "interval": "step"}}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Store the plan with the weights."""
        checkpoint[KEY] = {**self.plan.as_table(), "elements": self.example_count}


class DefocusDataModule(lightning.LightningDataModule):
    """Training data in Lightning's interface."""

    def __init__(self, data: TrainingData, first_epoch: int) -> None:
        super().__init__()
        self._data = data
        self._first_epoch = first_epoch

    def train_dataloader(self) -> torch.utils.data.DataLoader[Tensors]:
        """Batches to train on."""
        return self._data.training(self._first_epoch)

    def val_dataloader(self) -> torch.utils.data.DataLoader[Tensors]:
        """Batches to validate on."""
        return self._data.validation()


def network_outputs(network: torch.nn.Module, inputs: list[torch.Tensor]) -> Tensors:
    """The outputs of a network: (defocus_A,) or (defocus_A, sigma_A), each (b,)."""
    outputs = network(*inputs)
    return outputs if isinstance(outputs, tuple) else (outputs,)


def _plateau(optimiser: torch.optim.Optimizer, plateau: Plateau) -> ReduceLROnPlateau:
    """A schedule whose least gain is absolute, as in Keras."""
    return ReduceLROnPlateau(
        optimiser,
        factor=plateau.factor,
        patience=plateau.patience,
        threshold=plateau.least_gain,
        threshold_mode="abs",
    )
