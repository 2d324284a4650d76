"""Is a review positive? The IMDB experiment: networks, training, results, and classifying new texts."""

from recurra.sentiment.classifier import SentimentClassifier
from recurra.sentiment.experiment import Experiment, Run, Settings
from recurra.sentiment.networks import NETWORKS, Network

__all__ = ["NETWORKS", "Experiment", "Network", "Run", "SentimentClassifier", "Settings"]
