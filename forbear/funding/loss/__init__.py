"""Expected credit loss (IFRS 9) and provisions by category: parameters as data, formulas plain."""

from forbear.funding.loss.ecl import Losses, Stage, losses
from forbear.funding.loss.parameters import LossParameters, loss_parameters
from forbear.funding.loss.provision import Provision, Quality, provision, quality

__all__ = [
    "LossParameters",
    "Losses",
    "Provision",
    "Quality",
    "Stage",
    "loss_parameters",
    "losses",
    "provision",
    "quality",
]
