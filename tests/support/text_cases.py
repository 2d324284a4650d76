"""Texts and options on which TextVectorization is compared with Keras's."""

TRAIN = [
    "The cat sat, on the mat!",
    "A dog: sat; (on) a LOG.",
    "the  dog isn't  here\t",
    "tree ant bee bee",
    "zz zz zz ant",
]
TEST = ["the cat and the dog", "", "Bee! bee? zz unknown word", "a"]
CASES = {
    "int": {},
    "int, cut": {"output_sequence_length": 3},
    "int, few": {"max_tokens": 6},
    "lower": {"standardize": "lower"},
    "strip": {"standardize": "strip_punctuation"},
    "as it is": {"standardize": None},
    "characters": {"split": "character", "output_sequence_length": 30},
    "pairs": {"ngrams": 2, "output_sequence_length": 12},
    "singles and triples": {"ngrams": (1, 3), "output_mode": "count"},
    "multi_hot": {"output_mode": "multi_hot"},
    "count, few": {"output_mode": "count", "max_tokens": 8},
    "count, padded": {"output_mode": "count", "max_tokens": 40, "pad_to_max_tokens": True},
    "tf_idf": {"output_mode": "tf_idf"},
    "tf_idf, few": {"output_mode": "tf_idf", "max_tokens": 5},
    "tf_idf, padded": {"output_mode": "tf_idf", "max_tokens": 30, "pad_to_max_tokens": True},
    "given": {"vocabulary": ["dog", "cat", "bee"]},
    "given with specials": {"vocabulary": ["", "[UNK]", "dog", "cat"]},
    "given tf_idf": {"vocabulary": ["dog", "cat", "bee"], "output_mode": "tf_idf", "idf_weights": [0.5, 1.0, 2.0]},
}
