"""Saving and loading models, and registering your own classes for it."""

from recurra.models.saving import load_metadata, load_model, load_weights, save_model, save_weights
from recurra.serialization import (
    custom_object_scope,
    deserialize,
    register_serializable,
    registered_name,
    serialize,
)

register_keras_serializable = register_serializable
serialize_keras_object = serialize
deserialize_keras_object = deserialize

__all__ = [
    "custom_object_scope",
    "deserialize",
    "deserialize_keras_object",
    "load_metadata",
    "load_model",
    "load_weights",
    "register_keras_serializable",
    "register_serializable",
    "registered_name",
    "save_model",
    "save_weights",
    "serialize",
    "serialize_keras_object",
]
