"""Typical mistakes. A type checker reports each line that has a remark, with the words of the remark, and no other."""

from __future__ import annotations

import numpy as np

import recurra
from recurra import layers
from recurra.models import load_model

x = np.zeros((32, 10, 3), dtype="float32")
y = np.zeros((32, 1), dtype="float32")

layers.LSTM(8, return_sequence=True)  # return_sequences
layers.GRU("8")  # "str"; expected "int"
layers.GRU()  # units
layers.Dense(1, activations="relu")  # activation
layers.Lstm(8)  # Lstm
recurra.Sequentail()  # Sequential
recurra.ops.tahn(x)  # tahn
recurra.optimizers.Adam(learningrate=0.1)  # learning_rate

model = recurra.Sequential([layers.GRU(8), layers.Dense(1)])
model.compile("adam", losses="mae")  # loss
model.fit(x, y, epoch=2)  # epochs
model.fit(x, y, epochs="2")  # "str"; expected "int"
model.fitt(x, y)  # fit
history = model.fit(x, y)
print(history.losses)  # History
model.evaluate(x, y, batchsize=16)  # batch_size
print(model.evaluate(x, y, return_dict=True).loss)  # loss
model.predict(x).to_list()  # to_list
model.predict(x, stps=3)  # steps
load_model("model.safetensors").predictions(x)  # predictions
